// Some of many features, numbered one after the other.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "support/memory.hpp"

namespace pwdismec {

// A bit for each feature, and beside each 32 of them a count, so that to ask for one seldom misses the caches.
class UsedFeatures {
public:
    explicit UsedFeatures(std::size_t n_features) : words_((n_features + kBits - 1) / kBits) {}

    void add(std::size_t feature) { words_[feature / kBits].bits |= uint32_t{1} << (feature % kBits); }

    // Numbers those that were added, ascending.
    void number() {
        size_ = 0;
        for (Word& word : words_) {
            word.before = static_cast<uint32_t>(size_);
            size_ += at(std::popcount(word.bits));
        }
    }

    // 1 if it was added, else 0.
    std::size_t has(std::size_t feature) const { return words_[feature / kBits].bits >> (feature % kBits) & 1; }

    // The number of one that was added.
    std::size_t number_of(std::size_t feature) const {
        const Word& word = words_[feature / kBits];
        const uint32_t below = word.bits & ((uint32_t{1} << (feature % kBits)) - 1);
        return word.before + at(std::popcount(below));
    }

    std::size_t size() const { return size_; }

    void clear() {
        words_.assign(words_.size(), {});
        size_ = 0;
    }

private:
    static constexpr std::size_t kBits = 32;
    struct Word {
        uint32_t bits = 0;
        uint32_t before = 0;  // of all words before this one
    };
    std::vector<Word> words_;
    std::size_t size_ = 0;
};

}  // namespace pwdismec
