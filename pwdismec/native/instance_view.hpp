// The solver's own view of the instances: features renumbered by frequency.
#pragma once

#include <cstdint>
#include <vector>

namespace pwdismec {

// Text has few frequent features and very many rare ones; numbered by
// frequency, the weights of the frequent ones lie together and stay in cache,
// and read in that order an instance goes through memory one way.
struct InstanceView {
    std::vector<int32_t> indices;  // renumbered, ascending within an instance
    std::vector<float> values;     // aligned with the indices
    std::vector<int32_t> ranks;    // of each feature: its new number
    std::vector<float> sq_norms;   // of each instance, with the constant feature
};

InstanceView view_by_frequency(const int64_t* indptr, const int32_t* indices, const float* values, int64_t count,
                               int32_t n_features, float bias);

}  // namespace pwdismec
