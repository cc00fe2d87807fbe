// Dense features' part of a tile's scores, exactly: one rounded product and one rounded sum a feature, in their order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "prediction/dense_features.hpp"

namespace pwdismec {

// Adds it to the tile's scores; where none of them reaches the bar they are left as they were. Whether one does, or
// is not a number.
bool finish_tile(const std::uint32_t* upper, const std::uint32_t* lower, std::span<const DenseValue> values, float bar,
                 float* scores);

// Adds it to the scores of the last tile, whose weights are whole.
void finish_narrow_tile(const std::uint32_t* weights, std::size_t width, std::span<const DenseValue> values,
                        float* scores);

}  // namespace pwdismec
