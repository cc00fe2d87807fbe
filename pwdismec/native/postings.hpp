// Inverted lists: the weights of a block of labels, turned from label-major to feature-major.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace pwdismec {

// A block's weights by feature. List f is the words (4 bytes) starts[f] … starts[f + 1] of `lists`: its weights,
// float32, and behind them a position in the block for each, uint16, filled up to a whole word. So what a
// list is made of lies together. A list of as many words as the block has labels is full: it has a weight for
// each, zeros and all, and no positions; other lists are so short that they never have as many.
struct Postings {
    std::span<const std::uint32_t> starts;
    std::span<const std::uint32_t> lists;
    std::size_t n_labels;
};

// How many weights are in the words of a list that is not full.
constexpr std::size_t weights_in(std::size_t words) { return 2 * words / 3; }

// Adds label-major rows to inverted lists whose lengths are settled; called once for each part of a block.
//
// indptr, indices, data: the part's weights; row r belongs to the block's label positions[r].
// filled: for each feature how many postings its list has got, 0 before the first call; counted on here for
//     lists that are not full.
// lists: as in Postings; zero beforehand.
void fill_postings(std::span<const std::int64_t> indptr, const std::int32_t* indices, const float* data,
                   std::span<const std::uint16_t> positions, std::span<const std::uint32_t> starts,
                   std::size_t n_labels, std::uint32_t* filled, std::uint32_t* lists);

}  // namespace pwdismec
