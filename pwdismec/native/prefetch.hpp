// Asking for memory ahead of its use.
#pragma once

namespace pwdismec {

// To be used once (kOnce) memory is kept out of the way of what is used again, where that `is_cheap_once`, and to
// be used later (kLater) out of the first cache.
enum class Use { kAgain, kOnce, kLater };

// GCC takes a function of nothing but prefetches for one without effect and leaves out its calls; an empty
// statement that it must not touch keeps it from that.
template <Use kUse = Use::kAgain>
inline void prefetch(const void* address) {
    __builtin_prefetch(address, 0, kUse == Use::kOnce ? 0 : kUse == Use::kLater ? 2 : 3);
    asm volatile("");
}

// On Intel's processors such memory passes by the second cache, and passes over all instances take twice as long
// (docs/solver.md).
inline bool is_cheap_once() {
#ifdef __x86_64__
    __builtin_cpu_init();
    return !__builtin_cpu_is("intel");
#else
    return true;
#endif
}

}  // namespace pwdismec
