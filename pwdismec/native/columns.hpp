// Products of all instances with sparse weights, feature by feature.
#pragma once

#include <cstddef>

#include "instances.hpp"
#include "prefetch.hpp"
#include "working_set.hpp"

namespace pwdismec {

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
