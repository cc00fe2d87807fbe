// DenseFeatures: the features that many labels have a weight of, whose weights are stored for every label.
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace pwdismec {

// Which features are dense, and each one's number among them.
class DenseFeatures {
public:
    static constexpr std::uint32_t kNone = ~std::uint32_t{0};

    // Throws std::invalid_argument unless there are less than 2³¹ features, within which the ids ascend.
    DenseFeatures(std::span<const std::int32_t> ids, std::size_t n_features);

    std::size_t size() const { return size_; }
    std::size_t n_features() const { return n_features_; }

    // The number of a feature, kNone if it is not dense.
    std::uint32_t find(std::int32_t feature) const {
        const auto id = static_cast<std::size_t>(feature);
        const Word& word = words_[id / 64];
        const std::uint64_t bit = std::uint64_t{1} << id % 64;
        if (!(word.bits & bit)) return kNone;
        return word.before + static_cast<std::uint32_t>(std::popcount(word.bits & (bit - 1)));
    }

private:
    // 64 features: which of them are dense, and how many are before them.
    struct Word {
        std::uint64_t bits = 0;
        std::uint32_t before = 0;
    };

    std::vector<Word> words_;
    std::size_t size_, n_features_;
};

// A Euclidean norm by its square, as a float that is not less, whatever was rounded.
inline float norm_above(double square) {
    const auto norm = static_cast<float>(std::sqrt(square) * (1 + 0x1p-20));
    return std::nextafter(norm, std::numeric_limits<float>::infinity());
}

// A value of an instance whose feature is dense.
struct DenseValue {
    std::uint32_t number;
    float value;
};

// The weights that a block's labels have of dense features: in tiles of kTile labels, within a tile by feature.
//
// Most scores are far from the best, and half of each weight's bits suffices to see it. So a tile has the upper
// halves of all its weights first, each rounded to the nearest, and behind them the lower halves, which make the
// rounded ones exact again; of a feature, a word holds those of the labels j and j + kTile / 2. The last tile may be
// narrower: its weights are whole, of a feature label by label. Behind it there is room for a vector to be read.
//
// A tile's scores fit a core's registers, its upper halves the L2 cache, and those of the most frequent features
// the L1 cache.
constexpr std::size_t kTile = 32, kTileWords = kTile / 2, kDensePadding = 16;

constexpr std::size_t tiles_of(std::size_t n_labels) { return (n_labels + kTile - 1) / kTile; }

constexpr std::size_t dense_words_of(std::size_t n_labels, std::size_t n_dense) {
    return n_labels * n_dense + kDensePadding;
}

// Stores the weight of a label, by its place in the block, and of a dense feature, where none has been stored.
void put_dense_weight(std::uint32_t* words, std::size_t place, std::size_t number, std::size_t n_labels,
                     std::size_t n_dense, float weight);

// How far a tile's rounded weights can lead: the most of its labels' Euclidean norms of what is rounded away, and
// of their weights; never less than they are. Infinite of a narrow tile, which has none.
struct TileBounds {
    float rounding, weights;
};

// Of every tile of a block.
void find_bounds(const std::uint32_t* words, std::size_t n_dense, std::size_t n_labels, TileBounds* bounds);

// Instances by the dense features in them: instance i has the values starts[i] … starts[i + 1], numbers below n_dense.
struct DenseRows {
    std::span<const std::size_t> starts;
    const DenseValue* values;
    const float* norms;  // of each one's values, as norm_above gives them

    std::size_t size() const { return starts.size() - 1; }
};

// Adds Σ_h x_h · weight[h, p] to scores[i · n_labels + p] for each instance i and every place p of a block;
// float32, one rounded product and one rounded sum a feature, in the order of the instance's values.
//
// Only what may be among the best k is stored. best[i · k …] are the scores to be reached, best first: where none of
// a tile's reaches the last of them, which most tell by their rounded weights, they are left as they were, and
// reached[i · tiles_of(n_labels) + tile] is 0, elsewhere 1. What is found on the way takes its place in `best`.
void add_dense(const std::uint32_t* words, const TileBounds* bounds, std::size_t n_dense, std::size_t n_labels,
               const DenseRows& rows, std::size_t k, float* best, float* scores, std::uint8_t* reached);

}  // namespace pwdismec
