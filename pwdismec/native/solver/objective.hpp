// The objective of weights that are given.
#pragma once

#include <cstdint>
#include <vector>

#include "solver/block_dual_cd.hpp"
#include "solver/instances.hpp"

namespace pwdismec {

// Weights of some labels; features as the caller numbers them.
struct BlockWeights {
    const int64_t* indptr;
    const int32_t* features;
    const float* values;
    const float* bias;  // weight of the constant feature times its value
};

// P of each label, exact but for float64's rounding. `labels_per_pass` as in `solve_block`.
std::vector<double> objectives(const Instances& instances, const BlockLabels& labels, const Costs& costs,
                               const BlockWeights& weights, int labels_per_pass);

}  // namespace pwdismec
