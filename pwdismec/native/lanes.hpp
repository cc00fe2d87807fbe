// Sixteen float32 side by side, as compiler vectors: one source for every instruction set.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace pwdismec {

inline constexpr int kLanes = 16;  // 64 bytes: one cache line

using Floats = float __attribute__((vector_size(kLanes * sizeof(float))));
using Masks = int32_t __attribute__((vector_size(kLanes * sizeof(int32_t))));

inline Floats load(const float* from) {
    Floats x;
    std::memcpy(&x, from, sizeof x);
    return x;
}

inline void store(float* to, Floats x) { std::memcpy(to, &x, sizeof x); }

inline float sum(Floats x) {
    float total = 0;
    for (int lane = 0; lane < kLanes; ++lane) total += x[lane];
    return total;
}

inline bool any(Masks mask) {
    using Words = int64_t __attribute__((vector_size(kLanes * sizeof(int32_t))));
    const Words words = std::bit_cast<Words>(mask);
    int64_t seen = 0;
    for (int i = 0; i < kLanes / 2; ++i) seen |= words[i];
    return seen != 0;
}

}  // namespace pwdismec
