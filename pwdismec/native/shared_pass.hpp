// The margins of every instance for many labels in one pass over the data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "huge_array.hpp"
#include "instances.hpp"
#include "lanes.hpp"
#include "working_set.hpp"

namespace pwdismec {

// Labels lie side by side: the weights of the head are stored features x labels, so that an instance is read
// once for all of them, and each of its values costs two cache lines. A label's margins do not depend on which
// labels share the pass.
class SharedPass {
public:
    static constexpr int kLabels = 32, kNarrow = 16;

    // For `width` labels at the most, kNarrow or kLabels.
    SharedPass(const Instances& instances, int width);

    std::size_t width() const { return width_; }

    // Gives a label of the next pass its weights; `release` takes them back. All are released before any is set.
    void set(int label, const SparseWeights& weights);
    void release(int label, const SparseWeights& weights);

    // Sums the margins of the first `n_labels` labels, but for their weights in the tail.
    void run(std::size_t n_labels);

    // Where a label's margins will be, for other use before the pass: a place for each instance.
    float* room(int label) { return margins_.data() + static_cast<std::size_t>(label) * stride_; }

    // Adds those, and gives the label's margins, by instance.
    float* margins(int label, const SparseWeights& weights);

private:
    void fetch_head(int64_t i) const;
    int64_t near_end(int64_t i) const;
    std::size_t find_used(int64_t first, int64_t n, int32_t* used) const;
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
    HugeArray<float> weights_;  // head x kLabels
    HugeArray<float> margins_;  // width x instances
    std::vector<uint64_t> used_;  // a bit for each feature of the head that is not near: whether a label has it
    alignas(64) float bias_[kLabels] = {};
};

}  // namespace pwdismec
