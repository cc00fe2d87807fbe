#include <limits>
#include <utility>

#include "formats/format_rows.hpp"
#include "formats/parse_rows.hpp"
#include "support/arrays.hpp"

namespace pwdismec {
namespace {

using Text = ArrayIn<std::uint8_t>;
using Offsets = ArrayIn<std::int64_t>;
using Ids = ArrayIn<std::int32_t>;
using Values = ArrayIn<float>;

ParsedRows parse(const Text& text, const RowSyntax& syntax, const IdRange& ids) {
    constexpr std::int64_t most = std::numeric_limits<std::int32_t>::max();
    for (const std::int64_t number : {ids.first_feature, ids.n_features, ids.first_label, ids.n_labels})
        require(0 <= number && number <= most, "first ids and numbers of columns: must be from 0 to 2^31 - 1");
    nb::gil_scoped_release release;
    return parse_rows(reinterpret_cast<const char*>(text.data()), text.size(), syntax, ids);
}

nb::object fault_of(const ParsedRows& rows) {
    if (rows.fault == RowFault::none) return nb::none();
    return nb::make_tuple(static_cast<int>(rows.fault), rows.fault_offset, rows.fault_id);
}

nb::tuple parse_labelled_rows(const Text& text, std::int64_t n_features, std::int64_t n_labels,
                              std::int64_t first_feature, std::int64_t first_label, bool comments) {
    auto rows = parse(text, {.labels = true, .comments = comments},
                      {.first_feature = first_feature,
                       .n_features = n_features,
                       .first_label = first_label,
                       .n_labels = n_labels});
    auto fault = fault_of(rows);
    return nb::make_tuple(to_numpy(std::move(rows.indptr)), to_numpy(std::move(rows.indices)),
                          to_numpy(std::move(rows.values)), to_numpy(std::move(rows.label_indptr)),
                          to_numpy(std::move(rows.labels)), rows.n_lines, fault);
}

nb::tuple without_labels(ParsedRows&& rows) {
    auto fault = fault_of(rows);
    return nb::make_tuple(to_numpy(std::move(rows.indptr)), to_numpy(std::move(rows.indices)),
                          to_numpy(std::move(rows.values)), rows.n_lines, fault);
}

nb::tuple parse_sparse_rows(const Text& text, std::int64_t n_columns, std::int64_t first_id, bool positive) {
    return without_labels(parse(text, {.positive = positive}, {.first_feature = first_id, .n_features = n_columns}));
}

nb::tuple parse_ranked_rows(const Text& text, std::int64_t n_labels) {
    return without_labels(parse(text, {.ranked = true}, {.n_features = n_labels}));
}

// The offsets as the kernels want them, once they are known to stay inside the arrays behind them.
RowOffsets checked(const char* name, const Offsets& offsets, std::size_t n_entries) {
    require_offsets(name, offsets, n_entries);
    return {offsets.data(), offsets.size() - 1};
}

ArrayOut<std::uint8_t> py_format_ranked_rows(const Offsets& indptr, const Ids& ids, const Values& values) {
    require(ids.size() == values.size(), "ids and values: must have one length");
    const RowOffsets rows = checked("indptr", indptr, ids.size());
    Buffer<std::uint8_t> text;
    {
        nb::gil_scoped_release release;
        text = format_ranked_rows(rows, ids.data(), values.data());
    }
    return to_numpy(std::move(text));
}

ArrayOut<std::uint8_t> py_format_labelled_rows(const Offsets& indptr, const Ids& ids, const Values& values,
                                               const Offsets& label_indptr, const Ids& labels) {
    require(ids.size() == values.size(), "ids and values: must have one length");
    const RowOffsets rows = checked("indptr", indptr, ids.size());
    const RowOffsets label_rows = checked("label_indptr", label_indptr, labels.size());
    require(rows.n_rows == label_rows.n_rows, "indptr and label_indptr: must have one length");
    Buffer<std::uint8_t> text;
    {
        nb::gil_scoped_release release;
        text = format_labelled_rows(rows, ids.data(), values.data(), label_rows, labels.data());
    }
    return to_numpy(std::move(text));
}

}  // namespace

void bind_formats(nb::module_& m) {
    using namespace nb::literals;
    m.def("parse_labelled_rows", &parse_labelled_rows, "text"_a, "n_features"_a, "n_labels"_a,
          "first_feature"_a, "first_label"_a, "comments"_a);
    m.def("parse_ranked_rows", &parse_ranked_rows, "text"_a, "n_labels"_a);
    m.def("parse_sparse_rows", &parse_sparse_rows, "text"_a, "n_columns"_a, "first_id"_a, "positive"_a);
    m.def("format_labelled_rows", &py_format_labelled_rows, "indptr"_a, "ids"_a, "values"_a, "label_indptr"_a,
          "labels"_a);
    m.def("format_ranked_rows", &py_format_ranked_rows, "indptr"_a, "ids"_a, "values"_a);
}

}  // namespace pwdismec
