// The first value that is not finite.
#pragma once

#include <cstddef>
#include <span>

namespace pwdismec {

// Its place; the number of values if all are finite.
std::size_t first_not_finite(std::span<const float> values);

}  // namespace pwdismec
