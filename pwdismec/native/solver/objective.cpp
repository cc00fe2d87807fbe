#include "solver/objective.hpp"

#include <algorithm>
#include <stdexcept>

#include "solver/certificate.hpp"
#include "solver/margins.hpp"
#include "solver/shared_pass.hpp"
#include "support/memory.hpp"

namespace pwdismec {
namespace {

// The weights of label `k` as a pass takes them.
SparseWeights renumbered(const Instances& x, const HugeArray<int32_t>& numbers, const BlockWeights& from, int64_t k) {
    SparseWeights to;
    to.bias = x.bias > 0 ? from.bias[k] / x.bias : 0;
    to.sq_norm = static_cast<double>(to.bias) * static_cast<double>(to.bias);
    const auto take = [&](bool of_frequent) {
        for (int64_t i = from.indptr[k]; i < from.indptr[k + 1]; ++i) {
            const int32_t number = x.number_of(from.features[i], numbers);
            if ((number < x.n_frequent) != of_frequent) continue;
            to.sq_norm += static_cast<double>(from.values[i]) * static_cast<double>(from.values[i]);
            if (number < 0) continue;  // it is in no margin
            to.features.push_back(number);
            to.values.push_back(from.values[i]);
        }
    };
    take(true);
    to.n_frequent = to.features.size();
    take(false);
    return to;
}

}  // namespace

std::vector<double> objectives(const Instances& instances, const BlockLabels& labels, const Costs& costs,
                               const BlockWeights& weights, int labels_per_pass) {
    const HugeArray<int32_t> numbers = instances.numbers();
    SharedPass pass(instances, labels_per_pass);
    HugeArray<float> scratch(at(instances.n_features));
    Certifier certifier(instances, scratch.data());
    std::vector<double> found;
    for (int64_t first = 0; first < labels.count; first += labels_per_pass) {
        if (instances.interrupted->load(std::memory_order_relaxed)) throw std::runtime_error("interrupted");
        std::vector<SparseWeights> together;
        for (int64_t k = first; k < std::min(first + labels_per_pass, labels.count); ++k)
            together.push_back(renumbered(instances, numbers, weights, k));
        std::vector<const SparseWeights*> of_labels;
        for (const SparseWeights& label : together) of_labels.push_back(&label);
        pass.run(of_labels);
        for (std::size_t k = 0; k < together.size(); ++k) {
            const int64_t label = first + static_cast<int64_t>(k);
            const int32_t* positives = labels.rows + labels.indptr[label];
            const int64_t n_positives = labels.indptr[label + 1] - labels.indptr[label];
            float* margins = pass.margins(static_cast<int>(k), together[k]);
            for (int64_t i = 0; i < n_positives; ++i) margins[positives[i]] = kNotSought;
            found.push_back(certifier.primal(together[k], margins, positives, n_positives, costs.positive[label],
                                             costs.negative));
        }
    }
    return found;
}

}  // namespace pwdismec
