// A zeroed array on huge pages where the system has them: what is read at random would with 4 KB pages miss
// the TLB as well as the cache most of the time.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
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

}  // namespace pwdismec
