#include "formats/decimal.hpp"

#include <cmath>
#include <cstdlib>
#include <limits>
#include <locale.h>
#if defined(__APPLE__)
#include <xlocale.h>
#endif

namespace pwdismec::detail {

namespace {

// std::from_chars for doubles is missing from Apple's library; strtod_l is everywhere.
double strtod_in_c_locale(const char* text) {
    static const locale_t c_locale = newlocale(LC_ALL_MASK, "C", nullptr);
    return strtod_l(text, nullptr, c_locale);
}

// Whether every double within four units in the last place of `value` becomes
// the same float: the 29 bits that the float drops are not near one half, and
// the float is a normal one (a subnormal drops more bits).
bool rounds_safely(double value) {
    const auto dropped = static_cast<std::int64_t>(std::bit_cast<std::uint64_t>(value) & ((1u << 29) - 1));
    return std::abs(dropped - (1 << 28)) > 4 && value >= static_cast<double>(std::numeric_limits<float>::min());
}

constexpr std::uint64_t exact_integers = std::uint64_t{1} << 53;

}  // namespace

FloatInText read_any_float(const char* text) {
    const char* at = text;
    const bool negative = *at == '-';
    if (negative || *at == '+') ++at;

    std::uint64_t number = 0;
    std::int64_t exponent = 0;
    bool has_digits = false, is_cut = false;
    const auto take_digits = [&](int step) {  // `step`: what a digit that is kept does to the exponent
        for (; is_digit(*at); ++at) {
            has_digits = true;
            if (number < 1'000'000'000'000'000'000u) {
                number = 10 * number + static_cast<std::uint64_t>(*at - '0');
                exponent += step;
            } else {
                is_cut = true;
            }
        }
    };
    take_digits(0);
    if (*at == '.') {
        ++at;
        take_digits(-1);
    }
    if (!has_digits) return {0, nullptr};
    if ((*at | 0x20) == 'e') {
        ++at;
        const bool below_one = *at == '-';
        if (below_one || *at == '+') ++at;
        if (!is_digit(*at)) return {0, nullptr};
        std::int64_t power = 0;
        for (; is_digit(*at); ++at)
            if (power < 1'000'000) power = 10 * power + (*at - '0');
        exponent += below_one ? -power : power;
    }

    double magnitude = 0;
    bool is_certain = false;
    if (!is_cut && exponent >= -22 && exponent <= 22) {
        magnitude = static_cast<double>(number);
        magnitude = exponent < 0 ? magnitude / powers_of_ten[-exponent] : magnitude * powers_of_ten[exponent];
        // Past 2^53 both steps round, to less than three units from the nearest double.
        is_certain = number <= exact_integers || rounds_safely(magnitude);
    }
    const auto value =
        static_cast<float>(is_certain ? (negative ? -magnitude : magnitude) : strtod_in_c_locale(text));
    return {value, std::isfinite(value) ? at : nullptr};
}

}  // namespace pwdismec::detail
