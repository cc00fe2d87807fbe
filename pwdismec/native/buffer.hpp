// Memory of a fixed size that is handed over to NumPy as it is.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstddef>
#include <memory>

#include "arrays.hpp"

namespace pwdismec {

// Left unwritten on purpose (a vector would fill itself with zeros first): the
// kernels know an upper bound of what they write, and set `size` when done.
template <class T>
struct Buffer {
    std::unique_ptr<T[]> data;
    std::size_t size = 0;

    Buffer() = default;
    explicit Buffer(std::size_t capacity) : data(new T[capacity]) {}
};

// A one-dimensional NumPy array that owns the buffer's memory. Call with the GIL held.
template <class T>
ArrayOut<T> to_numpy(Buffer<T>&& buffer) {
    T* owned = buffer.data.release();
    nb::capsule owner(owned, [](void* pointer) noexcept { delete[] static_cast<T*>(pointer); });
    return ArrayOut<T>(owned, {buffer.size}, owner);
}

}  // namespace pwdismec
