// CSR arrays to rows of text: the inverse of parse_rows.
//
// Values are written with the fewest digits that read back as the same float.
#pragma once

#include <cstddef>
#include <cstdint>

#include "support/memory.hpp"

namespace pwdismec {

// Rows by offsets; `offsets` has n_rows + 1 entries and need not start at 0.
struct RowOffsets {
    const std::int64_t* offsets;
    std::size_t n_rows;
};

// "id:value id:value ...\n" for each row, ids in the order they stand in.
Buffer<std::uint8_t> format_ranked_rows(RowOffsets rows, const std::int32_t* ids, const float* values);

// "label,label,... id:value id:value ...\n" for each row; a row without labels starts with a
// blank, a row with nothing is an empty line.
Buffer<std::uint8_t> format_labelled_rows(RowOffsets rows, const std::int32_t* ids, const float* values,
                                  RowOffsets label_rows, const std::int32_t* labels);

}  // namespace pwdismec
