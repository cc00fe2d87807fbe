// How often ids occur.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace pwdismec {

// Adds to counts[id] for each of the ids. Throws std::out_of_range at one that has no place there.
void count_ids(std::span<const std::int32_t> ids, std::span<std::int64_t> counts);

// The entries indptr[i] … indptr[i + 1] of `items` are row i; `offsets` begin at 0 and ascend to the end of
// `items`.
struct Lists {
    std::span<const std::int64_t> offsets;
    std::span<const std::int32_t> items;
};

struct RowCounts {
    std::vector<std::int64_t> indptr;
    std::vector<std::int32_t> ids;
    std::vector<float> counts;
};

// How often each id occurs in each row, whose items are lists: how often in all of them. A row's ids are in the
// order in which they first occur.
//
// Throws std::out_of_range at a list, or an id outside 0 … n_ids − 1, that there is not.
RowCounts count_in_rows(const Lists& rows, const Lists& lists, std::size_t n_ids);

}  // namespace pwdismec
