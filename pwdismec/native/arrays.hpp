// Arrays in, arrays out: views of NumPy arrays, and memory handed over without a copy.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "buffer.hpp"

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
