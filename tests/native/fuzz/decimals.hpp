// Decimal numbers as the C library reads them: what decimal.hpp promises.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

inline std::size_t digits_at(std::string_view text, std::size_t at) {
    std::size_t n = 0;
    while (at + n < text.size() && text[at + n] >= '0' && text[at + n] <= '9') ++n;
    return n;
}

// The number of an id's digits, and what they spell, if that is below 10^17.
struct ReferenceId {
    std::size_t length;
    std::uint64_t value;
};

inline ReferenceId reference_id(std::string_view text) {
    const std::size_t length = digits_at(text, 0);
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < length; ++i)
        if (value < 100'000'000'000'000'000u) value = 10 * value + static_cast<std::uint64_t>(text[i] - '0');
    return {length, value};
}

struct ReferenceFloat {
    float value;
    std::size_t length;
};

// [+-]digits[.digits][e[+-]digits], rounded to double and once more to float; none past the largest float.
inline std::optional<ReferenceFloat> reference_float(std::string_view text) {
    std::size_t at = 0;
    const auto is = [&](char c) { return at < text.size() && text[at] == c; };
    if (is('+') || is('-')) ++at;
    std::size_t n_digits = digits_at(text, at);
    at += n_digits;
    if (is('.')) {
        const std::size_t decimals = digits_at(text, at + 1);
        n_digits += decimals;
        at += 1 + decimals;
    }
    if (n_digits == 0) return std::nullopt;
    if (is('e') || is('E')) {
        ++at;
        if (is('+') || is('-')) ++at;
        const std::size_t power = digits_at(text, at);
        if (power == 0) return std::nullopt;
        at += power;
    }
    const auto value = static_cast<float>(std::strtod(std::string(text.substr(0, at)).c_str(), nullptr));
    if (!std::isfinite(value)) return std::nullopt;
    return ReferenceFloat{value, at};
}
