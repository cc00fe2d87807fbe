// Products of instances with weights: of one with all of them, and of all with sparse ones, feature by feature.
#pragma once

#include <cstddef>
#include <cstdint>

#include "solver/instances.hpp"
#include "solver/working_set.hpp"
#include "support/lanes.hpp"
#include "support/memory.hpp"

namespace pwdismec {

// Several sums side by side, here and below: one alone would wait for each addition to end before the next.
inline float dot(const Row& row, const float* weights) {
    float sums[4] = {};
    int64_t k = 0;
    if (row.indices) {
        for (; k + 4 <= row.size; k += 4)
            for (int i = 0; i < 4; ++i) sums[i] += row.values[k + i] * weights[row.indices[k + i]];
        for (; k < row.size; ++k) sums[0] += row.values[k] * weights[row.indices[k]];
    } else {
        Floats wide[4] = {};
        for (; k + 4 * kLanes <= row.size; k += 4 * kLanes)
            for (int i = 0; i < 4; ++i) wide[i] += load(row.values + k + i * kLanes) * load(weights + k + i * kLanes);
        sums[1] = sum((wide[0] + wide[1]) + (wide[2] + wide[3]));
        for (; k < row.size; ++k) sums[0] += row.values[k] * weights[k];
    }
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

inline double dot_in_double(const Row& row, const float* weights) {
    double sums[4] = {};
    const auto product = [&](int64_t k) {
        return static_cast<double>(row.values[k]) * static_cast<double>(weights[row.indices ? row.indices[k] : k]);
    };
    int64_t k = 0;
    for (; k + 4 <= row.size; k += 4)
        for (int i = 0; i < 4; ++i) sums[i] += product(k + i);
    for (; k < row.size; ++k) sums[0] += product(k);
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

// weights += step * row
template <class T>
inline void add(const Row& row, T step, T* weights) {
    int64_t k = 0;
    if (row.indices) {
        for (; k + 4 <= row.size; k += 4) {  // an instance has a feature once: four at a time do not meet
            T sums[4];
            for (int i = 0; i < 4; ++i) sums[i] = weights[row.indices[k + i]] + step * static_cast<T>(row.values[k + i]);
            for (int i = 0; i < 4; ++i) weights[row.indices[k + i]] = sums[i];
        }
        for (; k < row.size; ++k) weights[row.indices[k]] += step * static_cast<T>(row.values[k]);
    } else {
        for (; k < row.size; ++k) weights[k] += step * static_cast<T>(row.values[k]);
    }
}

// Adds the products with the weights from the place `first` on, whose features have columns, to `sums`, by instance.
inline void add_columns(const Instances& x, const SparseWeights& weights, std::size_t first, float* sums) {
    constexpr std::size_t kAhead = 8;  // columns: where they end and what is in them are both far away
    constexpr std::ptrdiff_t kEntriesALine = 64 / sizeof(Entry);
    const std::size_t n = weights.features.size();
    for (std::size_t k = first; k < n; ++k) {
        if (k + 2 * kAhead < n)
            prefetch(x.column_ends.data() + (weights.features[k + 2 * kAhead] - x.first_column));
        if (k + kAhead < n) {
            const int32_t ahead = weights.features[k + kAhead];
            for (const Entry* entry = x.column_begin(ahead); entry < x.column_end(ahead); entry += kEntriesALine)
                prefetch(entry);
        }
        const float weight = weights.values[k];
        const Entry* end = x.column_end(weights.features[k]);
        for (const Entry* entry = x.column_begin(weights.features[k]); entry != end; ++entry)
            sums[entry->instance] += weight * entry->value;
    }
}

}  // namespace pwdismec
