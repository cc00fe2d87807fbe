#include "formats/format_rows.hpp"

#include <charconv>
#include <utility>

namespace pwdismec {

namespace {

constexpr std::size_t id_width = 11;     // -2147483648
constexpr std::size_t value_width = 15;  // -1.17549435e-38
constexpr std::size_t pair_width = id_width + value_width + 2;
constexpr std::size_t label_width = id_width + 1;

std::size_t entries(RowOffsets rows) {
    return static_cast<std::size_t>(rows.offsets[rows.n_rows] - rows.offsets[0]);
}

// The callers reserve room for the widest numbers, so to_chars cannot fail.
template <class Number>
char* put(char* out, std::size_t width, Number number) {
    return std::to_chars(out, out + width, number).ptr;
}

char* put_pairs(char* out, std::int64_t begin, std::int64_t end, const std::int32_t* ids, const float* values) {
    for (std::int64_t i = begin; i < end; ++i) {
        if (i != begin) *out++ = ' ';
        out = put(out, id_width, ids[i]);
        *out++ = ':';
        out = put(out, value_width, values[i]);
    }
    return out;
}

char* put_labels(char* out, std::int64_t begin, std::int64_t end, const std::int32_t* labels) {
    for (std::int64_t i = begin; i < end; ++i) {
        if (i != begin) *out++ = ',';
        out = put(out, id_width, labels[i]);
    }
    return out;
}

char* begin_of(Buffer<std::uint8_t>& text) { return reinterpret_cast<char*>(text.data.get()); }

Buffer<std::uint8_t> finish(Buffer<std::uint8_t>&& text, const char* end) {
    text.size = static_cast<std::size_t>(end - begin_of(text));
    return std::move(text);
}

}  // namespace

Buffer<std::uint8_t> format_ranked_rows(RowOffsets rows, const std::int32_t* ids, const float* values) {
    Buffer<std::uint8_t> text(entries(rows) * pair_width + rows.n_rows);
    char* out = begin_of(text);
    for (std::size_t row = 0; row < rows.n_rows; ++row) {
        out = put_pairs(out, rows.offsets[row], rows.offsets[row + 1], ids, values);
        *out++ = '\n';
    }
    return finish(std::move(text), out);
}

Buffer<std::uint8_t> format_labelled_rows(RowOffsets rows, const std::int32_t* ids, const float* values,
                                  RowOffsets label_rows, const std::int32_t* labels) {
    Buffer<std::uint8_t> text(entries(rows) * pair_width + entries(label_rows) * label_width + 2 * rows.n_rows);
    char* out = begin_of(text);
    for (std::size_t row = 0; row < rows.n_rows; ++row) {
        out = put_labels(out, label_rows.offsets[row], label_rows.offsets[row + 1], labels);
        if (rows.offsets[row] != rows.offsets[row + 1]) *out++ = ' ';
        out = put_pairs(out, rows.offsets[row], rows.offsets[row + 1], ids, values);
        *out++ = '\n';
    }
    return finish(std::move(text), out);
}

}  // namespace pwdismec
