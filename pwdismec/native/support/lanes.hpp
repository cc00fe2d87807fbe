// Compiler vectors as wide as the instruction set's registers: one source for all of them.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

namespace pwdismec {

// A wider vector than the registers would be passed through memory.
#if defined(__AVX512F__)
inline constexpr int kLanes = 16;
#elif defined(__AVX__)
inline constexpr int kLanes = 8;
#else
inline constexpr int kLanes = 4;
#endif

using Floats = float __attribute__((vector_size(kLanes * sizeof(float))));
using Masks = int32_t __attribute__((vector_size(kLanes * sizeof(int32_t))));

inline Floats load(const float* from) {
    Floats x;
    std::memcpy(&x, from, sizeof x);
    return x;
}

inline Masks load(const std::uint32_t* from) {
    Masks x;
    std::memcpy(&x, from, sizeof x);
    return x;
}

inline void store(float* to, Floats x) { std::memcpy(to, &x, sizeof x); }

inline float sum(Floats x) {
    float total = 0;
    for (int lane = 0; lane < kLanes; ++lane) total += x[lane];
    return total;
}

// A lane of `a` or, counted on from there, of `b` for each of the result's.
template <int... kFrom>
inline Floats choose(Floats a, Floats b) {
#if defined(__clang__)
    return __builtin_shufflevector(a, b, kFrom...);
#else
    return __builtin_shuffle(a, b, Masks{kFrom...});
#endif
}

// A step in turning a square: exchanges the lanes of `a` whose number has the bit `kStep` for those of `b` whose
// number has not.
template <int kStep, int... kLane>
inline void exchange(Floats& a, Floats& b, std::integer_sequence<int, kLane...>) {
    const Floats before = a;
    a = choose<(kLane & kStep ? kLanes + kLane - kStep : kLane)...>(before, b);
    b = choose<(kLane & kStep ? kLanes + kLane : kLane + kStep)...>(before, b);
}

// Rows become columns.
template <int kStep = 1>
inline void transpose(Floats (&square)[kLanes]) {
    for (int i = 0; i < kLanes; ++i)
        if (!(i & kStep)) exchange<kStep>(square[i], square[i + kStep], std::make_integer_sequence<int, kLanes>{});
    if constexpr (2 * kStep < kLanes) transpose<2 * kStep>(square);
}

inline bool any(Masks mask) {
    constexpr int kWords = kLanes / 2;
    using Words = int64_t __attribute__((vector_size(kWords * sizeof(int64_t))));
    const Words words = std::bit_cast<Words>(mask);
    int64_t seen = 0;
    for (int i = 0; i < kWords; ++i) seen |= words[i];
    return seen != 0;
}

}  // namespace pwdismec
