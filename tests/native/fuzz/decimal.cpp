// read_id and read_float against the C library, number after number, as the guesses go from one to the next.
#include "formats/decimal.hpp"

#include "decimals.hpp"
#include "fuzzing.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string text(reinterpret_cast<const char*>(data), size);
    text.append(8, '\0');  // what the caller keeps readable
    const std::vector<char> exact(text.begin(), text.end());
    pwdismec::DigitGuess ids, decimals;
    for (std::size_t at = 0; at < size;) {
        const char* const begin = exact.data() + at;
        const std::string_view rest(begin, size - at);

        const ReferenceId id = reference_id(rest);
        const char* end = begin;
        std::uint64_t number = 0;
        EXPECT(pwdismec::read_id(end, number, ids) == (id.length > 0));
        if (id.length > 0) EXPECT(number == id.value && end == begin + id.length);

        const auto expected = reference_float(rest);
        const pwdismec::FloatInText found = pwdismec::read_float(begin, decimals);
        EXPECT((found.end != nullptr) == expected.has_value());
        if (expected) {
            EXPECT(found.end == begin + expected->length);
            EXPECT(std::memcmp(&found.value, &expected->value, sizeof(float)) == 0);
        }
        at += expected ? expected->length : 1;
    }
    return 0;
}
