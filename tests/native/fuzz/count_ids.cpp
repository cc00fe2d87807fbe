// count_ids against one id after another; it stops at the first that has no place.
#include "support/count.hpp"

#include <stdexcept>

#include "fuzzing.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    FuzzedDataProvider input(data, size);
    std::vector<std::int64_t> counts(input.ConsumeIntegralInRange<std::size_t>(0, 300)), expected = counts;
    const bool any = input.ConsumeBool();
    const std::size_t n_ids = input.remaining_bytes() / (any ? 4 : 1);
    const auto ids = any ? numbers<std::int32_t>(input, n_ids) : numbers_within<std::int32_t>(input, n_ids, 0, 255);
    bool fits = true;
    for (const std::int32_t id : ids) {
        fits = 0 <= id && id < static_cast<std::int64_t>(counts.size());
        if (!fits) break;
        ++expected[static_cast<std::size_t>(id)];
    }
    try {
        pwdismec::count_ids(ids, counts);
        EXPECT(fits);
    } catch (const std::out_of_range&) {
        EXPECT(!fits);
    }
    EXPECT(counts == expected);
    return 0;
}
