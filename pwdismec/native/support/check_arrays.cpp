#include "support/check_arrays.hpp"

#include <algorithm>
#include <bit>

namespace pwdismec {
namespace {

using Ids = std::span<const std::int32_t>;

// Ids that ascend are in range if the first and the last are. Without a branch at each, it is done by vectors.
bool is_row(Ids ids, std::int64_t n_columns) {
    if (ids.empty()) return true;
    std::int32_t falls = 0;
    for (std::size_t i = 1; i < ids.size(); ++i) falls |= ids[i] <= ids[i - 1];
    return falls == 0 && ids.front() >= 0 && ids.back() < n_columns;
}

// Of a row that has one.
FaultyPlace first_fault(Ids ids, std::int64_t n_columns) {
    for (std::size_t i = 0;; ++i) {
        if (ids[i] < 0 || ids[i] >= n_columns) return {SparseFault::range, 0, i};
        if (i > 0 && ids[i] <= ids[i - 1])
            return {ids[i] == ids[i - 1] ? SparseFault::twice : SparseFault::order, 0, i};
    }
}

constexpr std::size_t kBlock = 1024;  // between looks at what was found: long enough for vectors, short of the cache

// Infinities and NaNs have all bits of the exponent, and no others do.
constexpr std::uint32_t kExponent = 0x7f800000;

std::uint32_t exponent(float value) { return std::bit_cast<std::uint32_t>(value) & kExponent; }

}  // namespace

SparseFault check_offsets(std::span<const std::int64_t> offsets, std::size_t n_items) {
    if (offsets.empty() || offsets.front() < 0) return SparseFault::offsets;
    bool falls = false;
    for (std::size_t i = 1; i < offsets.size(); ++i) falls |= offsets[i] < offsets[i - 1];
    if (falls) return SparseFault::offsets;
    return static_cast<std::size_t>(offsets.back()) > n_items ? SparseFault::end : SparseFault::none;
}

FaultyPlace check_rows(std::span<const std::int64_t> offsets, Ids ids, std::int64_t n_columns) {
    if (const SparseFault fault = check_offsets(offsets, ids.size()); fault != SparseFault::none) return {fault};
    for (std::size_t row = 0; row + 1 < offsets.size(); ++row) {
        const auto begin = static_cast<std::size_t>(offsets[row]), end = static_cast<std::size_t>(offsets[row + 1]);
        const Ids of_row = ids.subspan(begin, end - begin);
        if (is_row(of_row, n_columns)) continue;
        const FaultyPlace found = first_fault(of_row, n_columns);
        return {found.fault, row, begin + found.place};
    }
    return {};
}

std::size_t first_not_finite(std::span<const float> values) {
    for (std::size_t begin = 0; begin < values.size(); begin += kBlock) {
        const std::span<const float> block = values.subspan(begin, std::min(kBlock, values.size() - begin));
        std::uint32_t most = 0;
        for (const float value : block) most = std::max(most, exponent(value));
        if (most == kExponent)
            return begin + static_cast<std::size_t>(std::ranges::find(block, kExponent, exponent) - block.begin());
    }
    return values.size();
}

}  // namespace pwdismec
