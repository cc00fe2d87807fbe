// Arrays in, arrays out: views of NumPy arrays, what is required of them, and memory handed over without a copy.
//
// What the kernels take on trust is checked by the bindings, as far as it takes no longer than reading the arrays
// once: whatever a caller passes, no kernel reads or writes outside them. Arrays that are written to must not overlap
// others. Whether values are finite, the rooms in Python check.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "support/check_arrays.hpp"
#include "support/memory.hpp"

namespace pwdismec {

namespace nb = nanobind;

// An array that is taken as it is, or refused with TypeError: one of another type, with gaps, misaligned, or
// read-only where it is written to. nanobind would copy the first two, whose values would silently change.
template <class T, std::size_t kDimensions>
class Array : public nb::ndarray<T, nb::ndim<kDimensions>, nb::c_contig, nb::device::cpu> {
public:
    using Base = nb::ndarray<T, nb::ndim<kDimensions>, nb::c_contig, nb::device::cpu>;

    Array() = default;
    explicit Array(const Base& base) : Base(base) {}

    std::span<T> all() const { return {this->data(), this->size()}; }
    bool is_aligned() const { return reinterpret_cast<std::uintptr_t>(this->data()) % alignof(T) == 0; }
};

template <class T>
using ArrayIn = Array<const T, 1>;
template <class T>
using ArrayInOut = Array<T, 1>;
template <class T>
using MatrixIn = Array<const T, 2>;
template <class T>
using MatrixInOut = Array<T, 2>;
template <class T>
using ArrayOut = nb::ndarray<nb::numpy, T, nb::ndim<1>>;

// A one-dimensional NumPy array that owns the vector's memory. Call with the GIL held.
template <class T>
ArrayOut<T> to_numpy(std::vector<T>&& values) {
    auto* owned = new std::vector<T>(std::move(values));
    nb::capsule owner(owned, [](void* pointer) noexcept { delete static_cast<std::vector<T>*>(pointer); });
    return ArrayOut<T>(owned->data(), {owned->size()}, owner);
}

// The same of a buffer.
template <class T>
ArrayOut<T> to_numpy(Buffer<T>&& buffer) {
    T* owned = buffer.data.release();
    nb::capsule owner(owned, [](void* pointer) noexcept { delete[] static_cast<T*>(pointer); });
    return ArrayOut<T>(owned, {buffer.size}, owner);
}

// What bindings require of arrays before a kernel sees them; ValueError tells what is missing.
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

template <class T, std::size_t kDimensions>
struct nanobind::detail::type_caster<pwdismec::Array<T, kDimensions>> {
    using Taken = pwdismec::Array<T, kDimensions>;
    using Base = make_caster<typename Taken::Base>;
    NB_TYPE_CASTER(Taken, Base::Name)

    bool from_python(handle source, std::uint32_t, cleanup_list* cleanup) noexcept {
        Base base;
        if (!base.from_python(source, 0, cleanup)) return false;  // 0: no conversion, no None
        value = Taken(base.value);
        return value.size() == 0 || value.is_aligned();
    }
};
