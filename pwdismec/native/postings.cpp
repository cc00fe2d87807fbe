#include "postings.hpp"

#include "arrays.hpp"
#include "bindings.hpp"

namespace pwdismec {

void fill_postings(std::span<const std::int64_t> indptr, const std::int32_t* indices, const float* data,
                   std::span<const std::uint16_t> positions, std::span<const std::uint32_t> starts,
                   std::size_t n_labels, std::uint32_t* next, std::uint16_t* labels, float* weights) {
    for (std::size_t row = 0; row < positions.size(); ++row) {
        for (std::int64_t e = indptr[row]; e < indptr[row + 1]; ++e) {
            const auto feature = static_cast<std::size_t>(indices[e]);
            const bool full = starts[feature + 1] - starts[feature] == n_labels;
            const std::uint32_t place = full ? starts[feature] + positions[row] : next[feature]++;
            labels[place] = positions[row];
            weights[place] = data[e];
        }
    }
}

void bind_postings(nb::module_& m) {
    m.def(
        "fill_postings",
        [](ArrayIn<std::int64_t> indptr, ArrayIn<std::int32_t> indices, ArrayIn<float> data,
           ArrayIn<std::uint16_t> positions, ArrayIn<std::uint32_t> starts, std::size_t n_labels,
           ArrayInOut<std::uint32_t> next, ArrayInOut<std::uint16_t> labels, ArrayInOut<float> weights) {
            nb::gil_scoped_release release;
            fill_postings({indptr.data(), indptr.size()}, indices.data(), data.data(),
                          {positions.data(), positions.size()}, {starts.data(), starts.size()}, n_labels,
                          next.data(), labels.data(), weights.data());
        },
        nb::arg("indptr"), nb::arg("indices"), nb::arg("data"), nb::arg("positions"), nb::arg("starts"),
        nb::arg("n_labels"), nb::arg("next").noconvert(), nb::arg("labels").noconvert(),
        nb::arg("weights").noconvert());
}

}  // namespace pwdismec
