#include "finite.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>

namespace pwdismec {
namespace {

constexpr std::size_t kBlock = 1024;  // between looks at what was found: long enough for vectors, short of the cache

// Infinities and NaNs have all bits of the exponent, and no others do.
constexpr std::uint32_t kExponent = 0x7f800000;

std::uint32_t exponent(float value) { return std::bit_cast<std::uint32_t>(value) & kExponent; }

}  // namespace

std::size_t first_not_finite(std::span<const float> values) {
    for (std::size_t begin = 0; begin < values.size(); begin += kBlock) {
        const std::span<const float> block = values.subspan(begin, std::min(kBlock, values.size() - begin));
        std::uint32_t most = 0;
        for (const float value : block) most = std::max(most, exponent(value));
        if (most == kExponent)
            return begin + static_cast<std::size_t>(std::ranges::find(block, kExponent, exponent) - block.begin());
    }
    return values.size();
}

}  // namespace pwdismec
