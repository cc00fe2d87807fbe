// The best k of many scores, exactly, ties to the lower label id.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <vector>

#include "support/lanes.hpp"

namespace pwdismec {

// A score and its label as one number: the better place is the greater key. Zero is no label's key.
// −0 counts as 0; NaN ranks as +inf, so that an overflow comes to light at the top.
using RankKey = std::uint64_t;

inline RankKey rank_key(float score, std::int32_t label) {
    score = score == score ? score + 0.0f : std::numeric_limits<float>::infinity();
    const auto bits = std::bit_cast<std::uint32_t>(score);
    const std::uint32_t ordered = bits >> 31 ? ~bits : bits | 0x80000000u;
    return static_cast<RankKey>(ordered) << 32 | ~static_cast<std::uint32_t>(label);
}

inline float key_score(RankKey key) {
    const auto ordered = static_cast<std::uint32_t>(key >> 32);
    return std::bit_cast<float>(ordered >> 31 ? ordered & 0x7fffffffu : ~ordered);
}

inline std::int32_t key_label(RankKey key) {
    return static_cast<std::int32_t>(~static_cast<std::uint32_t>(key));
}

// Keeps the best k keys of those offered. Keys above a running threshold are collected, and when twice k
// are there the worse half goes: constant work a key on average, for k = 5 as for k = all.
class TopKSelector {
   public:
    // Begins anew, with the memory it has. Only keys above `floor` count (0: all).
    void start(std::size_t k, RankKey floor) {
        k_ = k;
        threshold_ = floor;
        kept_.clear();
        kept_.reserve(2 * k + 64);
    }

    // Offers scores[p] of label ids[p] for every p.
    void offer(std::span<const float> scores, const std::int32_t* ids) {
        for (std::size_t begin = 0; begin < scores.size(); begin += kChunk) {
            const std::size_t n = std::min(kChunk, scores.size() - begin);
            const float bar = key_score(threshold_);  // NaN while the threshold is 0: all reach it
            if (n < kChunk || any_reaches(scores.data() + begin, bar))
                for (std::size_t j = begin; j < begin + n; ++j) offer(rank_key(scores[j], ids[j]));
        }
    }

    void offer(RankKey key) {
        if (key <= threshold_) return;
        kept_.push_back(key);
        if (kept_.size() == 2 * k_ + 64) drop_all_but_k();
    }

    // The best keys, at most k, best first.
    std::span<const RankKey> sorted() {
        if (kept_.size() > k_) drop_all_but_k();
        std::sort(kept_.begin(), kept_.end(), std::greater<>());
        return kept_;
    }

   private:
    static constexpr std::size_t kChunk = 32;

    // Whether one of kChunk scores is not below the bar.
    static bool any_reaches(const float* scores, float bar) {
        Masks reached{};
        for (std::size_t j = 0; j < kChunk; j += kLanes) reached |= ~(load(scores + j) < bar);
        return any(reached);
    }

    void drop_all_but_k() {
        const auto kth = kept_.begin() + static_cast<std::ptrdiff_t>(k_) - 1;
        std::nth_element(kept_.begin(), kth, kept_.end(), std::greater<>());
        threshold_ = *kth;
        kept_.resize(k_);
    }

    std::size_t k_ = 0;
    RankKey threshold_ = 0;
    std::vector<RankKey> kept_;
};

}  // namespace pwdismec
