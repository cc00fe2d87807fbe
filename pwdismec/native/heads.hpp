// Heads: the features that many labels have a weight of, whose weights are stored for every label.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace pwdismec {

// Which features are heads, and each one's number among them.
class Heads {
public:
    static constexpr std::uint32_t kNone = ~std::uint32_t{0};

    // Throws std::invalid_argument unless the ids ascend within 0 … n_features − 1.
    Heads(std::span<const std::int32_t> ids, std::size_t n_features);

    std::size_t size() const { return size_; }

    // The number of a feature, kNone if it is no head.
    std::uint32_t find(std::int32_t feature) const {
        const auto id = static_cast<std::size_t>(feature);
        const Word& word = words_[id / 64];
        const std::uint64_t bit = std::uint64_t{1} << id % 64;
        if (!(word.bits & bit)) return kNone;
        return word.before + static_cast<std::uint32_t>(std::popcount(word.bits & (bit - 1)));
    }

private:
    // 64 features: which of them are heads, and how many are before them.
    struct Word {
        std::uint64_t bits = 0;
        std::uint32_t before = 0;
    };

    std::vector<Word> words_;
    std::size_t size_;
};

// A value of an instance whose feature is a head.
struct HeadValue {
    std::uint32_t head;
    float value;
};

// The weights that a block's labels have of the heads: label by label in tiles of so many (the last one may be
// narrower), within a tile head by head, a weight for each of the tile's labels. A tile's scores fit a core's
// registers, its weights the L2 cache, and those of the frequent heads the L1 cache. Behind the last tile there is room for a vector to be read.
constexpr std::size_t kTile = 32, kHeadPadding = 16;

constexpr std::size_t tiles_of(std::size_t n_labels) { return (n_labels + kTile - 1) / kTile; }

constexpr std::size_t head_weights_of(std::size_t n_labels, std::size_t n_heads) {
    return n_labels * n_heads + kHeadPadding;
}

// Where the weight of a label, by its place in the block, and of a head lies.
constexpr std::size_t head_weight_at(std::size_t place, std::size_t head, std::size_t n_labels,
                                     std::size_t n_heads) {
    const std::size_t first = place / kTile * kTile;
    const std::size_t width = n_labels - first < kTile ? n_labels - first : kTile;
    return first * n_heads + head * width + (place - first);
}

// Instances by the heads in them: instance i has the values starts[i] … starts[i + 1], of heads below n_heads.
struct HeadRows {
    std::span<const std::size_t> starts;
    const HeadValue* values;

    std::size_t size() const { return starts.size() - 1; }
};

// Adds Σ_h x_h · weight[h, p] to scores[i · n_labels + p] for each instance i and every place p of a block;
// float32, one rounded product and one rounded sum a head, in the order of the instance's values.
//
// Only what may be among the best is stored: where none of a tile's scores reaches bars[i] they are left as they
// were, and reached[i · tiles_of(n_labels) + tile] is 0, elsewhere 1.
void add_heads(const float* weights, std::size_t n_heads, std::size_t n_labels, const HeadRows& rows,
               const float* bars, float* scores, std::uint8_t* reached);

}  // namespace pwdismec
