#include "heads.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "arrays.hpp"
#include "bindings.hpp"
#include "lanes.hpp"
#include "prefetch.hpp"

namespace pwdismec {

Heads::Heads(std::span<const std::int32_t> ids, std::size_t n_features)
    : words_((n_features + 63) / 64), size_(ids.size()) {
    std::int64_t last = -1;
    for (const std::int32_t id : ids) {
        if (id <= last || static_cast<std::size_t>(id) >= n_features)
            throw std::invalid_argument("heads do not ascend within the features");
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

using Values = std::span<const HeadValue>;

constexpr std::size_t kVectors = kTile / kLanes;
constexpr std::size_t kFloatsALine = 16, kRowsAhead = 3, kEnoughRows = 64;
static_assert(kVectors <= 8, "there are no registers to spare beside the weights");

// Whether a score reaches the bar; one that is not a number does.
bool finish_tile(const float* weights, Values values, float bar, float* scores) {
    Floats sums[kVectors];
    for (std::size_t v = 0; v < kVectors; ++v) sums[v] = load(scores + v * kLanes);
    for (const HeadValue& x : values) {
        const float* row = weights + x.head * kTile;
        for (std::size_t v = 0; v < kVectors; ++v) sums[v] += x.value * load(row + v * kLanes);
    }
    Masks reached{};
    for (std::size_t v = 0; v < kVectors; ++v) reached |= ~(sums[v] < bar);
    if (!any(reached)) return false;
    for (std::size_t v = 0; v < kVectors; ++v) store(scores + v * kLanes, sums[v]);
    return true;
}

// A vector after the other; what the last one holds beyond the width are sums of other labels' weights, and left.
void finish_narrow_tile(const float* weights, std::size_t width, Values values, float* scores) {
    for (std::size_t first = 0; first < width; first += kLanes) {
        const std::size_t n = std::min<std::size_t>(kLanes, width - first);
        Floats sum{};
        std::memcpy(&sum, scores + first, n * sizeof(float));
        for (const HeadValue& x : values) sum += x.value * load(weights + x.head * width + first);
        std::memcpy(scores + first, &sum, n * sizeof(float));
    }
}

// Fetches the i-th of n even parts of an array.
void fetch_part(const float* from, std::size_t size, std::size_t i, std::size_t n) {
    const std::size_t lines = size / kFloatsALine, stop = lines * (i + 1) / n;
    for (std::size_t line = lines * i / n; line < stop; ++line)
        prefetch<Use::kLater>(from + line * kFloatsALine);
}

// The scores of a later instance: a row of scores is further from the next than the processor looks ahead.
void fetch_tile(const float* scores) {
    for (std::size_t i = 0; i < kTile; i += kFloatsALine) prefetch(scores + i);
}

}  // namespace

void add_heads(const float* weights, std::size_t n_heads, std::size_t n_labels, const HeadRows& rows,
               const float* bars, float* scores, std::uint8_t* reached) {
    const std::size_t n_rows = rows.size(), n_tiles = tiles_of(n_labels);
    // The next tile comes from memory while this one is worked on, if enough instances will share it.
    const bool fetches = n_rows >= kEnoughRows;
    for (std::size_t t = 0; t < n_tiles; ++t) {
        const std::size_t first = t * kTile, width = std::min(kTile, n_labels - first);
        const float* tile = weights + first * n_heads;
        const float* next = tile + width * n_heads;
        const std::size_t next_size = fetches ? std::min(kTile, n_labels - first - width) * n_heads : 0;
        for (std::size_t row = 0; row < n_rows; ++row) {
            fetch_part(next, next_size, row, n_rows);
            const Values own{rows.values + rows.starts[row], rows.starts[row + 1] - rows.starts[row]};
            float* to = scores + row * n_labels + first;
            if (row + kRowsAhead < n_rows) fetch_tile(to + kRowsAhead * n_labels);
            std::uint8_t& may_win = reached[row * n_tiles + t];
            may_win = 1;
            if (width == kTile)
                may_win = finish_tile(tile, own, bars[row], to);
            else
                finish_narrow_tile(tile, width, own, to);
        }
    }
}

void bind_heads(nb::module_& m) {
    nb::class_<Heads>(m, "Heads")
        .def(
            "__init__",
            [](Heads* self, ArrayIn<std::int32_t> ids, std::size_t n_features) {
                new (self) Heads({ids.data(), ids.size()}, n_features);
            },
            nb::arg("ids"), nb::arg("n_features"));
}

}  // namespace pwdismec
