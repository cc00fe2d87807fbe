#include "shared_pass.hpp"

#include <algorithm>

namespace pwdismec {
namespace {

constexpr int kRows = 16;  // whose margins are summed before they are turned the other way round

constexpr std::ptrdiff_t kEntriesALine = 64 / sizeof(Entry);

std::size_t at(int64_t n) { return static_cast<std::size_t>(n); }

}  // namespace

SharedPass::SharedPass(const Instances& instances, int width)
    : x_(instances), width_(at(width)), stride_(at((instances.count + kRows - 1) / kRows * kRows)),
      weights_(at(instances.n_head) * kLabels), margins_(width_ * stride_) {}

void SharedPass::set(int label, const SparseWeights& weights) {
    bias_[label] = weights.bias * x_.bias;
    for (std::size_t k = 0; k < weights.n_head; ++k)
        weights_[at(weights.features[k]) * kLabels + at(label)] = weights.values[k];
}

void SharedPass::release(int label, const SparseWeights& weights) {
    for (std::size_t k = 0; k < weights.n_head; ++k) weights_[at(weights.features[k]) * kLabels + at(label)] = 0;
}

// In a pass that is not wide, the right half has no labels.
template <bool kWide>
void SharedPass::sum_sparse(int64_t first, int n, float* tile) const {
    const float* w = weights_.data();
    for (int i = 0; i < n; ++i) {
        Floats left[2] = {load(bias_), {}}, right[2] = {load(bias_ + kLanes), {}};
        const auto take = [&](int64_t k, int which) {
            const float value = x_.sparse_values[at(k)];
            const float* of_feature = w + at(x_.indices[at(k)]) * kLabels;
            left[which] += value * load(of_feature);
            if constexpr (kWide) right[which] += value * load(of_feature + kLanes);
        };
        int64_t k = x_.indptr[at(first + i)];
        const int64_t end = x_.head_ends[at(first + i)];
        for (; k + 2 <= end; k += 2) {
            take(k, 0);
            take(k + 1, 1);
        }
        if (k < end) take(k, 0);
        store(tile + i * kLabels, left[0] + left[1]);
        store(tile + i * kLabels + kLanes, right[0] + right[1]);
    }
}

// Four instances at a time, so that each weight is loaded once for them.
template <bool kWide>
void SharedPass::sum_dense(int64_t first, int n, float* tile) const {
    const float* w = weights_.data();
    for (int i = 0; i < n; i += 4) {
        const float* values[4];
        for (int j = 0; j < 4; ++j) values[j] = x_.row(first + std::min(i + j, n - 1)).values;
        Floats left[4], right[4];
        for (int j = 0; j < 4; ++j) {
            left[j] = load(bias_);
            right[j] = load(bias_ + kLanes);
        }
        for (int64_t f = 0; f < x_.n_features; ++f) {
            const Floats a = load(w + f * kLabels), b = kWide ? load(w + f * kLabels + kLanes) : Floats{};
            for (int j = 0; j < 4; ++j) {
                left[j] += values[j][f] * a;
                if constexpr (kWide) right[j] += values[j][f] * b;
            }
        }
        for (int j = 0; j < std::min(4, n - i); ++j) {
            store(tile + (i + j) * kLabels, left[j]);
            store(tile + (i + j) * kLabels + kLanes, right[j]);
        }
    }
}

template <bool kWide>
void SharedPass::sum(int64_t first, int n, float* tile) const {
    if (x_.dense())
        sum_dense<kWide>(first, n, tile);
    else
        sum_sparse<kWide>(first, n, tile);
}

void SharedPass::run() {
    alignas(64) float tile[kRows * kLabels];
    for (int64_t first = 0; first < x_.count; first += kRows) {
        const int n = static_cast<int>(std::min<int64_t>(kRows, x_.count - first));
        if (width_ > kLanes)
            sum<true>(first, n, tile);
        else
            sum<false>(first, n, tile);
        for (std::size_t label = 0; label < width_; ++label) {
            float* to = margins_.data() + label * stride_ + first;
            for (int i = 0; i < n; ++i) to[i] = tile[at(i * kLabels) + label];
        }
    }
}

float* SharedPass::margins(int label, const SparseWeights& weights) {
    constexpr std::size_t kAhead = 8;  // columns: where they end and what is in them are both far away
    float* margins = margins_.data() + at(label) * stride_;
    const auto end_of = [&](std::size_t k) { return x_.columns.data() + x_.column_ends[at(weights.features[k] - x_.n_head)]; };
    const auto begin_of = [&](std::size_t k) {
        const int32_t column = weights.features[k] - x_.n_head;
        return x_.columns.data() + (column > 0 ? x_.column_ends[at(column - 1)] : 0);
    };
    const std::size_t n = weights.features.size();
    for (std::size_t k = weights.n_head; k < n; ++k) {
        if (k + 2 * kAhead < n)
            __builtin_prefetch(x_.column_ends.data() + (weights.features[k + 2 * kAhead] - x_.n_head));
        if (k + kAhead < n)
            for (const Entry* entry = begin_of(k + kAhead); entry < end_of(k + kAhead); entry += kEntriesALine)
                __builtin_prefetch(entry);
        const float weight = weights.values[k];
        const Entry* end = end_of(k);
        for (const Entry* entry = begin_of(k); entry != end; ++entry)
            margins[entry->instance] += weight * entry->value;
    }
    return margins;
}

}  // namespace pwdismec
