#include "postings.hpp"

#include <bit>

#include "arrays.hpp"
#include "bindings.hpp"

namespace pwdismec {

void fill_postings(std::span<const std::int64_t> indptr, const std::int32_t* indices, const float* data,
                   std::span<const std::uint16_t> positions, std::span<const std::uint32_t> starts,
                   std::size_t n_labels, std::uint32_t* filled, std::uint32_t* lists) {
    for (std::size_t row = 0; row < positions.size(); ++row) {
        for (std::int64_t e = indptr[row]; e < indptr[row + 1]; ++e) {
            const auto feature = static_cast<std::size_t>(indices[e]);
            std::uint32_t* list = lists + starts[feature];
            const std::size_t words = starts[feature + 1] - starts[feature];
            if (words == n_labels) {
                list[positions[row]] = std::bit_cast<std::uint32_t>(data[e]);
            } else {
                const std::size_t place = filled[feature]++;
                list[place] = std::bit_cast<std::uint32_t>(data[e]);
                reinterpret_cast<std::uint16_t*>(list + weights_in(words))[place] = positions[row];
            }
        }
    }
}

void bind_postings(nb::module_& m) {
    m.def(
        "fill_postings",
        [](ArrayIn<std::int64_t> indptr, ArrayIn<std::int32_t> indices, ArrayIn<float> data,
           ArrayIn<std::uint16_t> positions, ArrayIn<std::uint32_t> starts, std::size_t n_labels,
           ArrayInOut<std::uint32_t> filled, ArrayInOut<std::uint32_t> lists) {
            nb::gil_scoped_release release;
            fill_postings({indptr.data(), indptr.size()}, indices.data(), data.data(),
                          {positions.data(), positions.size()}, {starts.data(), starts.size()}, n_labels,
                          filled.data(), lists.data());
        },
        nb::arg("indptr"), nb::arg("indices"), nb::arg("data"), nb::arg("positions"), nb::arg("starts"),
        nb::arg("n_labels"), nb::arg("filled").noconvert(), nb::arg("lists").noconvert());
}

}  // namespace pwdismec
