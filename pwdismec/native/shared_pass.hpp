// The margins of every instance for many labels in one pass over the data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "huge_array.hpp"
#include "instances.hpp"
#include "lanes.hpp"
#include "prefetch.hpp"
#include "used_features.hpp"
#include "working_set.hpp"

namespace pwdismec {

// Labels lie side by side: the weights of the head are stored features x labels, so that an instance is read
// once for all of them, and each of its values costs two cache lines. Of the head's features that are not near, only
// those that a label of the pass has are stored. A label's margins do not depend on which labels share the pass.
class SharedPass {
public:
    static constexpr int kLabels = 32, kNarrow = 16;

    // For `width` labels at the most, kNarrow or kLabels.
    SharedPass(const Instances& instances, int width);

    std::size_t width() const { return width_; }

    // Sums the margins of these labels, but for their weights in the tail.
    void run(const std::vector<const SparseWeights*>& labels);

    // Where a label's margins will be, for other use before the pass: a place for each instance.
    float* room(int label) { return margins_.data() + static_cast<std::size_t>(label) * stride_; }

    // Adds those, and gives the label's margins, by instance.
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
    void fetch_head(int64_t i) const;
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
    const std::size_t width_;
    const std::size_t stride_;  // between two labels' margins
    const bool once_ = is_cheap_once();
    HugeArray<float> weights_;  // features x kLabels: the near ones, and behind them the far ones that a label has
    UsedFeatures far_;          // of the head's features that are not near, counted from there
    HugeArray<float> margins_;  // width x instances
    alignas(64) float bias_[kLabels] = {};
};

}  // namespace pwdismec
