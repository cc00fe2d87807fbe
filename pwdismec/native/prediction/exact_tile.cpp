#include "prediction/exact_tile.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "support/lanes.hpp"
#include "support/memory.hpp"

namespace pwdismec {
namespace {

constexpr std::size_t kVectors = kTileWords / kLanes;  // of words

Floats floats(Masks bits) { return std::bit_cast<Floats>(bits); }

// The weights that a word and its lower halves make: of the labels j, and of those half a tile on.
Floats first_weights(Masks upper, Masks lower) { return floats((upper << 16) + ((lower << 16) >> 16)); }
Floats second_weights(Masks upper, Masks lower) { return floats((upper & ~0xffff) + (lower >> 16)); }

}  // namespace

bool finish_tile(const std::uint32_t* upper, const std::uint32_t* lower, std::span<const DenseValue> values, float bar,
                 float* scores) {
    for (const DenseValue& x : values) prefetch(lower + x.number * kTileWords);  // seldom read, and so far away
    Floats sums[2 * kVectors];
    for (std::size_t v = 0; v < 2 * kVectors; ++v) sums[v] = load(scores + v * kLanes);
    for (const DenseValue& x : values)
        for (std::size_t v = 0; v < kVectors; ++v) {
            const std::size_t at = x.number * kTileWords + v * kLanes;
            const Masks above = load(upper + at), below = load(lower + at);
            sums[v] += x.value * first_weights(above, below);
            sums[v + kVectors] += x.value * second_weights(above, below);
        }
    Masks reached{};
    for (const Floats& sum : sums) reached |= ~(sum < bar);
    if (!any(reached)) return false;
    for (std::size_t v = 0; v < 2 * kVectors; ++v) store(scores + v * kLanes, sums[v]);
    return true;
}

// A vector after the other; what the last one holds beyond the width are sums of other labels' weights, and left.
void finish_narrow_tile(const std::uint32_t* weights, std::size_t width, std::span<const DenseValue> values,
                        float* scores) {
    for (std::size_t first = 0; first < width; first += kLanes) {
        const std::size_t n = std::min<std::size_t>(kLanes, width - first);
        Floats sum{};
        std::memcpy(&sum, scores + first, n * sizeof(float));
        for (const DenseValue& x : values) sum += x.value * floats(load(weights + x.number * width + first));
        std::memcpy(scores + first, &sum, n * sizeof(float));
    }
}

}  // namespace pwdismec
