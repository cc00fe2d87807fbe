// What is formatted reads back as the same arrays, bit for bit.
#include "formats/format_rows.hpp"

#include <cmath>
#include <limits>

#include "formats/parse_rows.hpp"
#include "fuzzing.hpp"

namespace {

constexpr std::int32_t kMost = std::numeric_limits<std::int32_t>::max();

// Ids of 10 columns, or of all that there may be.
std::vector<std::int32_t> spread(std::vector<std::int32_t> ids, bool far) {
    if (far)
        for (std::int32_t& id : ids) id = kMost - 1 - (9 - id) * 190'000'000;
    return ids;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    FuzzedDataProvider input(data, size);
    const auto n_rows = input.ConsumeIntegralInRange<std::size_t>(0, 6);
    const bool labelled = input.ConsumeBool(), far = input.ConsumeBool();
    const Rows features = sound_rows(input, n_rows, 10), labels = sound_rows(input, n_rows, 10);
    std::vector<float> values = numbers<float>(input, features.ids.size());
    for (float& value : values)
        if (!std::isfinite(value)) value = -std::numeric_limits<float>::denorm_min();
    const std::vector<std::int32_t> ids = spread(features.ids, far), label_ids = spread(labels.ids, far);

    const pwdismec::RowOffsets rows{features.indptr.data(), n_rows}, label_rows{labels.indptr.data(), n_rows};
    const auto text = labelled ? pwdismec::format_labelled_rows(rows, ids.data(), values.data(), label_rows, label_ids.data())
                               : pwdismec::format_ranked_rows(rows, ids.data(), values.data());
    const std::vector<char> exact(text.data.get(), text.data.get() + text.size);
    const auto found = pwdismec::parse_rows(exact.data(), exact.size(), {.labels = labelled, .ranked = !labelled},
                                            {.n_features = kMost, .n_labels = kMost});
    EXPECT(found.fault == pwdismec::RowFault::none);
    EXPECT(found.indptr.size == n_rows + 1 && found.indices.size == ids.size());
    EXPECT(std::memcmp(found.indptr.data.get(), features.indptr.data(), (n_rows + 1) * sizeof(std::int64_t)) == 0);
    for (std::size_t i = 0; i < ids.size(); ++i) {
        EXPECT(found.indices.data[i] == ids[i]);
        EXPECT(std::memcmp(&found.values.data[i], &values[i], sizeof(float)) == 0);
    }
    if (!labelled) return 0;
    EXPECT(found.labels.size == label_ids.size());
    EXPECT(std::memcmp(found.label_indptr.data.get(), labels.indptr.data(), (n_rows + 1) * sizeof(std::int64_t)) == 0);
    for (std::size_t i = 0; i < label_ids.size(); ++i) EXPECT(found.labels.data[i] == label_ids[i]);
    return 0;
}
