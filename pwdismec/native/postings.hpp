// Inverted lists: the weights of a block of labels, turned from label-major to feature-major.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace pwdismec {

// A block's weights by feature. List f is the range starts[f] … starts[f + 1] of `labels` (positions in
// the block) and `weights`. A list as long as the block is full: its place p is label p, zeros and all,
// and its part of `labels` means nothing.
struct Postings {
    std::span<const std::uint32_t> starts;
    const std::uint16_t* labels;
    std::span<const float> weights;
    std::size_t n_labels;
};

// Adds label-major rows to inverted lists whose lengths are settled; called once for each part of a block.
//
// indptr, indices, data: the part's weights; row r belongs to the block's label positions[r].
// next: for each feature the place its next posting takes, starts[f] before the first call; moved on here
//     for lists that are not full.
// labels, weights: the lists, as in Postings; weights of full lists must be zero beforehand.
void fill_postings(std::span<const std::int64_t> indptr, const std::int32_t* indices, const float* data,
                   std::span<const std::uint16_t> positions, std::span<const std::uint32_t> starts,
                   std::size_t n_labels, std::uint32_t* next, std::uint16_t* labels, float* weights);

}  // namespace pwdismec
