#include <nanobind/stl/optional.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <tuple>

#include "arrays.hpp"
#include "bindings.hpp"
#include "block_dual_cd.hpp"
#include "shared_pass.hpp"

namespace pwdismec {
namespace {

void py_init_copy(SparseCopy* copy, const ArrayIn<int64_t>& frequency, int64_t count, float bias) {
    nb::gil_scoped_release release;
    new (copy) SparseCopy(frequency.data(), static_cast<int32_t>(frequency.shape(0)), count, bias);
}

void py_append(SparseCopy& copy, const ArrayIn<int64_t>& indptr, const ArrayIn<int32_t>& indices,
               const ArrayIn<float>& values) {
    nb::gil_scoped_release release;
    copy.append(indptr.data(), indices.data(), values.data(), static_cast<int64_t>(indptr.shape(0)) - 1);
}

Instances* py_dense_instances(const MatrixIn<float>& values, float bias) {
    nb::gil_scoped_release release;
    return new Instances(dense_instances(values.data(), static_cast<int64_t>(values.shape(0)),
                                         static_cast<int32_t>(values.shape(1)), bias));
}

// The solutions of all labels at one setting as arrays: CSR weights, bias, primal, dual, epochs.
auto arrays_of(std::vector<LabelSolution>& solutions) {
    std::vector<int64_t> indptr{0};
    for (const LabelSolution& solution : solutions)
        indptr.push_back(indptr.back() + static_cast<int64_t>(solution.features.size()));
    std::vector<int32_t> indices, epochs;
    std::vector<float> values, bias;
    std::vector<double> primal, dual;
    indices.reserve(static_cast<std::size_t>(indptr.back()));
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

auto py_solve_block(const Instances& instances, const ArrayIn<int64_t>& indptr, const ArrayIn<int32_t>& positives,
                    const MatrixIn<double>& positive_costs, const ArrayIn<double>& negative_costs, double tolerance,
                    int max_epochs, uint64_t seed, float prune, int width,
                    const std::optional<ArrayIn<int64_t>>& allowed_indptr,
                    const std::optional<ArrayIn<int32_t>>& allowed) {
    BlockLabels labels{indptr.data(), positives.data(), static_cast<int64_t>(indptr.shape(0)) - 1};
    if (positive_costs.shape(0) != negative_costs.shape(0) ||
        positive_costs.shape(1) != static_cast<std::size_t>(labels.count))
        throw nb::value_error("solve_block: positive_costs must be settings x labels");
    if (width != SharedPass::kNarrow && width != SharedPass::kLabels)
        throw nb::value_error("solve_block: width must be LANES or half of them");
    if (allowed && allowed_indptr) {
        if (allowed_indptr->shape(0) != indptr.shape(0))
            throw nb::value_error("solve_block: expected allowed features of every label");
        labels.allowed_indptr = allowed_indptr->data();
        labels.allowed = allowed->data();
    }
    std::vector<std::vector<LabelSolution>> solutions;
    {
        nb::gil_scoped_release release;
        std::vector<Costs> path;
        for (std::size_t setting = 0; setting < negative_costs.shape(0); ++setting)
            path.push_back({positive_costs.data() + setting * positive_costs.shape(1), negative_costs.data()[setting]});
        solutions = solve_block(instances, labels, path, {tolerance, max_epochs, seed}, prune, width);
    }
    std::vector<decltype(arrays_of(solutions[0]))> arrays;
    for (auto& of_setting : solutions) arrays.push_back(arrays_of(of_setting));
    return arrays;
}

}  // namespace

void bind_block_dual_cd(nb::module_& m) {
    m.attr("LANES") = SharedPass::kLabels;
    m.attr("MOST_COPIED") = WorkingSet::kMostCopied;
    m.attr("MOST_IN_COLUMNS") = SparseCopy::kMostInColumns;
    nb::class_<Instances>(m, "Instances").def("interrupt", [](const Instances& instances) {
        instances.interrupted->store(true, std::memory_order_relaxed);
    });
    nb::class_<SparseCopy>(m, "SparseCopy")
        .def("__init__", &py_init_copy)
        .def("append", &py_append)
        .def("finish", [](SparseCopy& copy) { return new Instances(copy.finish()); });
    m.def("dense_instances", &py_dense_instances, nb::keep_alive<0, 1>());
    m.def("solve_block", &py_solve_block);
}

}  // namespace pwdismec
