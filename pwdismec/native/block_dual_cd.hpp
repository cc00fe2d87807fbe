// Dual coordinate descent for a block of labels at once (docs/solver.md).
//
// For label j, over all instances i, with y_i = +1 for its positives, else -1:
//
//     min_w  P(w) = 1/2 |w|^2 + sum_i c_i max(0, 1 - y_i w.x_i)^2
//     max_a  D(a) = sum_i a_i - 1/2 |w(a)|^2 - sum_i a_i^2 / (4 c_i),   a >= 0,  w(a) = sum_i a_i y_i x_i
//
// (Hsieh et al. 2008, "A dual coordinate descent method for large-scale linear
// SVM"). The labels of a block are SIMD lanes: W is stored D x lanes, alpha
// N x lanes, so that one read of an instance serves every label.
#pragma once

#include <cstdint>
#include <vector>

namespace pwdismec {

// The instances, by rows, with a constant feature of value `bias` understood.
struct Instances {
    const int64_t* indptr;
    const int32_t* indices;   // renumbered by frequency (instance_view.hpp)
    const float* values;
    const float* sq_norms;    // |x_i|^2 + bias^2
    const int32_t* ranks;     // the new number of each feature
    int64_t count;
    int32_t n_features;
    float bias;
};

// A dual solution that all labels start from: that of a label without positives.
struct CommonStart {
    std::vector<float> weights;  // by renumbered feature
    float bias_weight = 0;
    std::vector<int32_t> rows;  // instances with alpha > 0, ascending
    std::vector<float> alpha;   // theirs
    double dual = 0;
};

struct CommonStartView {
    const float* weights;
    float bias_weight;
    const int32_t* rows;
    const float* alpha;
    int64_t n_rows;
    double dual;
};

struct BlockLabels {
    const int64_t* indptr;         // count + 1, offsets into rows
    const int32_t* rows;           // each label's positives
    const double* positive_costs;  // c_i of each label's positives
    int count;                     // at most kLanes
    double negative_cost;          // c_i of everything else
};

struct Stopping {
    double tolerance;  // on the relative gap (P - D) / P of each label
    int max_epochs;    // the most visits to instances, counted in passes over all of them
    uint64_t seed;     // of the order of visits
};

// Pruned weights by label, and what certifies the weights before they were pruned.
struct BlockSolution {
    std::vector<int64_t> indptr;
    std::vector<int32_t> indices;  // features as the data set numbers them, ascending within a label
    std::vector<float> values;
    std::vector<float> bias;  // weight of the constant feature times its value
    std::vector<double> primal, dual;
    int32_t epochs = 0;
};

CommonStart solve_all_negative(const Instances& instances, double cost, const Stopping& stopping);

// Weights below `prune` in absolute value are cut, zeros always; the bias is kept.
BlockSolution solve_block(const Instances& instances, const BlockLabels& labels, const CommonStartView& start,
                          const Stopping& stopping, float prune);

}  // namespace pwdismec
