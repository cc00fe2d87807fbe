#include "formats/parse_rows.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "formats/decimal.hpp"

namespace pwdismec {

namespace {

// Numbers are read by words of eight bytes, which may reach behind the last line.
constexpr std::size_t read_ahead = 8;

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// Occurrences of `c`, in blocks short enough to be counted in bytes (as SIMD lanes).
std::size_t count_of(char c, std::string_view text) {
    constexpr std::size_t block = 192;
    std::size_t total = 0;
    while (text.size() >= block) {
        std::uint8_t in_block = 0;
        for (std::size_t i = 0; i < block; ++i) in_block += text[i] == c;
        total += in_block;
        text.remove_prefix(block);
    }
    return total + static_cast<std::size_t>(std::count(text.begin(), text.end(), c));
}

class Parser {
public:
    Parser(std::string_view text, const RowSyntax& syntax, const IdRange& ids)
        : syntax_(syntax), ids_(ids) {
        const std::size_t rows = count_of('\n', text) + 1;
        const std::size_t features = count_of(':', text);
        rows_.indptr = Buffer<std::int64_t>(rows + 1);
        rows_.indices = Buffer<std::int32_t>(features);
        rows_.values = Buffer<float>(features);
        rows_.label_indptr = Buffer<std::int64_t>(rows + 1);
        rows_.labels = Buffer<std::int32_t>(syntax.labels ? count_of(',', text) + rows : 0);
        rows_.indptr.data[0] = rows_.label_indptr.data[0] = 0;
    }

    // Parses [begin, end), which ends with \n and has `read_ahead` readable bytes from its last byte on;
    // it stands at `offset` in the whole text. False at a fault.
    bool parse_lines(const char* begin, const char* end, std::size_t offset) {
        for (const char* at = begin; at != end; ++rows_.n_lines) {
            line_ = at;
            if (!parse_line(at)) {
                rows_.fault_offset = static_cast<std::int64_t>(offset) + (fault_at_ - begin);
                return false;
            }
        }
        return true;
    }

    ParsedRows finish() {
        rows_.indptr.size = rows_.label_indptr.size = n_rows_ + 1;
        rows_.indices.size = rows_.values.size = n_features_;
        rows_.labels.size = n_labels_;
        return std::move(rows_);
    }

private:
    bool fail(RowFault fault, const char* at, std::int64_t id_as_written = 0) {
        rows_.fault = fault;
        rows_.fault_id = id_as_written;
        fault_at_ = at;
        return false;
    }

    bool at_line_end(const char* at) const {
        return *at == '\n' || (*at == '\r' && at[1] == '\n') || (*at == '#' && syntax_.comments);
    }

    bool at_field_end(const char* at) const { return is_blank(*at) || at_line_end(at); }

    bool parse_line(const char*& at) {
        if (syntax_.comments && is_comment_line(at)) {
            skip_line(at);
            return true;
        }
        if (syntax_.labels && !parse_labels(at)) return false;
        if (!parse_features(at)) return false;
        skip_line(at);
        ++n_rows_;
        rows_.indptr.data[n_rows_] = static_cast<std::int64_t>(n_features_);
        rows_.label_indptr.data[n_rows_] = static_cast<std::int64_t>(n_labels_);
        return true;
    }

    static bool is_comment_line(const char* at) {
        while (is_blank(*at)) ++at;
        return *at == '#';
    }

    static void skip_line(const char*& at) {
        while (*at != '\n') ++at;
        ++at;
    }

    bool parse_labels(const char*& at) {
        if (at_field_end(at)) return true;
        const auto limit = static_cast<std::uint64_t>(ids_.n_labels);
        const auto first_id = static_cast<std::uint64_t>(ids_.first_label);
        std::int32_t* const begin = rows_.labels.data.get() + n_labels_;
        std::int32_t* out = begin;
        std::int64_t previous = -1;
        bool is_ascending = true;
        for (;; ++at) {
            while (is_blank(*at)) ++at;
            const char* const field = at;
            std::uint64_t id;
            if (!read_id(at, id, label_digits_)) return fail(RowFault::label, field);
            if (*at == ':' && out == begin) {  // a feature: the row has no labels
                at = field;
                return true;
            }
            if (*at != ',' && !at_field_end(at)) return fail(RowFault::label, field);
            id -= first_id;  // an id below the first one becomes huge
            if (id >= limit) return fail(RowFault::label_range, field);
            is_ascending &= static_cast<std::int64_t>(id) > previous;
            previous = static_cast<std::int64_t>(id);
            *out++ = static_cast<std::int32_t>(id);
            if (*at != ',') break;
        }
        if (!is_ascending) {
            std::sort(begin, out);
            const std::int32_t* const twice = std::adjacent_find(begin, out);
            if (twice != out) return fail(RowFault::label_twice, line_, *twice + ids_.first_label);
        }
        n_labels_ += static_cast<std::size_t>(out - begin);
        return true;
    }

    bool parse_features(const char*& at) {
        const auto limit = static_cast<std::uint64_t>(ids_.n_features);
        const auto first_id = static_cast<std::uint64_t>(ids_.first_feature);
        std::int32_t* const indices = rows_.indices.data.get() + n_features_;
        float* const values = rows_.values.data.get() + n_features_;
        std::size_t count = 0;
        std::int64_t previous = -1;
        bool is_ascending = true;
        DigitGuess id_digits = feature_digits_, decimals = decimals_;  // copies, to be kept in registers
        for (;;) {
            const char* const field = at;
            std::uint64_t id;
            if (!read_id(at, id, id_digits)) {
                if (is_blank(*at)) {
                    ++at;
                    continue;
                }
                if (at_line_end(at)) break;
                return fail(RowFault::feature, field);
            }
            if (*at != ':') return fail(RowFault::feature, field);
            id -= first_id;  // an id below the first one becomes huge
            if (id >= limit) return fail(RowFault::feature_range, field);
            const FloatInText number = read_float(at + 1, decimals);
            if (!number.end) return fail(RowFault::value, field);
            at = number.end;
            if (*at == ' ') [[likely]]
                ++at;
            else if (!at_field_end(at))
                return fail(RowFault::value, field);
            if (static_cast<std::int64_t>(id) <= previous) is_ascending = false;
            previous = static_cast<std::int64_t>(id);
            indices[count] = static_cast<std::int32_t>(id);
            values[count] = number.value;
            ++count;
        }
        feature_digits_ = id_digits;
        decimals_ = decimals;
        if (syntax_.positive) {
            const float* const low = std::find_if_not(values, values + count, [](float v) { return v > 0; });
            if (low != values + count) return fail(RowFault::value_sign, line_, indices[low - values] + ids_.first_feature);
        }
        n_features_ += count;
        return is_ascending || sort_features(indices, values, count);
    }

    // Sorts a row's features (in a ranked row, a copy of them) and looks for one that is there twice.
    bool sort_features(std::int32_t* indices, float* values, std::size_t count) {
        pairs_.resize(count);
        for (std::size_t i = 0; i < count; ++i) pairs_[i] = {indices[i], values[i]};
        const auto id = [](const Pair& pair) { return pair.id; };
        std::ranges::sort(pairs_, {}, id);
        const auto twice = std::ranges::adjacent_find(pairs_, {}, id);
        if (twice != pairs_.end()) return fail(RowFault::feature_twice, line_, twice->id + ids_.first_feature);
        if (syntax_.ranked) return true;
        for (std::size_t i = 0; i < count; ++i) {
            indices[i] = pairs_[i].id;
            values[i] = pairs_[i].value;
        }
        return true;
    }

    struct Pair {
        std::int32_t id;
        float value;
    };

    const RowSyntax syntax_;
    const IdRange ids_;
    ParsedRows rows_;
    std::size_t n_rows_ = 0, n_features_ = 0, n_labels_ = 0;
    const char* line_ = nullptr;
    const char* fault_at_ = nullptr;
    DigitGuess label_digits_, feature_digits_, decimals_;
    std::vector<Pair> pairs_;
};

}  // namespace

ParsedRows parse_rows(const char* text, std::size_t size, const RowSyntax& syntax, const IdRange& ids) {
    const std::string_view all(text, size);
    Parser parser(all, syntax, ids);

    // The last lines, near the end of what may be read, are parsed from a copy with room behind it.
    const std::size_t last_safe = size < read_ahead ? std::string_view::npos : all.rfind('\n', size - read_ahead);
    const std::size_t cut = last_safe == std::string_view::npos ? 0 : last_safe + 1;
    if (!parser.parse_lines(text, text + cut, 0)) return parser.finish();

    std::string rest(all.substr(cut));
    if (!rest.empty() && rest.back() != '\n') rest += '\n';
    const std::size_t rest_size = rest.size();
    rest.append(read_ahead, '\0');
    parser.parse_lines(rest.data(), rest.data() + rest_size, cut);
    return parser.finish();
}

}  // namespace pwdismec
