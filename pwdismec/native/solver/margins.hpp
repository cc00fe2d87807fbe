// Searching the margins of all instances.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

#include "support/lanes.hpp"

namespace pwdismec {

// Below every margin: marks an instance that is not looked for.
inline constexpr float kNotSought = -std::numeric_limits<float>::infinity();

// Calls visit(i) for each i, ascending, whose margin is above `least`.
template <class Visit>
void for_each_above(const float* margins, int64_t count, float least, Visit&& visit) {
    constexpr int64_t kStretch = 64;  // looked at together, as few have any
    int64_t i = 0;
    for (; i + kStretch <= count; i += kStretch) {
        Masks above = {};
        for (int64_t k = 0; k < kStretch; k += kLanes) above |= load(margins + i + k) > least;
        if (!any(above)) continue;
        for (int64_t k = i; k < i + kStretch; ++k)
            if (margins[k] > least) visit(static_cast<int32_t>(k));
    }
    for (; i < count; ++i)
        if (margins[i] > least) visit(static_cast<int32_t>(i));
}

// The margin that about `most` others are above, from a sample.
inline float margin_of_rank(const float* margins, int64_t count, int64_t most, std::vector<float>& sample) {
    constexpr int64_t kSample = 4096;
    const int64_t stride = std::max<int64_t>(1, count / kSample);
    sample.clear();
    for (int64_t i = 0; i < count; i += stride) sample.push_back(margins[i]);
    const auto rank = sample.begin() + most / stride;
    if (rank >= sample.end()) return kNotSought;
    std::nth_element(sample.begin(), rank, sample.end(), std::greater<float>());
    return *rank;
}

}  // namespace pwdismec
