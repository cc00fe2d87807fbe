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

// The digits that eight bytes of text begin with.
class DigitRun {
public:
    explicit DigitRun(const char* text) {
        std::memcpy(&digits_, text, sizeof digits_);
        digits_ ^= 0x3030303030303030u;  // digits become 0 to 9, all else is larger
        // A flag in each byte that is no digit. The sum's carries start at such a byte and go
        // upwards only, so the flags are right up to the first one, which is all that is used.
        const std::uint64_t others = (digits_ | (digits_ + 0x7676767676767676u)) & 0x8080808080808080u;
        first_flag_ = static_cast<unsigned>(std::countr_zero(others));
    }

    // How many there are, 0 to 8.
    unsigned count() const { return first_flag_ / 8; }

    // Whether there are 1 to 7: then they are a number of their own.
    bool is_short() const { return count() - 1 < 7; }

    // What they spell, if there are any. Neighbours are joined to pairs, pairs to fours, fours to eight.
    std::uint32_t value() const {
        std::uint64_t digits = digits_ << ((64 - 8 * count()) & 63);  // leading zeros instead of what follows
        digits = digits * 10 + (digits >> 8);
        constexpr std::uint64_t pairs = 0x000000FF000000FFu;
        const std::uint64_t fours = (digits & pairs) * (100 + (1000000ull << 32));
        return static_cast<std::uint32_t>((fours + ((digits >> 16) & pairs) * (1 + (10000ull << 32))) >> 32);
    }

private:
    std::uint64_t digits_;
    unsigned first_flag_;
};

// How many digits a number has, guessed from the one before. Where the next field begins hangs on
// it: a right guess (ids of a row are sorted, values often have one format) lets the processor go on
// there while the digits of this one are still being counted.
class DigitGuess {
public:
    // The count, by way of the guess.
    unsigned confirm(unsigned count) {
        if (count != guess_) [[unlikely]] {
            guess_ = count;
            asm volatile("" : "+r"(guess_));  // or the compiler sees that both ways give `count`
        }
        return guess_;
    }

private:
    unsigned guess_ = 0;
};

// Reads an unsigned number and moves `text` past it; false if there is no digit.
// A number too large for any id stays too large (it stops growing past 10^17).
inline bool read_id(const char*& text, std::uint64_t& id, DigitGuess& guess) {
    const DigitRun run(text);
    if (run.is_short()) [[likely]] {
        id = run.value();
        text += guess.confirm(run.count());
        return true;
    }
    if (!is_digit(*text)) return false;
    for (id = 0; is_digit(*text); ++text)
        if (id < 100'000'000'000'000'000u) id = 10 * id + static_cast<std::uint64_t>(*text - '0');
    return true;
}

// A number in text, and where it ends; `end` is null if there is none.
struct FloatInText {
    float value;
    const char* end;
};

namespace detail {

inline constexpr double powers_of_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                           1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
inline constexpr std::uint32_t small_powers_of_ten[] = {1,      10,      100,      1000,     10000,
                                                        100000, 1000000, 10000000, 100000000};

FloatInText read_any_float(const char* text);

}  // namespace detail

// Reads [+-]digits[.digits][e[+-]digits] (digits before or after the point may be missing, not
// both). The value is the nearest double, rounded once more to float: what strtod and a cast
// give. There is none if the text does not start so, or if it is past the largest float.
//
// Inline are the common cases: up to seven digits before the point and after it, or one before and
// up to 14 after it, then a blank or a line's end. Numerator and power of ten are exact doubles, so
// the quotient is rounded once.
inline FloatInText read_float(const char* text, DigitGuess& guess) {
    const char* at = text;
    std::uint64_t number;
    if (is_digit(at[0]) && at[1] == '.') {  // the same guess: one digit, mostly
        number = static_cast<std::uint64_t>(at[0] - '0');
        ++at;
    } else {
        const DigitRun run(at);
        if (!run.is_short()) [[unlikely]]
            return detail::read_any_float(text);
        number = run.value();
        at += run.count();
    }
    unsigned decimals = 0;
    if (*at == '.') {
        const DigitRun run(++at);
        decimals = run.count();
        if (decimals == 0) [[unlikely]]
            return detail::read_any_float(text);
        number = number * detail::small_powers_of_ten[decimals] + run.value();
        if (decimals == 8) {
            const DigitRun more(at + 8);
            if (number >= 1'000'000'000 || more.count() > 6) [[unlikely]]
                return detail::read_any_float(text);
            if (more.count() > 0) {
                number = number * detail::small_powers_of_ten[more.count()] + more.value();
                decimals += more.count();
            }
        }
        at += guess.confirm(decimals);
    }
    if (static_cast<unsigned char>(*at) > ' ') [[unlikely]]
        return detail::read_any_float(text);
    const auto numerator = static_cast<double>(static_cast<std::int64_t>(number));
    return {static_cast<float>(numerator / detail::powers_of_ten[decimals]), at};
}

}  // namespace pwdismec
