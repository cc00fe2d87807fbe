#include "count_ids.hpp"

#include <cstddef>
#include <stdexcept>

#include "arrays.hpp"
#include "bindings.hpp"

namespace pwdismec {

void count_ids(std::span<const std::int32_t> ids, std::span<std::int64_t> counts) {
    for (const std::int32_t id : ids) {
        if (id < 0 || static_cast<std::size_t>(id) >= counts.size()) throw std::out_of_range("an id out of range");
        ++counts[static_cast<std::size_t>(id)];
    }
}

void bind_count_ids(nb::module_& m) {
    m.def(
        "count_ids",
        [](ArrayIn<std::int32_t> ids, ArrayInOut<std::int64_t> counts) {
            nb::gil_scoped_release release;
            count_ids({ids.data(), ids.size()}, {counts.data(), counts.size()});
        },
        nb::arg("ids"), nb::arg("counts").noconvert());
}

}  // namespace pwdismec
