// The block solver: the labels of a block are solved one by one, each on the few instances that matter to it,
// and look for those together, in passes over all instances that many labels share (docs/solver.md).
#pragma once

#include <cstdint>
#include <vector>

#include "solver/instances.hpp"

namespace pwdismec {

struct BlockLabels {
    const int64_t* indptr;  // count + 1, offsets into rows
    const int32_t* rows;    // each label's positives
    int64_t count;

    // The features that each label's weights may have, as the caller numbers them; null: all.
    const int64_t* allowed_indptr = nullptr;
    const int32_t* allowed = nullptr;
};

// One setting of a path: what errors cost.
struct Costs {
    const double* positive;  // c_i of each label's positives
    double negative;         // c_i of everything else
};

struct Stopping {
    double tolerance;  // on the relative gap (P - D) / P of each label
    int max_epochs;    // the most visits to instances for a label, counted in passes over all of them
    uint64_t seed;     // of the order of visits

    // Passes after a label's first working set, each of which ends with the set solved again: after so many it is done,
    // without a certificate. Negative: as many as the tolerance takes.
    int passes = -1;
};

// A label's pruned weights, and what certifies those before they were pruned; `primal` is NaN where nothing does.
struct LabelSolution {
    std::vector<int32_t> features;  // as the data set numbers them, ascending
    std::vector<float> weights;
    float bias = 0;  // weight of the constant feature times its value
    double primal = 0, dual = 0;
    int32_t epochs = 0;
};

// Solves every label at every setting, each setting from the solution at the last one. By setting and label.
// Weights below `prune` in absolute value are cut, zeros always; the bias is kept. `labels_per_pass` is
// SharedPass::kLabelsPerPass or kNarrow: fewer take less memory and more passes, and have the same solutions.
std::vector<std::vector<LabelSolution>> solve_block(const Instances& instances, const BlockLabels& labels,
                                                    const std::vector<Costs>& path, const Stopping& stopping,
                                                    float prune, int labels_per_pass);

}  // namespace pwdismec
