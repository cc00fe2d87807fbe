#include <utility>

#include "arrays.hpp"
#include "parse_rows.hpp"

namespace pwdismec {

namespace {

using Text = ArrayIn<std::uint8_t>;

ParsedRows parse(const Text& text, const RowSyntax& syntax, const IdRange& ids) {
    nb::gil_scoped_release release;
    return parse_rows(reinterpret_cast<const char*>(text.data()), text.size(), syntax, ids);
}

nb::object fault_of(const ParsedRows& rows) {
    if (rows.fault == RowFault::none) return nb::none();
    return nb::make_tuple(static_cast<int>(rows.fault), rows.fault_offset, rows.fault_id);
}

nb::tuple parse_labelled_rows(const Text& text, std::int64_t n_features, std::int64_t n_labels,
                              std::int64_t first_id, bool comments) {
    auto rows = parse(text, {.labels = true, .comments = comments},
                      {.first_id = first_id, .n_features = n_features, .n_labels = n_labels});
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
    return without_labels(parse(text, {.positive = positive}, {.first_id = first_id, .n_features = n_columns}));
}

nb::tuple parse_ranked_rows(const Text& text, std::int64_t n_labels) {
    return without_labels(parse(text, {.ranked = true}, {.n_features = n_labels}));
}

}  // namespace

void bind_parse_rows(nb::module_& m) {
    using namespace nb::literals;
    m.def("parse_labelled_rows", &parse_labelled_rows, "text"_a, "n_features"_a, "n_labels"_a, "first_id"_a,
          "comments"_a);
    m.def("parse_ranked_rows", &parse_ranked_rows, "text"_a, "n_labels"_a);
    m.def("parse_sparse_rows", &parse_sparse_rows, "text"_a, "n_columns"_a, "first_id"_a, "positive"_a);
}

}  // namespace pwdismec
