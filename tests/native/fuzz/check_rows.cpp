// check_rows and check_offsets against one id after another, in integers that do not overflow; first_not_finite.
#include "support/check_arrays.hpp"

#include <cmath>
#include <span>

#include "fuzzing.hpp"

using pwdismec::FaultyPlace;
using pwdismec::SparseFault;

namespace {

using Offsets = std::vector<std::int64_t>;
using Ids = std::vector<std::int32_t>;

SparseFault fault_of_offsets(const Offsets& offsets, std::size_t n_items) {
    std::int64_t last = 0;
    if (offsets.empty()) return SparseFault::offsets;
    for (const std::int64_t offset : offsets) {
        if (offset < last) return SparseFault::offsets;
        last = offset;
    }
    return last > static_cast<std::int64_t>(n_items) ? SparseFault::end : SparseFault::none;
}

FaultyPlace fault_of_rows(const Offsets& offsets, const Ids& ids, std::int64_t n_columns) {
    if (const SparseFault fault = fault_of_offsets(offsets, ids.size()); fault != SparseFault::none) return {fault};
    for (std::size_t row = 0; row + 1 < offsets.size(); ++row) {
        std::int64_t last = -1;
        for (std::int64_t i = offsets[row]; i < offsets[row + 1]; ++i) {
            const auto place = static_cast<std::size_t>(i);
            const std::int64_t id = ids.at(place);
            if (id < 0 || id >= n_columns) return {SparseFault::range, row, place};
            if (id == last) return {SparseFault::twice, row, place};
            if (id < last) return {SparseFault::order, row, place};
            last = id;
        }
    }
    return {};
}

// Sound ones, of which a few numbers are changed, or none at all.
void change(FuzzedDataProvider& input, Offsets& offsets, Ids& ids) {
    for (int changes = input.ConsumeIntegralInRange(0, 3); changes > 0; --changes) {
        if (input.ConsumeBool() && !ids.empty())
            ids[input.ConsumeIntegralInRange<std::size_t>(0, ids.size() - 1)] = input.ConsumeIntegral<std::int32_t>();
        else if (!offsets.empty())
            offsets[input.ConsumeIntegralInRange<std::size_t>(0, offsets.size() - 1)] =
                input.ConsumeBool() ? input.ConsumeIntegral<std::int64_t>()
                                    : input.ConsumeIntegralInRange<std::int64_t>(-1, 80);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    FuzzedDataProvider input(data, size);
    std::int64_t n_columns = input.ConsumeIntegralInRange<std::int64_t>(0, 40);
    Rows rows = sound_rows(input, input.ConsumeIntegralInRange<std::size_t>(0, 6), static_cast<std::int32_t>(n_columns));
    if (input.ConsumeBool()) n_columns = input.ConsumeIntegral<std::int64_t>();
    if (input.ConsumeBool()) rows.indptr = numbers<std::int64_t>(input, input.ConsumeIntegralInRange<std::size_t>(0, 4));
    change(input, rows.indptr, rows.ids);

    EXPECT(pwdismec::check_offsets(rows.indptr, rows.ids.size()) == fault_of_offsets(rows.indptr, rows.ids.size()));
    const FaultyPlace found = pwdismec::check_rows(rows.indptr, rows.ids, n_columns);
    const FaultyPlace expected = fault_of_rows(rows.indptr, rows.ids, n_columns);
    EXPECT(found.fault == expected.fault && found.row == expected.row && found.place == expected.place);

    const std::vector<float> floats = numbers<float>(input, input.remaining_bytes() / sizeof(float));
    std::size_t place = 0;
    while (place < floats.size() && std::isfinite(floats[place])) ++place;
    EXPECT(pwdismec::first_not_finite(floats) == place);
    return 0;
}
