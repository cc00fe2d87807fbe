#include "arrays.hpp"
#include "format_rows.hpp"

namespace pwdismec {

namespace {

using Offsets = ArrayIn<std::int64_t>;
using Ids = ArrayIn<std::int32_t>;
using Values = ArrayIn<float>;

// The offsets as the kernels want them, once they are known to stay inside the arrays behind them.
RowOffsets checked(const Offsets& indptr, std::size_t n_entries) {
    const std::int64_t* offsets = indptr.data();
    if (indptr.size() == 0 || offsets[0] < 0) throw nb::value_error("indptr: must start at 0 or above");
    for (std::size_t i = 1; i < indptr.size(); ++i)
        if (offsets[i] < offsets[i - 1]) throw nb::value_error("indptr: must not descend");
    if (static_cast<std::size_t>(offsets[indptr.size() - 1]) > n_entries)
        throw nb::value_error("indptr: must end within the arrays");
    return {offsets, indptr.size() - 1};
}

ArrayOut<std::uint8_t> format_ranked(const Offsets& indptr, const Ids& ids, const Values& values) {
    if (ids.size() != values.size()) throw nb::value_error("ids and values: must have one length");
    const RowOffsets rows = checked(indptr, ids.size());
    Buffer<std::uint8_t> text;
    {
        nb::gil_scoped_release release;
        text = format_ranked_rows(rows, ids.data(), values.data());
    }
    return to_numpy(std::move(text));
}

ArrayOut<std::uint8_t> format_labelled(const Offsets& indptr, const Ids& ids, const Values& values,
                                       const Offsets& label_indptr, const Ids& labels) {
    if (ids.size() != values.size()) throw nb::value_error("ids and values: must have one length");
    const RowOffsets rows = checked(indptr, ids.size());
    const RowOffsets label_rows = checked(label_indptr, labels.size());
    if (rows.n_rows != label_rows.n_rows)
        throw nb::value_error("indptr and label_indptr: must have one length");
    Buffer<std::uint8_t> text;
    {
        nb::gil_scoped_release release;
        text = format_labelled_rows(rows, ids.data(), values.data(), label_rows, labels.data());
    }
    return to_numpy(std::move(text));
}

}  // namespace

void bind_format_rows(nb::module_& m) {
    using namespace nb::literals;
    m.def("format_labelled_rows", &format_labelled, "indptr"_a, "ids"_a, "values"_a, "label_indptr"_a,
          "labels"_a);
    m.def("format_ranked_rows", &format_ranked, "indptr"_a, "ids"_a, "values"_a);
}

}  // namespace pwdismec
