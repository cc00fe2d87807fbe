// Reading decimal numbers from text, eight digits at a time.
//
// Everything here loads eight bytes from the place it looks at: the caller
// keeps at least eight readable bytes behind every position it passes.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace pwdismec {

static_assert(std::endian::native == std::endian::little, "digits are taken from words in memory order");

inline bool is_digit(char c) { return static_cast<unsigned char>(c - '0') <= 9; }

// Eight bytes of text, each with the code of '0' taken off: digits are 0 to 9, all else is larger.
inline std::uint64_t load_digits(const char* text) {
    std::uint64_t word;
    std::memcpy(&word, text, sizeof word);
    return word ^ 0x3030303030303030u;
}

// How many of the eight bytes are digits, counted up to the first that is not.
// (The sum's carries start at a byte that is no digit and only go upwards.)
inline unsigned leading_digits(std::uint64_t digits) {
    const std::uint64_t others = (digits | (digits + 0x7676767676767676u)) & 0x8080808080808080u;
    return static_cast<unsigned>(std::countr_zero(others)) / 8;
}

// The number that the first `count` (0 to 8) bytes spell: neighbours are
// joined to pairs, pairs to fours, fours to eight.
inline std::uint32_t digits_value(std::uint64_t digits, unsigned count) {
    const unsigned half_shift = 32 - 4 * count;  // in two steps: a shift by 64 is undefined
    digits = digits << half_shift << half_shift;
    digits = digits * 10 + (digits >> 8);
    constexpr std::uint64_t pairs = 0x000000FF000000FFu;
    return static_cast<std::uint32_t>(((digits & pairs) * (100 + (1000000ull << 32)) +
                                       ((digits >> 16) & pairs) * (1 + (10000ull << 32))) >>
                                      32);
}

// Reads an unsigned number and moves `text` past it; false if there is no digit.
// A number too large for any id stays too large (it stops growing past 10^17).
inline bool read_id(const char*& text, std::uint64_t& id) {
    const std::uint64_t digits = load_digits(text);
    const unsigned count = leading_digits(digits);
    id = digits_value(digits, count);
    text += count;
    if (count == 8) [[unlikely]]
        for (; is_digit(*text); ++text)
            if (id < 100'000'000'000'000'000u) id = 10 * id + static_cast<std::uint64_t>(*text - '0');
    return count != 0;
}

namespace detail {

inline constexpr double powers_of_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                           1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
inline constexpr std::uint32_t small_powers_of_ten[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000};

bool read_float_general(const char*& text, float& value);

}  // namespace detail

// Reads [+-]digits[.digits][e[+-]digits] (digits before or after the point may
// be missing, not both) and moves `text` past it. The result is the nearest
// double, rounded once more to float: what strtod and a cast give. False if
// there is no number, or if it is past the largest float.
//
// Inline is the common case: no sign, no exponent, up to seven digits on each side of the
// point. Numerator and power of ten are exact doubles, so the quotient is rounded once.
inline bool read_float(const char*& text, float& value) {
    const char* at = text;
    std::uint64_t number;
    if (is_digit(at[0]) && at[1] == '.') {  // a right guess spares waiting for the count
        number = static_cast<std::uint64_t>(at[0] - '0');
        at += 1;
    } else {
        const std::uint64_t digits = load_digits(at);
        const unsigned count = leading_digits(digits);
        if (count == 0 || count == 8) [[unlikely]]
            return detail::read_float_general(text, value);
        number = digits_value(digits, count);
        at += count;
    }
    unsigned decimals = 0;
    if (*at == '.') {
        const std::uint64_t digits = load_digits(++at);
        decimals = leading_digits(digits);
        if (decimals == 8) [[unlikely]]
            return detail::read_float_general(text, value);
        number = number * detail::small_powers_of_ten[decimals] + digits_value(digits, decimals);
        at += decimals;
    }
    if ((*at | 0x20) == 'e') [[unlikely]]
        return detail::read_float_general(text, value);
    value = static_cast<float>(static_cast<double>(number) / detail::powers_of_ten[decimals]);
    text = at;
    return true;
}

}  // namespace pwdismec
