// Memory: arrays on huge pages, arrays left unwritten, places in them, and asking for them ahead of their use.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

#if defined(__SANITIZE_ADDRESS__)
#define PWDISMEC_POISONED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PWDISMEC_POISONED 1
#endif
#endif
#ifdef PWDISMEC_POISONED
#include <sanitizer/asan_interface.h>
#endif

namespace pwdismec {

// A number that is not negative, as a place in an array.
constexpr std::size_t at(int64_t n) { return static_cast<std::size_t>(n); }

// A zeroed array on huge pages where the system has them: what is read at random would with 4 KB pages miss
// the TLB as well as the cache most of the time.
template <class T>
class HugeArray {
public:
    HugeArray() = default;
    explicit HugeArray(std::size_t count) : bytes_(count * sizeof(T) + kPage) {
        if (count > (SIZE_MAX - kPage) / sizeof(T)) throw std::bad_alloc();
        memory_ = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory_ == MAP_FAILED) throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
        madvise(memory_, bytes_, MADV_HUGEPAGE);
#endif
#ifdef PWDISMEC_POISONED  // which knows no bounds of mapped memory by itself
        __asan_poison_memory_region(data() + count, bytes_ - count * sizeof(T));
#endif
    }
    ~HugeArray() {
        if (!memory_) return;
#ifdef PWDISMEC_POISONED
        __asan_unpoison_memory_region(memory_, bytes_);
#endif
        munmap(memory_, bytes_);
    }
    HugeArray(HugeArray&& other) noexcept
        : bytes_(other.bytes_), memory_(std::exchange(other.memory_, nullptr)) {}
    HugeArray& operator=(HugeArray&& other) noexcept {
        std::swap(bytes_, other.bytes_);
        std::swap(memory_, other.memory_);
        return *this;
    }

    T* data() { return static_cast<T*>(memory_); }
    const T* data() const { return static_cast<const T*>(memory_); }
    T& operator[](std::size_t i) { return data()[i]; }
    const T& operator[](std::size_t i) const { return data()[i]; }

private:
    static constexpr std::size_t kPage = 4096;
    std::size_t bytes_ = 0;
    void* memory_ = nullptr;
};

// An array whose memory is left unwritten at first, to be handed over as it is.
//
// A vector would fill itself with zeros; the kernels know an upper bound of what they will write, and set `size`
// when they have written it.
template <class T>
struct Buffer {
    std::unique_ptr<T[]> data;
    std::size_t size = 0;

    Buffer() = default;
    explicit Buffer(std::size_t capacity) : data(new T[capacity]) {}
};

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
