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

// As many sums as there are registers to spare beside the weights.
constexpr std::size_t kVectors = std::min<std::size_t>(8, kTile / kLanes);
constexpr std::size_t kLabelsATurn = kVectors * kLanes;

void score_tile(const float* bias, const float* weights, Values values, float* scores) {
    for (std::size_t first = 0; first < kTile; first += kLabelsATurn) {
        Floats sums[kVectors];
        for (std::size_t v = 0; v < kVectors; ++v) sums[v] = load(bias + first + v * kLanes);
        for (const HeadValue& x : values) {
            const float* row = weights + x.head * kTile + first;
            for (std::size_t v = 0; v < kVectors; ++v) sums[v] += x.value * load(row + v * kLanes);
        }
        for (std::size_t v = 0; v < kVectors; ++v) store(scores + first + v * kLanes, sums[v]);
    }
}

// A vector after the other; what the last one holds beyond the width are sums of other labels' weights, and left.
void score_narrow_tile(const float* bias, const float* weights, std::size_t width, Values values, float* scores) {
    for (std::size_t first = 0; first < width; first += kLanes) {
        const std::size_t n = std::min<std::size_t>(kLanes, width - first);
        Floats sum{};
        std::memcpy(&sum, bias + first, n * sizeof(float));
        for (const HeadValue& x : values) sum += x.value * load(weights + x.head * width + first);
        std::memcpy(scores + first, &sum, n * sizeof(float));
    }
}

// Fetches the i-th of n even parts of an array.
void fetch_part(const float* from, std::size_t size, std::size_t i, std::size_t n) {
    constexpr std::size_t kLine = 16;
    const std::size_t lines = size / kLine, stop = lines * (i + 1) / n;
    for (std::size_t line = lines * i / n; line < stop; ++line) prefetch<Use::kLater>(from + line * kLine);
}

}  // namespace

void score_heads(std::span<const float> bias, const float* weights, std::size_t n_heads,
                 std::span<const std::size_t> starts, const HeadValue* values, float* scores) {
    const std::size_t n_labels = bias.size(), n_rows = starts.size() - 1;
    // The next tile comes from memory while this one is worked on, if enough instances will share it.
    const bool fetches = n_rows >= kTile;
    for (std::size_t first = 0; first < n_labels; first += kTile) {
        const std::size_t width = std::min(kTile, n_labels - first), left = n_labels - first - width;
        const float* tile = weights + first * n_heads;
        const float* next = tile + width * n_heads;
        const std::size_t next_size = fetches ? std::min(kTile, left) * n_heads : 0;
        for (std::size_t row = 0; row < n_rows; ++row) {
            fetch_part(next, next_size, row, n_rows);
            const Values own{values + starts[row], starts[row + 1] - starts[row]};
            float* to = scores + row * n_labels + first;
            if (width == kTile)
                score_tile(bias.data() + first, tile, own, to);
            else
                score_narrow_tile(bias.data() + first, tile, width, own, to);
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
