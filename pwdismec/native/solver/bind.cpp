#include <nanobind/stl/optional.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <cmath>
#include <limits>
#include <optional>
#include <tuple>
#include <vector>

#include "solver/block_dual_cd.hpp"
#include "solver/objective.hpp"
#include "solver/shared_pass.hpp"
#include "support/arrays.hpp"

namespace pwdismec {
namespace {

using Offsets = ArrayIn<std::int64_t>;
using Ids = ArrayIn<std::int32_t>;
using Values = ArrayIn<float>;
using Costs64 = ArrayIn<double>;

constexpr std::size_t kMostIds = std::numeric_limits<std::int32_t>::max();

void init_copy(SparseCopy* copy, const Offsets& frequency, std::int64_t n_instances, float bias) {
    require(frequency.size() <= kMostIds, "frequency: must be of less than 2^31 features");
    require(0 <= n_instances && n_instances <= static_cast<std::int64_t>(kMostIds),
            "n_instances: must be from 0 to 2^31 - 1");
    for (const std::int64_t instances : frequency.all())
        require(0 <= instances && instances <= n_instances, "frequency: must be from 0 to n_instances");
    nb::gil_scoped_release release;
    new (copy) SparseCopy(frequency.data(), static_cast<std::int32_t>(frequency.size()), n_instances, bias);
}

void append(SparseCopy& copy, const Offsets& indptr, const Ids& indices, const Values& values) {
    require_rows("instances", indptr, indices, copy.n_columns());
    require(values.size() == indices.size(), "indices and values: must have one length");
    nb::gil_scoped_release release;
    copy.append(indptr.data(), indices.data(), values.data(), static_cast<std::int64_t>(indptr.size()) - 1);
}

Instances* py_dense_instances(const MatrixIn<float>& values, float bias) {
    require(values.shape(0) <= kMostIds && values.shape(1) <= kMostIds, "values: must have less than 2^31 a side");
    nb::gil_scoped_release release;
    return new Instances(dense_instances(values.data(), static_cast<std::int64_t>(values.shape(0)),
                                         static_cast<std::int32_t>(values.shape(1)), bias));
}

bool are_costs(std::span<const double> costs) {
    for (const double cost : costs)
        if (!(cost > 0 && std::isfinite(cost))) return false;
    return true;
}

// The labels of a block by their positives.
BlockLabels labels_of(const Instances& instances, const Offsets& indptr, const Ids& positives, int labels_per_pass) {
    require(instances.count > 0, "instances: there are none");
    require_rows("positives", indptr, positives, instances.count);
    require(labels_per_pass == SharedPass::kNarrow || labels_per_pass == SharedPass::kLabelsPerPass,
            "labels_per_pass: must be LABELS_PER_PASS or half of it");
    return {indptr.data(), positives.data(), static_cast<std::int64_t>(indptr.size()) - 1};
}

// The solutions of all labels at one setting as arrays: CSR weights, bias, primal, dual, epochs.
auto arrays_of(std::vector<LabelSolution>& solutions) {
    std::vector<std::int64_t> indptr{0};
    for (const LabelSolution& solution : solutions)
        indptr.push_back(indptr.back() + static_cast<std::int64_t>(solution.features.size()));
    std::vector<std::int32_t> indices, epochs;
    std::vector<float> values, bias;
    std::vector<double> primal, dual;
    indices.reserve(at(indptr.back()));
    values.reserve(indices.capacity());
    for (LabelSolution& solution : solutions) {
        indices.insert(indices.end(), solution.features.begin(), solution.features.end());
        values.insert(values.end(), solution.weights.begin(), solution.weights.end());
        bias.push_back(solution.bias);
        primal.push_back(solution.primal);
        dual.push_back(solution.dual);
        epochs.push_back(solution.epochs);
        solution = {};  // two copies of one label only
    }
    return std::make_tuple(to_numpy(std::move(indptr)), to_numpy(std::move(indices)), to_numpy(std::move(values)),
                           to_numpy(std::move(bias)), to_numpy(std::move(primal)), to_numpy(std::move(dual)),
                           to_numpy(std::move(epochs)));
}

auto py_solve_block(const Instances& instances, const Offsets& indptr, const Ids& positives,
                    const MatrixIn<double>& positive_costs, const Costs64& negative_costs, double tolerance,
                    int max_epochs, std::uint64_t seed, float prune, int labels_per_pass,
                    const std::optional<Offsets>& allowed_indptr, const std::optional<Ids>& allowed, int passes) {
    BlockLabels labels = labels_of(instances, indptr, positives, labels_per_pass);
    require(positive_costs.shape(0) == negative_costs.size() && positive_costs.shape(1) == indptr.size() - 1,
            "positive_costs: must be settings x labels");
    require(are_costs(positive_costs.all()) && are_costs(negative_costs.all()), "costs: must be finite and above 0");
    require(tolerance > 0, "tolerance: must be above 0");
    require(allowed.has_value() == allowed_indptr.has_value(), "allowed, allowed_indptr: must be given both or neither");
    if (allowed) {
        require_rows("allowed", *allowed_indptr, *allowed, instances.n_columns);
        require(allowed_indptr->size() == indptr.size(), "allowed_indptr: must be of every label");
        labels.allowed_indptr = allowed_indptr->data();
        labels.allowed = allowed->data();
    }
    std::vector<std::vector<LabelSolution>> solutions;
    {
        nb::gil_scoped_release release;
        std::vector<Costs> path;
        for (std::size_t setting = 0; setting < negative_costs.size(); ++setting)
            path.push_back({positive_costs.data() + setting * positive_costs.shape(1), negative_costs.data()[setting]});
        solutions = solve_block(instances, labels, path, {tolerance, max_epochs, seed, passes}, prune,
                                labels_per_pass);
    }
    std::vector<decltype(arrays_of(solutions[0]))> arrays;
    for (auto& of_setting : solutions) arrays.push_back(arrays_of(of_setting));
    return arrays;
}

auto py_objectives(const Instances& instances, const Offsets& indptr, const Ids& positives,
                   const Costs64& positive_costs, double negative_cost, const Offsets& weights_indptr,
                   const Ids& features, const Values& values, const Values& bias, int labels_per_pass) {
    const BlockLabels labels = labels_of(instances, indptr, positives, labels_per_pass);
    require_rows("weights", weights_indptr, features, instances.n_columns);
    require(values.size() == features.size(), "features and values: must have one length");
    for (const std::size_t given : {positive_costs.size(), bias.size(), weights_indptr.size() - 1})
        require(given == indptr.size() - 1, "costs, weights and bias: must be as many as labels");
    std::vector<double> found;
    {
        nb::gil_scoped_release release;
        found = objectives(instances, labels, {positive_costs.data(), negative_cost},
                           {weights_indptr.data(), features.data(), values.data(), bias.data()}, labels_per_pass);
    }
    return to_numpy(std::move(found));
}

}  // namespace

void bind_solver(nb::module_& m) {
    using namespace nb::literals;
    m.attr("LABELS_PER_PASS") = SharedPass::kLabelsPerPass;
    m.attr("MOST_COPIED") = WorkingSet::kMostCopied;
    m.attr("MOST_IN_COLUMNS") = SparseCopy::kMostInColumns;
    nb::class_<Instances>(m, "Instances").def("interrupt", [](const Instances& instances) {
        instances.interrupted->store(true, std::memory_order_relaxed);
    });
    nb::class_<SparseCopy>(m, "SparseCopy")
        .def("__init__", &init_copy, "frequency"_a, "n_instances"_a, "bias"_a)
        .def("append", &append, "indptr"_a, "indices"_a, "values"_a)
        .def("finish", [](SparseCopy& copy) { return new Instances(copy.finish()); });
    m.def("dense_instances", &py_dense_instances, nb::keep_alive<0, 1>(), "values"_a, "bias"_a);
    m.def("solve_block", &py_solve_block, "instances"_a, "indptr"_a, "positives"_a, "positive_costs"_a,
          "negative_costs"_a, "tolerance"_a, "max_epochs"_a, "seed"_a, "prune"_a, "labels_per_pass"_a,
          "allowed_indptr"_a.none(), "allowed"_a.none(), "passes"_a);
    m.def("objectives", &py_objectives, "instances"_a, "indptr"_a, "positives"_a, "positive_costs"_a,
          "negative_cost"_a, "weights_indptr"_a, "features"_a, "values"_a, "bias"_a, "labels_per_pass"_a);
}

}  // namespace pwdismec
