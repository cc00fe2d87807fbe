// An array whose memory is left unwritten at first, to be handed over as it is.
#pragma once

#include <cstddef>
#include <memory>

namespace pwdismec {

// A vector would fill itself with zeros; the kernels know an upper bound of what
// they will write, and set `size` when they have written it.
template <class T>
struct Buffer {
    std::unique_ptr<T[]> data;
    std::size_t size = 0;

    Buffer() = default;
    explicit Buffer(std::size_t capacity) : data(new T[capacity]) {}
};

}  // namespace pwdismec
