// The margins of every instance for many labels in one pass over the data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "solver/instances.hpp"
#include "solver/used_features.hpp"
#include "solver/working_set.hpp"
#include "support/lanes.hpp"
#include "support/memory.hpp"

namespace pwdismec {

// Labels lie side by side: the weights of frequent features are stored features x labels, so that an instance is read
// once for all of them, and each of its values costs two cache lines. Of the frequent features that are not near, only
// those that a label of the pass has are stored. A label's margins do not depend on which labels share the pass.
class SharedPass {
public:
    static constexpr int kLabelsPerPass = 32, kNarrow = 16;

    // For `labels_per_pass` labels at the most, kNarrow or kLabelsPerPass.
    SharedPass(const Instances& instances, int labels_per_pass);

    std::size_t labels_per_pass() const { return labels_per_pass_; }

    // Sums the margins of these labels, but for their weights of rare features.
    void run(const std::vector<const SparseWeights*>& labels);

    // Where a label's margins will be, for other use before the pass: a place for each instance.
    float* room(int label) { return margins_.data() + at(label) * stride_; }

    // Adds the products with these, and gives the label's margins, by instance.
    float* margins(int label, const SparseWeights& weights);

private:
    // A value, and the number of its feature among those in use.
    struct FarValue {
        uint32_t feature;
        float value;
    };

    float* of_feature(int32_t feature);
    void place(const std::vector<const SparseWeights*>& labels);
    template <Use kUse>
    void fetch_frequent(int64_t i) const;
    int64_t near_end(int64_t i) const;
    std::size_t find_used(int64_t first, int64_t n, FarValue* used) const;
    template <int kWidth>
    void run_width();
    template <int kWidth>
    void sum_sparse(int64_t first, int n, float* tile) const;
    template <int kWidth>
    void add_far(int64_t first, int64_t end, Floats* sums) const;
    template <int kWidth>
    void sum_dense(int64_t first, int n, float* tile) const;
    template <int kWidth>
    void store_turned(const float* tile, int64_t first);

    const Instances& x_;
    const std::size_t labels_per_pass_;
    const std::size_t stride_;  // between two labels' margins
    const bool once_ = is_cheap_once();
    HugeArray<float> weights_;  // features x kLabelsPerPass: the near ones, behind them the far ones that a label has
    UsedFeatures far_;          // of the frequent features that are not near, counted from there
    HugeArray<float> margins_;  // labels_per_pass x instances
    alignas(64) float bias_[kLabelsPerPass] = {};
};

}  // namespace pwdismec
