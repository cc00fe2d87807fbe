// What the fuzz targets share: arrays made of a fuzzer's bytes, and expectations that end the program.
#pragma once

#include <fuzzer/FuzzedDataProvider.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

// Ends the program with the place and the expectation that does not hold; the fuzzer keeps the input.
#define EXPECT(holds)                                                               \
    do {                                                                            \
        if (!(holds)) {                                                             \
            std::fprintf(stderr, "%s:%d: expected %s\n", __FILE__, __LINE__, #holds); \
            std::abort();                                                           \
        }                                                                           \
    } while (false)

// `n` numbers of any value; zeros where the bytes are used up.
template <class T>
std::vector<T> numbers(FuzzedDataProvider& input, std::size_t n) {
    std::vector<T> found(n);
    const std::vector<std::uint8_t> bytes = input.ConsumeBytes<std::uint8_t>(n * sizeof(T));
    if (!bytes.empty()) std::memcpy(found.data(), bytes.data(), bytes.size());
    return found;
}

// `n` numbers between two others.
template <class T>
std::vector<T> numbers_within(FuzzedDataProvider& input, std::size_t n, T least, T most) {
    std::vector<T> found(n);
    for (T& number : found) number = input.ConsumeIntegralInRange<T>(least, most);
    return found;
}

// Rows whose ids ascend within 0 … n_columns − 1, each given with such a chance in 256.
struct Rows {
    std::vector<std::int64_t> indptr{0};
    std::vector<std::int32_t> ids;
};

inline Rows sound_rows(FuzzedDataProvider& input, std::size_t n_rows, std::int32_t n_columns) {
    Rows rows;
    for (std::size_t row = 0; row < n_rows; ++row) {
        const auto share = input.ConsumeIntegral<std::uint8_t>();
        for (std::int32_t id = 0; id < n_columns; ++id)
            if (share && input.ConsumeIntegral<std::uint8_t>() <= share) rows.ids.push_back(id);
        rows.indptr.push_back(static_cast<std::int64_t>(rows.ids.size()));
    }
    return rows;
}

// Floats of moderate size, so that no sum overflows, and of all signs; now and then 0.
inline std::vector<float> values(FuzzedDataProvider& input, std::size_t n) {
    std::vector<float> found(n);
    for (float& value : found) value = static_cast<float>(input.ConsumeIntegral<std::int16_t>()) / 300.0f;
    return found;
}
