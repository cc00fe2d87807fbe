// The state of a block of labels in training, and the coordinate steps on it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "block_dual_cd.hpp"
#include "huge_array.hpp"
#include "lanes.hpp"

namespace pwdismec {

// What a run of visits finds: each lane's gap, and the share of it that is worth a step.
struct Sweep {
    Doubles gap = {};
    Floats worth = {};
};

class LabelBlock {
public:
    LabelBlock(const Instances& instances, const BlockLabels& labels)
        : x(instances), n_labels(labels.count), weights(static_cast<std::size_t>(instances.n_features)),
          alpha(static_cast<std::size_t>(instances.count)), positive_(static_cast<std::size_t>(instances.count)) {
        for (int lane = 0; lane < labels.count; ++lane)
            for (int64_t at = labels.indptr[lane]; at < labels.indptr[lane + 1]; ++at)
                positive_[static_cast<std::size_t>(labels.rows[at])] |= static_cast<uint16_t>(1u << lane);
        negative_cost_ += labels.negative_cost;
        positive_cost_ = negative_cost_;
        for (int lane = 0; lane < labels.count; ++lane) positive_cost_[lane] = labels.positive_costs[lane];
        negative_cost_in_float_ = narrow(negative_cost_);
        positive_cost_in_float_ = narrow(positive_cost_);
    }

    bool is_positive_somewhere(int32_t row) const { return positive_[static_cast<std::size_t>(row)] != 0; }
    Masks positive(int32_t row) const { return lanes_of(positive_[static_cast<std::size_t>(row)]); }
    Floats sign(Masks positive) const { return positive ? broadcast(1.0f) : broadcast(-1.0f); }
    Floats cost(Masks positive) const { return positive ? positive_cost_in_float_ : negative_cost_in_float_; }
    Doubles cost_in_double(Masks positive) const {
        return __builtin_convertvector(positive, Longs) != 0 ? positive_cost_ : negative_cost_;
    }

    void prefetch(int32_t row) {
        for (int64_t at = x.indptr[row]; at < x.indptr[row + 1]; ++at)
            __builtin_prefetch(weights.data() + x.indices[at]);
    }

    // Four sums side by side: one alone would wait for each addition to end before the next.
    Floats margin(int32_t row) {
        Floats sums[4] = {bias_weight * x.bias, {}, {}, {}};
        const int64_t end = x.indptr[row + 1];
        int64_t at = x.indptr[row];
        for (; at + 4 <= end; at += 4)
            for (int i = 0; i < 4; ++i) sums[i] += x.values[at + i] * weights[static_cast<std::size_t>(x.indices[at + i])];
        for (; at < end; ++at) sums[0] += x.values[at] * weights[static_cast<std::size_t>(x.indices[at])];
        return (sums[0] + sums[1]) + (sums[2] + sums[3]);
    }

    // Changes a row's alphas, and with them the weights and the dual objective.
    void step(int32_t row, Floats change, Floats sign, Floats gradient, Floats curvature) {
        alpha[static_cast<std::size_t>(row)] += change;
        dual -= widen(change * (gradient + 0.5f * curvature * change));
        const Floats along = change * sign;
        bias_weight += along * x.bias;
        for (int64_t at = x.indptr[row]; at < x.indptr[row + 1]; ++at)
            weights[static_cast<std::size_t>(x.indices[at])] += x.values[at] * along;
    }

    // The clipped Newton step of a row's alphas, where it is worth it in any lane: true if it was taken.
    bool visit(int32_t row, Sweep& sweep) {
        const Masks is_positive = positive(row);
        const Floats y = sign(is_positive), c = cost(is_positive);
        const Floats half_inverse = 0.5f / c, a = alpha[static_cast<std::size_t>(row)];
        const Floats slack = 1.0f - y * margin(row), hinge = max0(slack);
        // The row's term of P - D as a sum of parts >= 0: no cancellation can fake convergence.
        const Floats residual = hinge - a * half_inverse;
        const Floats gap = c * residual * residual + a * (hinge - slack);
        sweep.gap += widen(gap);
        if (!any(gap > sweep.worth)) return false;
        const Floats gradient = a * half_inverse - slack;
        const Floats curvature = x.sq_norms[row] + half_inverse;
        step(row, max0(a - gradient / curvature) - a, y, gradient, curvature);
        return true;
    }

    // A row that was a negative in the common start gives its alpha back in the lanes where it is a positive.
    void release_positives(int32_t row) {
        const Floats a = alpha[static_cast<std::size_t>(row)], half_inverse = 0.5f / negative_cost_in_float_;
        step(row, positive(row) ? -a : Floats{}, broadcast(-1.0f), a * half_inverse - (1.0f + margin(row)),
             x.sq_norms[row] + half_inverse);
    }

    // The worst lane's gap, in units of what `tolerance` allows it.
    double excess(Doubles gap, double tolerance) const {
        double worst = 0;
        for (int lane = 0; lane < n_labels; ++lane)
            worst = std::max(worst, gap[lane] / (tolerance * (dual[lane] + gap[lane])));
        return worst;
    }

    const Instances& x;
    const int n_labels;  // lanes in use
    HugeArray<Floats> weights, alpha;
    Floats bias_weight = {};
    Doubles dual = {};

private:
    std::vector<uint16_t> positive_;  // by row: a bit for each lane in which it is positive
    Doubles positive_cost_ = {}, negative_cost_ = {};
    Floats positive_cost_in_float_, negative_cost_in_float_;
};

}  // namespace pwdismec
