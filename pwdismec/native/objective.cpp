#include "objective.hpp"

#include <algorithm>
#include <stdexcept>

#include "arrays.hpp"
#include "bindings.hpp"
#include "certificate.hpp"
#include "huge_array.hpp"
#include "margins.hpp"
#include "shared_pass.hpp"

namespace pwdismec {
namespace {

std::size_t at(int64_t n) { return static_cast<std::size_t>(n); }

// The weights of label `k` as a pass takes them.
SparseWeights renumbered(const Instances& x, const HugeArray<int32_t>& numbers, const BlockWeights& from, int64_t k) {
    SparseWeights to;
    to.bias = x.bias > 0 ? from.bias[k] / x.bias : 0;
    to.sq_norm = static_cast<double>(to.bias) * static_cast<double>(to.bias);
    const auto take = [&](bool of_head) {
        for (int64_t i = from.indptr[k]; i < from.indptr[k + 1]; ++i) {
            const int32_t number = numbers[at(from.features[i])];
            if ((number < x.n_head) != of_head) continue;
            to.features.push_back(number);
            to.values.push_back(from.values[i]);
            to.sq_norm += static_cast<double>(from.values[i]) * static_cast<double>(from.values[i]);
        }
    };
    take(true);
    to.n_head = to.features.size();
    take(false);
    return to;
}

}  // namespace

std::vector<double> objectives(const Instances& instances, const BlockLabels& labels, const Costs& costs,
                               const BlockWeights& weights, int width) {
    const HugeArray<int32_t> numbers = instances.numbers();
    SharedPass pass(instances, width);
    HugeArray<float> scratch(at(instances.n_features));
    Certifier certifier(instances, scratch.data());
    std::vector<double> found;
    for (int64_t first = 0; first < labels.count; first += width) {
        if (instances.interrupted->load(std::memory_order_relaxed)) throw std::runtime_error("interrupted");
        std::vector<SparseWeights> together;
        for (int64_t k = first; k < std::min(first + width, labels.count); ++k)
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

namespace {

auto py_objectives(const Instances& instances, const ArrayIn<int64_t>& indptr, const ArrayIn<int32_t>& positives,
                   const ArrayIn<double>& positive_costs, double negative_cost, const ArrayIn<int64_t>& weights_indptr,
                   const ArrayIn<int32_t>& features, const ArrayIn<float>& values, const ArrayIn<float>& bias,
                   int width) {
    const int64_t count = static_cast<int64_t>(indptr.shape(0)) - 1;
    for (const std::size_t given : {positive_costs.shape(0), bias.shape(0), weights_indptr.shape(0) - 1})
        if (static_cast<int64_t>(given) != count) throw nb::value_error("objectives: expected as many of each label");
    std::vector<double> found;
    {
        nb::gil_scoped_release release;
        found = objectives(instances, {indptr.data(), positives.data(), count}, {positive_costs.data(), negative_cost},
                           {weights_indptr.data(), features.data(), values.data(), bias.data()}, width);
    }
    return to_numpy(std::move(found));
}

}  // namespace

void bind_objective(nb::module_& m) { m.def("objectives", &py_objectives); }

}  // namespace pwdismec
