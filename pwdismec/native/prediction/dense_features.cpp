#include "prediction/dense_features.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>

#include "prediction/exact_tile.hpp"
#include "support/lanes.hpp"
#include "support/memory.hpp"

namespace pwdismec {

DenseFeatures::DenseFeatures(std::span<const std::int32_t> ids, std::size_t n_features)
    : size_(ids.size()), n_features_(n_features) {
    if (n_features > std::numeric_limits<std::int32_t>::max()) throw std::invalid_argument("too many features");
    words_.resize((n_features + 63) / 64);
    std::int64_t last = -1;
    for (const std::int32_t id : ids) {
        if (id <= last || static_cast<std::size_t>(id) >= n_features)
            throw std::invalid_argument("dense features do not ascend within the features");
        words_[static_cast<std::size_t>(id) / 64].bits |= std::uint64_t{1} << id % 64;
        last = id;
    }
    std::uint32_t before = 0;
    for (Word& word : words_) {
        word.before = before;
        before += static_cast<std::uint32_t>(std::popcount(word.bits));
    }
}

namespace {

using Values = std::span<const DenseValue>;

constexpr std::size_t kVectors = kTileWords / kLanes;  // of words
constexpr std::size_t kWordsALine = 16, kRowsAhead = 3, kEnoughRows = 64;
constexpr std::size_t kMostRaised = 32;  // of more best scores, the bar is not worth raising within a block

// Whether a score, summed from the upper halves of its weights, reaches the bar; one that is not a number does.
bool may_reach(const std::uint32_t* upper, Values values, float bar, const float* scores) {
    // Two sums side by side: one alone would wait for each addition to end before the next.
    Floats sums[2 * kVectors], others[2 * kVectors];
    for (std::size_t v = 0; v < 2 * kVectors; ++v) {
        sums[v] = load(scores + v * kLanes);
        others[v] = Floats{};
    }
    const auto take = [&](const DenseValue& x, Floats* to) {
        for (std::size_t v = 0; v < kVectors; ++v) {
            const Masks words = load(upper + x.number * kTileWords + v * kLanes);
            to[v] += x.value * std::bit_cast<Floats>(words << 16);
            to[v + kVectors] += x.value * std::bit_cast<Floats>(words & ~0xffff);
        }
    };
    std::size_t e = values.size() % 2;
    if (e) take(values[0], sums);
    for (; e < values.size(); e += 2) {
        take(values[e], sums);
        take(values[e + 1], others);
    }
    Masks reached{};
    for (std::size_t v = 0; v < 2 * kVectors; ++v) reached |= ~(sums[v] + others[v] < bar);
    return any(reached);
}

// Fetches the i-th of some parts of an array, each of so many lines.
void fetch_part(const std::uint32_t* from, std::size_t size, std::size_t i, std::size_t lines) {
    const std::size_t stop = std::min(size, (i + 1) * lines * kWordsALine);
    for (std::size_t at = i * lines * kWordsALine; at < stop; at += kWordsALine) prefetch<Use::kLater>(from + at);
}

// The scores of a later instance: a row of scores is further from the next than the processor looks ahead.
void fetch_tile(const float* scores) {
    for (std::size_t i = 0; i < kTile; i += kWordsALine) prefetch(scores + i);
}

// What a score reaches, summed from rounded weights in any order, if in the features' order it reaches `bar`.
// Rounding the weights moves it by no more than their bound (Cauchy-Schwarz). Each of the two sums errs by at most
// n u (|start| + sum |x w|) (Higham 2002, section 3.1), and |start| is at most |score| + sum |x w|; all of this
// twice, for good measure, and what products lose that are too small for a float.
float lowered(float bar, const TileBounds& tile, std::size_t n_values, float norm) {
    const float unit = static_cast<float>(n_values + 8) * 0x1p-21f;
    return bar - norm * (tile.rounding + unit * tile.weights) -
           unit * (std::fabs(bar) + std::numeric_limits<float>::min());
}

// Lets the scores of a tile take their places among the best, best first.
void raise(float* best, std::size_t k, const float* scores) {
    for (std::size_t p = 0; p < kTile; ++p) {
        if (!(scores[p] > best[k - 1])) continue;
        std::size_t place = k - 1;
        for (; place > 0 && best[place - 1] < scores[p]; --place) best[place] = best[place - 1];
        best[place] = scores[p];
    }
}

}  // namespace

void put_dense_weight(std::uint32_t* words, std::size_t place, std::size_t number, std::size_t n_labels,
                     std::size_t n_dense, float weight) {
    const auto bits = std::bit_cast<std::uint32_t>(weight);
    const std::size_t first = place / kTile * kTile, width = std::min(kTile, n_labels - first);
    std::uint32_t* tile = words + first * n_dense;
    if (width < kTile) {
        tile[number * width + (place - first)] = bits;
        return;
    }
    const std::size_t word = number * kTileWords + place % kTileWords;
    const unsigned shift = place % kTile < kTileWords ? 0 : 16;
    tile[word] |= (bits + 0x8000u) >> 16 << shift;  // rounded to the nearest
    tile[n_dense * kTileWords + word] |= (bits & 0xffffu) << shift;
}

void find_bounds(const std::uint32_t* words, std::size_t n_dense, std::size_t n_labels, TileBounds* bounds) {
    for (std::size_t t = 0; t < tiles_of(n_labels); ++t) {
        bounds[t] = {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::infinity()};
        if (n_labels - t * kTile < kTile) continue;
        const std::uint32_t* upper = words + t * kTile * n_dense;
        const std::uint32_t* lower = upper + n_dense * kTileWords;
        double rounding[kTile] = {}, weights[kTile] = {};
        for (std::size_t at = 0; at < n_dense * kTileWords; ++at)
            for (std::size_t half = 0; half < 2; ++half) {
                const std::uint32_t rounded = half ? upper[at] & 0xffff0000u : upper[at] << 16;
                const auto rest = static_cast<std::int16_t>(half ? lower[at] >> 16 : lower[at]);
                const double weight = std::bit_cast<float>(rounded + static_cast<std::uint32_t>(rest));
                const double error = weight - static_cast<double>(std::bit_cast<float>(rounded));
                const std::size_t label = at % kTileWords + half * kTileWords;
                rounding[label] += error * error;
                weights[label] += weight * weight;
            }
        const auto most = [](const double* squares) { return norm_above(*std::max_element(squares, squares + kTile)); };
        bounds[t] = {most(rounding), most(weights)};
    }
}

void add_dense(const std::uint32_t* words, const TileBounds* bounds, std::size_t n_dense, std::size_t n_labels,
               const DenseRows& rows, std::size_t k, float* best, float* scores, std::uint8_t* reached) {
    const std::size_t n_rows = rows.size(), n_tiles = tiles_of(n_labels);
    // The next tile comes from memory while this one is worked on, if enough instances will share it.
    const bool fetches = n_rows >= kEnoughRows;
    for (std::size_t t = 0; t < n_tiles; ++t) {
        const std::size_t first = t * kTile, width = std::min(kTile, n_labels - first);
        const std::uint32_t* upper = words + first * n_dense;
        const std::uint32_t* lower = upper + n_dense * kTileWords;
        const std::uint32_t* next = upper + width * n_dense;
        const std::size_t next_size = fetches ? n_dense * std::min(kTileWords, n_labels - first - width) : 0;
        const std::size_t lines_a_row = next_size / (kWordsALine * n_rows) + 1;
        for (std::size_t row = 0; row < n_rows; ++row) {
            fetch_part(next, next_size, row, lines_a_row);
            const Values own{rows.values + rows.starts[row], rows.starts[row + 1] - rows.starts[row]};
            float* to = scores + row * n_labels + first;
            if (row + kRowsAhead < n_rows) fetch_tile(to + kRowsAhead * n_labels);
            std::uint8_t& may_win = reached[row * n_tiles + t];
            may_win = 1;
            if (width < kTile) {
                finish_narrow_tile(upper, width, own, to);
                continue;
            }
            float* best_of_row = best + row * k;
            const float bar = best_of_row[k - 1];
            may_win = may_reach(upper, own, lowered(bar, bounds[t], own.size(), rows.norms[row]), to) &&
                      finish_tile(upper, lower, own, bar, to);
            if (may_win && k <= kMostRaised) raise(best_of_row, k, to);
        }
    }
}

}  // namespace pwdismec
