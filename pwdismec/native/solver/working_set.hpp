// One label's problem on the few instances that matter to it.
//
// For a label, over instances i with y_i = +1 for its positives, else -1, and with the loss l of loss.hpp:
//
//     min_w  P(w) =  1/2 |w|^2 + sum_i c_i l(y_i w.x_i)
//     max_a  D(a) = -1/2 |w(a)|^2 - sum_i c_i l*(-a_i / c_i),   w(a) = sum_i a_i y_i x_i
//
// (Hsieh et al. 2008, "A dual coordinate descent method for large-scale linear SVM"). Instances that are not
// in the set have a_i = 0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "solver/instances.hpp"
#include "support/memory.hpp"

namespace pwdismec {

// Weights that are not zero, those of frequent features first.
struct SparseWeights {
    std::vector<int32_t> features;
    std::vector<float> values;
    std::size_t n_frequent = 0;
    float bias = 0;  // of the constant feature
    double sq_norm = 0;
    bool by_newton = false;  // and so near the optimum by themselves, but not w(alpha)
};

class WorkingSet {
public:
    static constexpr int64_t kMostCopied = 4 << 20;  // stored values of a set that is copied: 32 MB

    explicit WorkingSet(const Instances& instances);

    // Empties the set for about `count` instances, with the weights at zero.
    void begin(std::size_t count, uint64_t seed);
    void add(int32_t instance, double alpha, bool positive, double cost);
    // From the next `begin` on, instances have these features only, ascending, and the constant one.
    void restrict_to(const std::vector<int32_t>& features);
    // Sets the weights to w(alpha) and the dual objective to D(alpha), where the caller knows them.
    void resume(const SparseWeights& weights, double dual);

    // Solves until what the set's own instances contribute to the gap is at most `goal` times the dual
    // objective, or about `most_visits` instances were visited; returns how many were.
    int64_t solve(double goal, int64_t most_visits);

    void set_cost(std::size_t place, double cost) { points_[place].cost = cost; }

    // Sums w(alpha), unless the weights are Newton's, and D(alpha) anew in float64; rounds the weights to float32.
    void settle();

    SparseWeights weights() const;
    std::size_t size() const { return points_.size(); }
    int32_t instance(std::size_t place) const { return points_[place].instance; }
    double alpha(std::size_t place) const { return points_[place].alpha; }
    double dual() const { return dual_; }

private:
    friend class NewtonMethod;

    struct Point {
        double alpha, cost;
        float sign, diagonal, curvature;
        int32_t instance;
    };

    Row row(std::size_t k) const;
    void copy_restricted(const Row& row);
    std::size_t n_local() const;
    bool is_for_newton() const;
    void make_room(std::size_t values);
    double sweep(std::vector<uint32_t>& order, double goal, bool find_near = false);
    bool descend(double goal, int64_t& visits, int64_t most_visits);
    void shuffle(std::vector<uint32_t>& order);

    const Instances& x_;

    // Where a set is restricted to some features, their places in `own_` are their local numbers.
    bool restricted_ = false;
    std::vector<int32_t> own_;
    std::vector<int32_t> places_;  // of all features; -1: not one of them

    // Weights have local numbers, so that those in use lie together: near features have their own, the others
    // the next one free. Only a set too large to be copied so is worked on where the instances lie.
    bool compact_ = false;
    HugeArray<int32_t> local_numbers_;  // of the features that are not near; -1: none yet
    std::vector<int32_t> far_;          // those that got one
    std::size_t room_ = 0;              // for compact rows:
    HugeArray<int32_t> indices_;
    HugeArray<float> values_;
    std::vector<int64_t> ends_;

    HugeArray<float> weights_;  // by local number
    HugeArray<double> sums_;
    float bias_weight_ = 0;
    double dual_ = 0;
    bool by_newton_ = false;

    std::vector<Point> points_;
    std::vector<uint32_t> all_, near_, hot_, worth_it_;
    uint64_t random_ = 1;
};

}  // namespace pwdismec
