#include "solver/shared_pass.hpp"

#include <algorithm>

#include "solver/products.hpp"
#include "support/memory.hpp"

namespace pwdismec {
namespace {

constexpr int kRows = 16;  // whose margins are summed before they are turned the other way round

constexpr int64_t kFetchedAhead = 6;  // rows

// Sums side by side, as registers allow: the same for every number of labels, as are the bits.
constexpr int kChains = kLanes >= 8 ? 2 : 1;

}  // namespace

SharedPass::SharedPass(const Instances& instances, int labels_per_pass)
    : x_(instances), labels_per_pass_(at(labels_per_pass)), stride_(at((instances.count + kRows - 1) / kRows * kRows)),
      weights_(at(instances.n_frequent) * kLabelsPerPass), far_(at(instances.n_frequent - instances.n_near)),
      margins_(labels_per_pass_ * stride_) {}

float* SharedPass::of_feature(int32_t feature) {
    const std::size_t place =
        feature < x_.n_near ? at(feature) : at(x_.n_near) + far_.number_of(at(feature - x_.n_near));
    return weights_.data() + place * kLabelsPerPass;
}

void SharedPass::place(const std::vector<const SparseWeights*>& labels) {
    for (const SparseWeights* label : labels)
        for (std::size_t k = 0; k < label->n_frequent; ++k)
            if (label->features[k] >= x_.n_near) far_.add(at(label->features[k] - x_.n_near));
    far_.number();
    for (std::size_t label = 0; label < labels.size(); ++label) {
        bias_[label] = labels[label]->bias * x_.bias;
        for (std::size_t k = 0; k < labels[label]->n_frequent; ++k)
            of_feature(labels[label]->features[k])[label] = labels[label]->values[k];
    }
}

// Asks for the frequent features of a row that will be read once: it is not to push weights out of the caches.
template <Use kUse>
void SharedPass::fetch_frequent(int64_t i) const {
    constexpr int64_t kALine = 64 / sizeof(float);
    if (i >= x_.count) return;
    const int64_t begin = x_.indptr[at(i)];
    for (int64_t k = begin; k < begin + x_.frequent_sizes[at(i)]; k += kALine) {
        prefetch<kUse>(x_.indices.data() + k);
        prefetch<kUse>(x_.sparse_values.data() + k);
    }
}

// Where the values of an instance's near features end.
int64_t SharedPass::near_end(int64_t i) const {
    const int32_t* begin = x_.indices.data() + x_.indptr[at(i)];
    const int32_t* end = begin + x_.frequent_sizes[at(i)];
    if (x_.n_near < x_.n_frequent) end = std::lower_bound(begin, end, x_.n_near);
    return end - x_.indices.data();
}

// Of `n` values of far features, those whose feature a label of the pass has.
std::size_t SharedPass::find_used(int64_t first, int64_t n, FarValue* used) const {
    std::size_t n_used = 0;
    for (int64_t k = first; k < first + n; ++k) {  // without a branch: nobody could predict it
        const auto far = static_cast<uint32_t>(x_.indices[at(k)] - x_.n_near);
        used[n_used] = {far, x_.sparse_values[at(k)]};
        n_used += far_.has(far);
    }
    for (std::size_t k = 0; k < n_used; ++k) used[k].feature = static_cast<uint32_t>(far_.number_of(used[k].feature));
    return n_used;
}

// Adds the products with the weights of far features. To look at one means to miss every cache, and most features are
// no label's: they have no weights, and their values are left out beforehand, which changes no bit of the sums.
template <int kWidth>
void SharedPass::add_far(int64_t first, int64_t end, Floats* sums) const {
    constexpr int64_t kTogether = 256;
    constexpr std::size_t kAhead = 12;
    constexpr int kFloatsALine = 64 / sizeof(float);
    const float* w = weights_.data() + at(x_.n_near) * kLabelsPerPass;
    FarValue used[kTogether];
    for (; first < end; first += kTogether) {
        const std::size_t n = find_used(first, std::min(kTogether, end - first), used);
        for (std::size_t k = 0; k < n; ++k) {
            if (k + kAhead < n)
                for (int label = 0; label < kWidth; label += kFloatsALine)
                    prefetch(w + at(used[k + kAhead].feature) * kLabelsPerPass + label);
            const float* of_feature = w + at(used[k].feature) * kLabelsPerPass;
            for (int part = 0; part < kWidth / kLanes; ++part)
                sums[part] += used[k].value * load(of_feature + part * kLanes);
        }
    }
}

template <int kWidth>
void SharedPass::sum_sparse(int64_t first, int n, float* tile) const {
    constexpr int kParts = kWidth / kLanes;
    const float* w = weights_.data();
    for (int i = 0; i < n; ++i) {
        if (once_)
            fetch_frequent<Use::kOnce>(first + i + kFetchedAhead);
        else
            fetch_frequent<Use::kAgain>(first + i + kFetchedAhead);
        Floats sums[at(kChains)][at(kParts)] = {};
        for (int part = 0; part < kParts; ++part) sums[0][part] = load(bias_ + part * kLanes);
        const auto take = [&](int64_t k, Floats* of_chain) {
            const float value = x_.sparse_values[at(k)];
            const float* of_feature = w + at(x_.indices[at(k)]) * kLabelsPerPass;
            for (int part = 0; part < kParts; ++part) of_chain[part] += value * load(of_feature + part * kLanes);
        };
        int64_t k = x_.indptr[at(first + i)];
        const int64_t end = near_end(first + i);
        for (; k + kChains <= end; k += kChains)
            for (int chain = 0; chain < kChains; ++chain) take(k + chain, sums[chain]);
        if (k < end) take(k, sums[0]);
        if constexpr (kChains == 2)
            for (int part = 0; part < kParts; ++part) sums[0][part] += sums[1][part];
        add_far<kWidth>(end, x_.indptr[at(first + i)] + x_.frequent_sizes[at(first + i)], sums[0]);
        for (int part = 0; part < kParts; ++part) store(tile + i * kLabelsPerPass + part * kLanes, sums[0][part]);
    }
}

// Some instances at a time, so that each weight is loaded once for them.
template <int kWidth>
void SharedPass::sum_dense(int64_t first, int n, float* tile) const {
    constexpr int kParts = kWidth / kLanes, kTogether = kParts <= 2 ? 4 : kParts <= 4 ? 2 : 1;
    const float* w = weights_.data();
    for (int i = 0; i < n; i += kTogether) {
        const float* values[at(kTogether)];
        for (int j = 0; j < kTogether; ++j) values[j] = x_.row(first + std::min(i + j, n - 1)).values;
        Floats sums[at(kTogether)][at(kParts)];
        for (int j = 0; j < kTogether; ++j)
            for (int part = 0; part < kParts; ++part) sums[j][part] = load(bias_ + part * kLanes);
        for (int64_t f = 0; f < x_.n_features; ++f)
            for (int part = 0; part < kParts; ++part) {
                const Floats of_feature = load(w + f * kLabelsPerPass + part * kLanes);
                for (int j = 0; j < kTogether; ++j) sums[j][part] += values[j][f] * of_feature;
            }
        for (int j = 0; j < std::min(kTogether, n - i); ++j)
            for (int part = 0; part < kParts; ++part)
                store(tile + (i + j) * kLabelsPerPass + part * kLanes, sums[j][part]);
    }
}

template <int kWidth>
void SharedPass::run_width() {
    alignas(64) float tile[kRows * kLabelsPerPass] = {};
    for (int64_t first = 0; first < x_.count; first += kRows) {
        const int n = static_cast<int>(std::min<int64_t>(kRows, x_.count - first));
        if (x_.dense())
            sum_dense<kWidth>(first, n, tile);
        else
            sum_sparse<kWidth>(first, n, tile);
        store_turned<kWidth>(tile, first);
    }
}

// Of the last instances' tile too, whose other rows go where nothing is looked for.
template <int kWidth>
void SharedPass::store_turned(const float* tile, int64_t first) {
    float* margins = margins_.data() + first;
    for (int i = 0; i < kRows; i += kLanes)
        for (int label = 0; label < kWidth; label += kLanes) {
            Floats square[kLanes];
            for (int k = 0; k < kLanes; ++k) square[k] = load(tile + (i + k) * kLabelsPerPass + label);
            transpose(square);
            for (int k = 0; k < kLanes; ++k) store(margins + at(label + k) * stride_ + i, square[k]);
        }
}

void SharedPass::run(const std::vector<const SparseWeights*>& labels) {
    place(labels);
    if (labels.size() > kNarrow)
        run_width<kLabelsPerPass>();
    else
        run_width<kNarrow>();
    std::fill_n(weights_.data(), (at(x_.n_near) + far_.size()) * kLabelsPerPass, 0.0f);
    far_.clear();
}

float* SharedPass::margins(int label, const SparseWeights& weights) {
    float* margins = room(label);
    add_columns(x_, weights, weights.n_frequent, margins);
    return margins;
}

}  // namespace pwdismec
