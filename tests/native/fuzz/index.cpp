// An index as a stranger may have written it: what is refused is refused, and scores of all else come from inside
// its arrays, whatever is in them.
#include <algorithm>
#include <stdexcept>

#include "fuzzing.hpp"
#include "prediction/score.hpp"

namespace {

using pwdismec::DenseFeatures;

bool ascend_within(const std::vector<std::int32_t>& ids, std::int64_t n) {
    std::int64_t last = -1;
    for (const std::int32_t id : ids) {
        if (id <= last || id >= n) return false;
        last = id;
    }
    return true;
}

// A size, or seldom another one.
std::size_t about(FuzzedDataProvider& input, std::size_t size) {
    return input.ConsumeIntegral<std::uint8_t>() ? size : input.ConsumeIntegralInRange<std::size_t>(0, 100);
}

// Offsets of which most lie within so many words.
std::vector<std::uint32_t> some_starts(FuzzedDataProvider& input, std::size_t n, std::size_t n_words) {
    auto starts = numbers_within<std::uint32_t>(input, n, 0, static_cast<std::uint32_t>(n_words));
    if (input.ConsumeBool()) std::sort(starts.begin(), starts.end());
    if (!starts.empty() && input.ConsumeIntegral<std::uint8_t>() < 32)
        starts[input.ConsumeIntegralInRange<std::size_t>(0, n - 1)] = input.ConsumeIntegral<std::uint32_t>();
    return starts;
}

std::vector<pwdismec::TileBounds> some_bounds(FuzzedDataProvider& input, std::size_t n) {
    const std::vector<float> floats = numbers<float>(input, 2 * n);
    std::vector<pwdismec::TileBounds> bounds;
    for (std::size_t t = 0; t < n; ++t) bounds.push_back({floats[2 * t], floats[2 * t + 1]});
    return bounds;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    FuzzedDataProvider input(data, size);
    const auto n_features = input.ConsumeIntegralInRange<std::int32_t>(0, 12);
    std::vector<std::int32_t> ids = sound_rows(input, 1, n_features).ids;
    if (input.ConsumeIntegral<std::uint8_t>() < 16) ids = numbers<std::int32_t>(input, ids.size());
    const bool sound = ascend_within(ids, n_features);
    try {
        const DenseFeatures made(ids, static_cast<std::size_t>(n_features));
        EXPECT(sound);
    } catch (const std::invalid_argument&) {
        EXPECT(!sound);
        return 0;
    }
    const DenseFeatures dense(ids, static_cast<std::size_t>(n_features));
    for (std::int32_t feature = 0; feature < n_features; ++feature) {
        const auto place = std::lower_bound(ids.begin(), ids.end(), feature);
        const bool is_dense = place != ids.end() && *place == feature;
        const auto number = static_cast<std::uint32_t>(place - ids.begin());
        EXPECT(dense.find(feature) == (is_dense ? number : DenseFeatures::kNone));
    }

    const auto n_labels = input.ConsumeIntegralInRange<std::size_t>(0, 70);
    const auto n_words = input.ConsumeIntegralInRange<std::size_t>(0, 60);
    const std::vector<std::uint32_t> starts =
        some_starts(input, about(input, static_cast<std::size_t>(n_features) + 1), n_words);
    const std::vector<std::int32_t> label_ids = numbers<std::int32_t>(input, about(input, n_labels));
    const std::vector<float> bias = numbers<float>(input, n_labels);
    const auto bounds = some_bounds(input, about(input, pwdismec::tiles_of(n_labels)));
    const Rows x = sound_rows(input, input.ConsumeIntegralInRange<std::size_t>(0, 4), n_features);
    const std::vector<float> x_values = numbers<float>(input, x.ids.size());
    const auto k = input.ConsumeIntegralInRange<std::size_t>(1, 8);
    const std::vector<std::uint32_t> lists = numbers<std::uint32_t>(input, n_words);
    const std::vector<std::uint32_t> dense_words =
        numbers<std::uint32_t>(input, about(input, pwdismec::dense_words_of(n_labels, dense.size())));

    const pwdismec::LabelBlock block{{starts, lists}, dense_words, bounds, bias, label_ids};
    if (!pwdismec::is_consistent(block) || !pwdismec::is_of(block, dense)) return 0;
    const std::size_t n_rows = x.indptr.size() - 1;
    std::vector<std::int32_t> labels = numbers<std::int32_t>(input, n_rows * k);  // the best of others, as it may be
    std::vector<float> scores = numbers<float>(input, n_rows * k);
    try {
        pwdismec::score_top_k(dense, {&block, 1}, x.indptr, x.ids.data(), x_values.data(), k, labels.data(),
                              scores.data());
    } catch (const std::runtime_error&) {  // a list lies outside its block
    }
    return 0;
}
