#include <nanobind/stl/tuple.h>

#include <tuple>

#include "arrays.hpp"
#include "bindings.hpp"
#include "block_dual_cd.hpp"
#include "instance_view.hpp"
#include "lanes.hpp"

namespace pwdismec {
namespace {

auto py_view_by_frequency(const ArrayIn<int64_t>& indptr, const ArrayIn<int32_t>& indices,
                          const ArrayIn<float>& values, int32_t n_features, float bias) {
    InstanceView view;
    {
        nb::gil_scoped_release release;
        view = view_by_frequency(indptr.data(), indices.data(), values.data(),
                                 static_cast<int64_t>(indptr.shape(0)) - 1, n_features, bias);
    }
    return std::make_tuple(to_numpy(std::move(view.indices)), to_numpy(std::move(view.values)),
                           to_numpy(std::move(view.ranks)), to_numpy(std::move(view.sq_norms)));
}

Instances instances_of(const ArrayIn<int64_t>& indptr, const ArrayIn<int32_t>& indices, const ArrayIn<float>& values,
                       const ArrayIn<float>& sq_norms, const ArrayIn<int32_t>& ranks, float bias) {
    return {indptr.data(),
            indices.data(),
            values.data(),
            sq_norms.data(),
            ranks.data(),
            static_cast<int64_t>(sq_norms.shape(0)),
            static_cast<int32_t>(ranks.shape(0)),
            bias};
}

auto py_solve_all_negative(const ArrayIn<int64_t>& indptr, const ArrayIn<int32_t>& indices,
                           const ArrayIn<float>& values, const ArrayIn<float>& sq_norms, const ArrayIn<int32_t>& ranks,
                           float bias, double cost, double tolerance, int max_epochs, uint64_t seed) {
    CommonStart start;
    {
        nb::gil_scoped_release release;
        start = solve_all_negative(instances_of(indptr, indices, values, sq_norms, ranks, bias), cost,
                                   {tolerance, max_epochs, seed});
    }
    return std::make_tuple(to_numpy(std::move(start.weights)), start.bias_weight, to_numpy(std::move(start.rows)),
                           to_numpy(std::move(start.alpha)), start.dual);
}

auto py_solve_block(const ArrayIn<int64_t>& indptr, const ArrayIn<int32_t>& indices, const ArrayIn<float>& values,
                    const ArrayIn<float>& sq_norms, const ArrayIn<int32_t>& ranks, float bias,
                    const ArrayIn<float>& start_weights, float start_bias_weight, const ArrayIn<int32_t>& start_rows,
                    const ArrayIn<float>& start_alpha, double start_dual, const ArrayIn<int64_t>& positives_indptr,
                    const ArrayIn<int32_t>& positives, const ArrayIn<double>& positive_costs, double negative_cost,
                    double tolerance, int max_epochs, uint64_t seed, float prune) {
    if (positive_costs.shape(0) > static_cast<std::size_t>(kLanes))
        throw nb::value_error("solve_block: more labels than lanes");
    BlockSolution solution;
    {
        nb::gil_scoped_release release;
        const BlockLabels labels{positives_indptr.data(), positives.data(), positive_costs.data(),
                                 static_cast<int>(positive_costs.shape(0)), negative_cost};
        const CommonStartView start{start_weights.data(), start_bias_weight,
                                    start_rows.data(),    start_alpha.data(),
                                    static_cast<int64_t>(start_rows.shape(0)), start_dual};
        solution = solve_block(instances_of(indptr, indices, values, sq_norms, ranks, bias), labels, start,
                               {tolerance, max_epochs, seed}, prune);
    }
    return std::make_tuple(to_numpy(std::move(solution.indptr)), to_numpy(std::move(solution.indices)),
                           to_numpy(std::move(solution.values)), to_numpy(std::move(solution.bias)),
                           to_numpy(std::move(solution.primal)), to_numpy(std::move(solution.dual)), solution.epochs);
}

}  // namespace

void bind_block_dual_cd(nb::module_& m) {
    m.attr("LANES") = kLanes;
    m.def("view_by_frequency", &py_view_by_frequency);
    m.def("solve_all_negative", &py_solve_all_negative);
    m.def("solve_block", &py_solve_block);
}

}  // namespace pwdismec
