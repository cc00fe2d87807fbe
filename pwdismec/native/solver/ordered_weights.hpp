// Weights put into the order of their features.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "support/memory.hpp"

namespace pwdismec {

// A sort in time proportional to the weights and, by a bit each, to all features.
class OrderedWeights {
public:
    // `scratch` has a place for each feature and is all zeros, between calls of `move_to` too.
    OrderedWeights(int32_t n_features, float* scratch)
        : present_(at(n_features) / kBits + 1), weights_(scratch) {}

    void add(int32_t feature, float weight) {
        const std::size_t f = at(feature);
        present_[f / kBits] |= uint64_t{1} << (f % kBits);
        weights_[f] = weight;
        ++count_;
    }

    // Moves all that were added to the vectors, by ascending feature.
    void move_to(std::vector<int32_t>& features, std::vector<float>& weights) {
        features.reserve(count_);
        weights.reserve(count_);
        for (std::size_t word = 0; word < present_.size(); ++word)
            for (; present_[word]; present_[word] &= present_[word] - 1) {
                const std::size_t f = word * kBits + at(std::countr_zero(present_[word]));
                features.push_back(static_cast<int32_t>(f));
                weights.push_back(std::exchange(weights_[f], 0.0f));
            }
        count_ = 0;
    }

private:
    static constexpr std::size_t kBits = 64;
    std::vector<uint64_t> present_;
    float* weights_;
    std::size_t count_ = 0;
};

}  // namespace pwdismec
