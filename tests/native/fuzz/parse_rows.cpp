// parse_rows against a parser that goes field by field and knows no tricks.
#include "formats/parse_rows.hpp"

#include <algorithm>
#include <utility>

#include "decimals.hpp"
#include "fuzzing.hpp"

using pwdismec::IdRange;
using pwdismec::RowFault;
using pwdismec::RowSyntax;

namespace {

struct Fault {
    RowFault fault = RowFault::none;
    std::size_t offset = 0;
    std::int64_t id = -1;  // −1: none
};

class Reference {
public:
    Reference(std::string_view text, const RowSyntax& syntax, const IdRange& ids)
        : text_(text), syntax_(syntax), ids_(ids) {
        if (!text.empty() && text.back() != '\n') text_ += '\n';
        while (at_ < text_.size() && fault.fault == RowFault::none) parse_line();
    }

    std::vector<std::vector<std::int32_t>> labels;
    std::vector<std::vector<std::pair<std::int32_t, float>>> rows;
    std::int64_t n_lines = 0;
    Fault fault;

private:
    char here(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\n'; }
    bool is_blank() const { return here() == ' ' || here() == '\t'; }
    bool is_line_end() const {
        return here() == '\n' || (here() == '\r' && here(1) == '\n') || (syntax_.comments && here() == '#');
    }
    bool is_field_end() const { return is_blank() || is_line_end(); }
    void next_line() { at_ = text_.find('\n', at_) + 1; }
    void fail(RowFault why, std::size_t offset, std::int64_t id = -1) {
        fault = {why, offset, id};
    }
    bool has_failed() const { return fault.fault != RowFault::none; }

    ReferenceId read_id() {
        const ReferenceId id = reference_id(std::string_view(text_).substr(at_));
        at_ += id.length;
        return id;
    }

    static bool is_within(std::uint64_t id, std::int64_t first, std::int64_t n) {
        const auto number = static_cast<std::int64_t>(id) - first;
        return 0 <= number && number < n;
    }

    void parse_line() {
        line_ = at_;
        while (is_blank()) ++at_;
        if (syntax_.comments && here() == '#') {
            next_line();
            ++n_lines;
            return;
        }
        at_ = line_;
        std::vector<std::int32_t> of_labels;
        std::vector<std::pair<std::int32_t, float>> of_features;
        if (syntax_.labels && !is_field_end()) parse_labels(of_labels);
        if (!has_failed()) parse_features(of_features);
        if (has_failed()) return;
        labels.push_back(of_labels);
        rows.push_back(of_features);
        next_line();
        ++n_lines;
    }

    void parse_labels(std::vector<std::int32_t>& found) {
        for (;; ++at_) {
            while (is_blank()) ++at_;
            const std::size_t field = at_;
            const ReferenceId id = read_id();
            if (id.length == 0) return fail(RowFault::label, field);
            if (here() == ':' && found.empty()) {
                at_ = field;
                return;
            }
            if (here() != ',' && !is_field_end()) return fail(RowFault::label, field);
            if (!is_within(id.value, ids_.first_label, ids_.n_labels)) return fail(RowFault::label_range, field);
            found.push_back(static_cast<std::int32_t>(static_cast<std::int64_t>(id.value) - ids_.first_label));
            if (here() != ',') break;
        }
        std::sort(found.begin(), found.end());
        const auto twice = std::adjacent_find(found.begin(), found.end());
        if (twice != found.end()) fail(RowFault::label_twice, line_, *twice + ids_.first_label);
    }

    void parse_features(std::vector<std::pair<std::int32_t, float>>& found) {
        while (true) {
            while (is_blank()) ++at_;
            if (is_line_end()) break;
            const std::size_t field = at_;
            const ReferenceId id = read_id();
            if (id.length == 0 || here() != ':') return fail(RowFault::feature, field);
            if (!is_within(id.value, ids_.first_feature, ids_.n_features)) return fail(RowFault::feature_range, field);
            ++at_;
            const auto number = reference_float(std::string_view(text_).substr(at_));
            if (!number) return fail(RowFault::value, field);
            at_ += number->length;
            if (!is_field_end()) return fail(RowFault::value, field);
            found.emplace_back(static_cast<std::int64_t>(id.value) - ids_.first_feature, number->value);
        }
        for (const auto& [id, value] : found)
            if (syntax_.positive && !(value > 0)) return fail(RowFault::value_sign, line_, id + ids_.first_feature);
        auto sorted = found;
        std::sort(sorted.begin(), sorted.end());
        for (std::size_t i = 1; i < sorted.size(); ++i)
            if (sorted[i].first == sorted[i - 1].first)
                return fail(RowFault::feature_twice, line_, sorted[i].first + ids_.first_feature);
        if (!syntax_.ranked) found = sorted;
    }

    std::string text_;
    RowSyntax syntax_;
    IdRange ids_;
    std::size_t at_ = 0, line_ = 0;
};

}  // namespace

// The first three bytes say what rows may look like; all others are the text.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 3) return 0;
    const bool ranked = data[0] & 8;
    const RowSyntax syntax{(data[0] & 1) && !ranked, (data[0] & 2) != 0, (data[0] & 4) != 0, ranked};
    constexpr std::int64_t sizes[] = {0, 1, 10, 1000, 30'000'000, 2'147'483'647};
    const IdRange ids{data[0] >> 4 & 1, sizes[data[1] % 6], data[0] >> 5 & 1, sizes[data[2] % 6]};
    const std::vector<char> text(data + 3, data + size);

    const pwdismec::ParsedRows found = pwdismec::parse_rows(text.data(), text.size(), syntax, ids);
    const Reference expected({text.data(), text.size()}, syntax, ids);
    EXPECT(found.fault == expected.fault.fault && found.n_lines == expected.n_lines);
    if (found.fault != RowFault::none) {
        EXPECT(found.fault_offset == static_cast<std::int64_t>(expected.fault.offset));
        EXPECT(expected.fault.id < 0 || found.fault_id == expected.fault.id);
    }
    EXPECT(found.indptr.size == expected.rows.size() + 1 && found.label_indptr.size == expected.rows.size() + 1);
    std::size_t place = 0, label_place = 0;
    for (std::size_t row = 0; row < expected.rows.size(); ++row) {
        for (const auto& [id, value] : expected.rows[row]) {
            EXPECT(found.indices.data[place] == id);
            EXPECT(std::memcmp(&found.values.data[place], &value, sizeof value) == 0);
            ++place;
        }
        for (const std::int32_t label : expected.labels[row]) EXPECT(found.labels.data[label_place++] == label);
        EXPECT(found.indptr.data[row + 1] == static_cast<std::int64_t>(place));
        EXPECT(found.label_indptr.data[row + 1] == static_cast<std::int64_t>(label_place));
    }
    return 0;
}
