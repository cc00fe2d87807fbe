// Scores of a block of labels for sparse instances, and their best k.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "postings.hpp"

namespace pwdismec {

// For each instance (a row of indptr, indices, data: features ascending) the scores of the block's labels,
//     bias[p] + Σ_f x_f · weight[f, p],   float32, one rounded product and one rounded sum a feature, f ascending,
// then the best k of these and of those already in the instance's row of top_labels and top_scores
// (k places, best first; places left hold −1 and −inf).
//
// label_ids: the id of each label of the block; ties go to the lower id.
void score_top_k(const Postings& postings, const float* bias, const std::int32_t* label_ids,
                 std::span<const std::int64_t> indptr, const std::int32_t* indices, const float* data,
                 std::size_t k, std::int32_t* top_labels, float* top_scores);

}  // namespace pwdismec
