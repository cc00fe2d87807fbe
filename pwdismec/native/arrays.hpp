// Arrays in, arrays out: views of NumPy arrays, and memory handed over without a copy.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "buffer.hpp"

namespace pwdismec {

namespace nb = nanobind;

template <class T>
using ArrayIn = nb::ndarray<const T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
template <class T>
using ArrayInOut = nb::ndarray<T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
template <class T>
using MatrixIn = nb::ndarray<const T, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
template <class T>
using MatrixInOut = nb::ndarray<T, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
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
