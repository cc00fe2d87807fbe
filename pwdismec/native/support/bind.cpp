#include <nanobind/stl/optional.h>

#include <optional>
#include <utility>

#include "support/arrays.hpp"
#include "support/check_arrays.hpp"
#include "support/count.hpp"

namespace pwdismec {
namespace {

using Offsets = ArrayIn<std::int64_t>;
using Ids = ArrayIn<std::int32_t>;

nb::object py_check_rows(const Offsets& indptr, const Ids& indices, std::int64_t n_columns) {
    FaultyPlace found;
    {
        nb::gil_scoped_release release;
        found = check_rows(indptr.all(), indices.all(), n_columns);
    }
    if (found.fault == SparseFault::none) return nb::none();
    return nb::make_tuple(static_cast<int>(found.fault), found.row, found.place);
}

std::optional<std::size_t> py_first_not_finite(const ArrayIn<float>& values) {
    nb::gil_scoped_release release;
    const std::size_t place = first_not_finite(values.all());
    return place < values.size() ? std::optional(place) : std::nullopt;
}

void py_count_ids(const Ids& ids, const ArrayInOut<std::int64_t>& counts) {
    nb::gil_scoped_release release;
    count_ids(ids.all(), counts.all());
}

Lists checked(const char* name, const Offsets& offsets, const Ids& items) {
    require_offsets(name, offsets, items.size());
    require(offsets.all().front() == 0 && static_cast<std::size_t>(offsets.all().back()) == items.size(),
            "offsets: must start at 0 and end where the items do");
    return {offsets.all(), items.all()};
}

nb::tuple py_count_in_rows(const Offsets& row_offsets, const Ids& rows, const Offsets& list_offsets,
                           const Ids& lists, std::size_t n_ids) {
    const Lists in_rows = checked("row_offsets", row_offsets, rows);
    const Lists in_lists = checked("list_offsets", list_offsets, lists);
    RowCounts found;
    {
        nb::gil_scoped_release release;
        found = count_in_rows(in_rows, in_lists, n_ids);
    }
    return nb::make_tuple(to_numpy(std::move(found.indptr)), to_numpy(std::move(found.ids)),
                          to_numpy(std::move(found.counts)));
}

}  // namespace

void bind_support(nb::module_& m) {
    using namespace nb::literals;
    m.def("check_rows", &py_check_rows, "indptr"_a, "indices"_a, "n_columns"_a);
    m.def("first_not_finite", &py_first_not_finite, "values"_a);
    m.def("count_ids", &py_count_ids, "ids"_a, "counts"_a);
    m.def("count_in_rows", &py_count_in_rows, "row_offsets"_a, "rows"_a, "list_offsets"_a, "lists"_a, "n_ids"_a);
}

}  // namespace pwdismec
