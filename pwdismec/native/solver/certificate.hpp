// A label's primal objective in float64.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "solver/instances.hpp"
#include "solver/working_set.hpp"

namespace pwdismec {

class Certifier {
public:
    // `scratch` has a place for each feature and is all zeros, between calls too.
    Certifier(const Instances& instances, float* scratch) : x_(instances), weights_(scratch) {}

    // P of the float32 `weights`, exact but for float64's rounding. `margins` are float32 and only tell which
    // instances lie outside the margin beyond any doubt, and so have no loss. Those of the positives must be
    // below any other.
    double primal(const SparseWeights& weights, const float* margins, const int32_t* positives, int64_t n_positives,
                  double positive_cost, double negative_cost);

private:
    double losses(const int32_t* instances, std::size_t count, double sign, double bias) const;

    const Instances& x_;
    std::vector<int32_t> doubtful_;
    float* weights_;  // all of a label's
};

}  // namespace pwdismec
