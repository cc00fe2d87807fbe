// What bindings require of arrays before a kernel sees them; ValueError tells what is missing.
#pragma once

#include <nanobind/nanobind.h>

#include <cstdint>
#include <string>

#include "arrays.hpp"
#include "check_rows.hpp"

namespace pwdismec {

inline void require(bool holds, const char* message) {
    if (!holds) throw nb::value_error(message);
}

inline void require_no_fault(SparseFault fault, const char* name) {
    if (fault == SparseFault::none) return;
    const char* const problem = fault == SparseFault::offsets ? "offsets must start at 0 or above and not descend"
                                : fault == SparseFault::end   ? "offsets must end within the arrays"
                                                              : "ids must ascend within the columns";
    throw nb::value_error((std::string(name) + ": " + problem).c_str());
}

// Offsets that do not descend and end within so many items.
inline void require_offsets(const char* name, const ArrayIn<std::int64_t>& offsets, std::size_t n_items) {
    require_no_fault(check_offsets(offsets.all(), n_items), name);
}

// The same of rows, whose ids ascend within 0 … n_columns − 1.
inline void require_rows(const char* name, const ArrayIn<std::int64_t>& offsets, const ArrayIn<std::int32_t>& ids,
                         std::int64_t n_columns) {
    require_no_fault(check_rows(offsets.all(), ids.all(), n_columns).fault, name);
}

}  // namespace pwdismec
