// A zeroed array on huge pages where the system has them: W and alpha are read
// at random, and with 4 KB pages most reads would miss the TLB as well.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <new>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

namespace pwdismec {

template <class T>
class HugeArray {
public:
    explicit HugeArray(std::size_t count) : bytes_(count * sizeof(T) + kPage) {
        memory_ = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory_ == MAP_FAILED) throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
        madvise(memory_, bytes_, MADV_HUGEPAGE);
#endif
#ifdef __SANITIZE_ADDRESS__  // which knows no bounds of mapped memory by itself
        __asan_poison_memory_region(data() + count, bytes_ - count * sizeof(T));
#endif
    }
    ~HugeArray() {
#ifdef __SANITIZE_ADDRESS__
        __asan_unpoison_memory_region(memory_, bytes_);
#endif
        munmap(memory_, bytes_);
    }
    HugeArray(const HugeArray&) = delete;
    HugeArray& operator=(const HugeArray&) = delete;

    T* data() { return static_cast<T*>(memory_); }
    T& operator[](std::size_t i) { return data()[i]; }

private:
    static constexpr std::size_t kPage = 4096;
    std::size_t bytes_;
    void* memory_;
};

}  // namespace pwdismec
