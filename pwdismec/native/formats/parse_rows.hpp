// Rows of text to CSR arrays.
//
//     label,label,... feature:value feature:value ...
//
// A row is a line, ended by \n or \r\n (the last one may end with the text).
// Fields are separated by blanks and tabs, which may also follow a comma. A line that starts with a blank, or
// whose first field holds a colon, has no labels; a row may be empty.
#pragma once

#include <cstddef>
#include <cstdint>

#include "support/memory.hpp"

namespace pwdismec {

// What rows may look like.
struct RowSyntax {
    bool labels = false;    // rows may start with a list of labels
    bool comments = false;  // '#' opens a comment; a line that only holds a comment is no row
    bool positive = false;  // values must be above zero
    bool ranked = false;    // features keep their order, which has a meaning
};

// The ids that rows may hold, of each kind: first <= id < first + n; they are stored less first.
struct IdRange {
    std::int64_t first_feature = 0;
    std::int64_t n_features = 0;
    std::int64_t first_label = 0;
    std::int64_t n_labels = 0;
};

enum class RowFault : int {
    none,
    label,          // not an unsigned number
    label_range,
    label_twice,    // the same label twice in a row
    feature,        // not an unsigned number and a colon
    feature_range,
    feature_twice,
    value,          // not a finite number within float32
    value_sign,     // not above zero
};

struct ParsedRows {
    Buffer<std::int64_t> label_indptr;
    Buffer<std::int32_t> labels;  // ascending in each row
    Buffer<std::int64_t> indptr;
    Buffer<std::int32_t> indices;  // ascending in each row, unless ranked
    Buffer<float> values;

    std::int64_t n_lines = 0;         // read, up to the faulty one
    RowFault fault = RowFault::none;  // the first one; nothing behind it is read
    std::int64_t fault_offset = 0;    // where the faulty field begins; the line, if an id is named
    std::int64_t fault_id = 0;        // the id that is there twice or with a wrong sign, as written
};

// Parses `size` bytes of whole lines. Never reads outside them.
ParsedRows parse_rows(const char* text, std::size_t size, const RowSyntax& syntax, const IdRange& ids);

}  // namespace pwdismec
