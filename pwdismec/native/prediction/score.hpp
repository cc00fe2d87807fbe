// Scores of a block of labels for sparse instances, and their best k.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "prediction/dense_features.hpp"
#include "prediction/postings.hpp"

namespace pwdismec {

struct LabelBlock {
    Postings postings;
    std::span<const std::uint32_t> dense_words;
    std::span<const TileBounds> dense_bounds;
    std::span<const float> bias;
    std::span<const std::int32_t> label_ids;
};

// Whether a block's arrays are as long as each other say, and as the dense features say. What is in them may then be
// anything: it leads to wrong scores, or to the error that a list lies outside its block, but never outside the arrays.
bool is_consistent(const LabelBlock& block);
bool is_of(const LabelBlock& block, const DenseFeatures& dense);

// For each instance (a row of indptr, indices, data: features ascending) the scores of the blocks' labels,
//     bias[p] + Σ_f x_f · weight[f, p],   float32, one rounded product and one rounded sum a feature,
//     f ascending, dense ones behind all others,
// then the best k of these and of those already in the instance's row of top_labels and top_scores
// (k places, best first; places left hold −1 and −inf). Ties go to the lower label id.
//
// `dense` are those of all the blocks, and features below their n_features. Blocks are the outer loop, so that a
// block's weights stay in the cache for all the instances. What a call needs besides its arguments is kept by the thread
// for its next call: scores of up to kMostScores values or one instance, and kMostLabels more; 8 to 12 bytes a value of
// the instances.
// Throws std::runtime_error if a list lies outside its block.
void score_top_k(const DenseFeatures& dense, std::span<const LabelBlock> blocks, std::span<const std::int64_t> indptr,
                 const std::int32_t* indices, const float* data, std::size_t k, std::int32_t* top_labels,
                 float* top_scores);

constexpr std::size_t kMostScores = std::size_t{1} << 22;

}  // namespace pwdismec
