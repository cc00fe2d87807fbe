// Whether arrays that come from outside are what the other kernels take on trust.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace pwdismec {

enum class SparseFault : int {
    none,
    offsets,  // one is negative or below the one before, or there is none
    end,      // the last one is past the ids
    range,    // an id is outside 0 … n_columns − 1
    twice,    // an id is that of the place before, in the same row
    order,    // an id is below it
};

// The first fault, and where an id is to blame, its row and its place among the ids.
struct FaultyPlace {
    SparseFault fault = SparseFault::none;
    std::size_t row = 0, place = 0;
};

// The fault of offsets into so many items, if there is one: offsets or end.
SparseFault check_offsets(std::span<const std::int64_t> offsets, std::size_t n_items);

// The first fault of rows: of their offsets, or of the ids in them. What lies outside every row is not looked at,
// and nothing outside the arrays, whatever they hold.
FaultyPlace check_rows(std::span<const std::int64_t> offsets, std::span<const std::int32_t> ids,
                       std::int64_t n_columns);

// The place of the first value that is not finite; the number of values if all are.
std::size_t first_not_finite(std::span<const float> values);

}  // namespace pwdismec
