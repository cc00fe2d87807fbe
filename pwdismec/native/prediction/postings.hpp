// Inverted lists: the weights of a block of labels, turned from label-major to feature-major.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "prediction/dense_features.hpp"

namespace pwdismec {

// A block's weights of the features that are not dense, by feature. List f is the words (4 bytes)
// starts[f] … starts[f + 1] of `lists`: its weights, float32, and behind them a place in the block for each,
// uint16, filled up to a whole word. So what a list is made of lies together.
struct Postings {
    std::span<const std::uint32_t> starts;
    std::span<const std::uint32_t> lists;
};

constexpr std::size_t kMostLabels = std::size_t{1} << 16;  // of a block: a place fits uint16

// How many weights are in the words of a list.
constexpr std::size_t weights_in(std::size_t words) { return 2 * words / 3; }

// A value of an instance whose feature is not dense; `row` numbers the instances.
struct ListedValue {
    std::int32_t feature;
    std::uint32_t row;
    float value;
};

// Adds x_f · weight[f, p] to scores[row · n_labels + p] for each value in turn and each place p of its list;
// float32, one rounded product and one rounded sum a value. Values of a feature stand together, so that its list
// is read once for all of them.
//
// Behind the last row, scores has 2¹⁶ places more: whatever place a damaged list names is there.
// Throws std::runtime_error if a list lies outside its block.
void add_lists(const Postings& postings, std::span<const ListedValue> values, std::size_t n_labels,
               float* scores);

// Adds label-major rows to a block whose lists' lengths are settled; called once for each part of a block.
//
// indptr, indices, data: the part's weights; row r belongs to the block's label positions[r].
// starts, lists: as in Postings. filled: how many weights each list has, advanced here.
// dense_words: as dense_features.hpp says, zero before the first part.
// Throws std::out_of_range if a list has no room for a weight, or lies outside the lists.
void fill_postings(std::span<const std::int64_t> indptr, const std::int32_t* indices, const float* data,
                   std::span<const std::uint16_t> positions, const DenseFeatures& dense, std::size_t n_labels,
                   std::span<const std::uint32_t> starts, std::uint32_t* filled, std::span<std::uint32_t> lists,
                   std::uint32_t* dense_words);

}  // namespace pwdismec
