// Sixteen labels side by side, as compiler vectors: one source for every instruction set.
#pragma once

#include <bit>
#include <cstdint>

namespace pwdismec {

inline constexpr int kLanes = 16;  // 64 bytes of float32: one cache line a feature or instance

using Floats = float __attribute__((vector_size(kLanes * sizeof(float))));
using Masks = int32_t __attribute__((vector_size(kLanes * sizeof(int32_t))));
using Longs = int64_t __attribute__((vector_size(kLanes * sizeof(int64_t))));
using Doubles = double __attribute__((vector_size(kLanes * sizeof(double))));

inline Floats broadcast(float value) { return Floats{} + value; }
inline Floats max0(Floats x) { return x > 0.0f ? x : Floats{}; }
inline Doubles widen(Floats x) { return __builtin_convertvector(x, Doubles); }
inline Floats narrow(Doubles x) { return __builtin_convertvector(x, Floats); }

inline bool any(Masks mask) {
    using Words = int64_t __attribute__((vector_size(kLanes * sizeof(int32_t))));
    const Words words = std::bit_cast<Words>(mask);
    int64_t seen = 0;
    for (int i = 0; i < kLanes / 2; ++i) seen |= words[i];
    return seen != 0;
}

// -1 in the lanes whose bit is set, 0 in the others.
inline Masks lanes_of(uint16_t bits) {
    const Masks bit_of_lane = {1 << 0, 1 << 1, 1 << 2,  1 << 3,  1 << 4,  1 << 5,  1 << 6,  1 << 7,
                               1 << 8, 1 << 9, 1 << 10, 1 << 11, 1 << 12, 1 << 13, 1 << 14, 1 << 15};
    return ((Masks{} + static_cast<int32_t>(bits)) & bit_of_lane) != 0;
}

}  // namespace pwdismec
