// Blocks built and scored as the predictor does it, against sums in the order that score.hpp promises.
#include "prediction/score.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

#include "fuzzing.hpp"

namespace {

using pwdismec::DenseFeatures;

struct Weights {
    Rows rows;
    std::vector<float> values, bias;
    std::vector<std::int32_t> label_ids;  // ascending
};

struct Built {
    std::vector<std::uint32_t> starts, lists, dense_words;
    std::vector<pwdismec::TileBounds> bounds;

    Built(const Weights& from, const DenseFeatures& dense) {
        const std::size_t n_labels = from.bias.size(), n_features = dense.n_features();
        std::vector<std::uint32_t> lengths(n_features), filled(n_features);
        for (const std::int32_t id : from.rows.ids)
            if (dense.find(id) == DenseFeatures::kNone) ++lengths[static_cast<std::size_t>(id)];
        starts.push_back(0);
        for (const std::uint32_t n : lengths) starts.push_back(starts.back() + n + (n + 1) / 2);
        lists.resize(starts.back());
        dense_words.resize(pwdismec::dense_words_of(n_labels, dense.size()));
        bounds.resize(pwdismec::tiles_of(n_labels));
        std::vector<std::uint16_t> places(n_labels);
        std::iota(places.begin(), places.end(), std::uint16_t{0});
        pwdismec::fill_postings(from.rows.indptr, from.rows.ids.data(), from.values.data(), places, dense, n_labels,
                                starts, filled.data(), lists, dense_words.data());
        pwdismec::find_bounds(dense_words.data(), dense.size(), n_labels, bounds.data());
    }
};

// The features that are not dense first, then the dense ones.
float score_of(const Weights& weights, std::size_t label, const Rows& x, const std::vector<float>& values,
               std::size_t row, const DenseFeatures& dense) {
    float score = weights.bias[label];
    const auto begin = weights.rows.ids.begin() + weights.rows.indptr[label];
    const auto end = weights.rows.ids.begin() + weights.rows.indptr[label + 1];
    for (const bool of_dense : {false, true})
        for (auto e = x.indptr[row]; e < x.indptr[row + 1]; ++e) {
            const std::int32_t feature = x.ids[static_cast<std::size_t>(e)];
            if ((dense.find(feature) != DenseFeatures::kNone) != of_dense) continue;
            const auto weight = std::lower_bound(begin, end, feature);
            if (weight == end || *weight != feature) continue;
            const float product = values[static_cast<std::size_t>(e)] *
                                  weights.values[static_cast<std::size_t>(weight - weights.rows.ids.begin())];
            score += product;
        }
    return score;
}

// Labels of one block, of ids that no other has.
Weights some_weights(FuzzedDataProvider& input, std::size_t n_labels, std::int32_t n_features, std::int32_t first_id,
                     std::int32_t step) {
    Weights weights;
    weights.rows = sound_rows(input, n_labels, n_features);
    weights.values = values(input, weights.rows.ids.size());
    weights.bias = values(input, n_labels);
    for (std::size_t label = 0; label < n_labels; ++label)
        weights.label_ids.push_back(first_id + step * static_cast<std::int32_t>(label));
    return weights;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    FuzzedDataProvider input(data, size);
    const auto n_features = input.ConsumeIntegralInRange<std::int32_t>(0, 12);
    const auto n_rows = input.ConsumeIntegralInRange<std::size_t>(0, 5);
    const auto k = input.ConsumeIntegralInRange<std::size_t>(1, 40);
    const auto n_blocks = input.ConsumeIntegralInRange<std::int32_t>(0, 2);
    const DenseFeatures dense(sound_rows(input, 1, n_features).ids, static_cast<std::size_t>(n_features));
    const Rows x = sound_rows(input, n_rows, n_features);
    const std::vector<float> x_values = values(input, x.ids.size());

    std::vector<Weights> weights;
    std::vector<Built> built;
    for (std::int32_t b = 0; b < n_blocks; ++b) {
        const auto n_labels = input.ConsumeIntegralInRange<std::size_t>(0, 70);
        weights.push_back(some_weights(input, n_labels, n_features, b, n_blocks));
        built.emplace_back(weights.back(), dense);
    }
    std::vector<pwdismec::LabelBlock> blocks;
    for (std::size_t b = 0; b < built.size(); ++b) {
        blocks.push_back({{built[b].starts, built[b].lists}, built[b].dense_words, built[b].bounds, weights[b].bias,
                          weights[b].label_ids});
        EXPECT(pwdismec::is_consistent(blocks.back()) && pwdismec::is_of(blocks.back(), dense));
    }
    constexpr float infinite = std::numeric_limits<float>::infinity();
    std::vector<std::int32_t> labels(n_rows * k, -1);
    std::vector<float> scores(n_rows * k, -infinite);
    pwdismec::score_top_k(dense, blocks, x.indptr, x.ids.data(), x_values.data(), k, labels.data(), scores.data());

    for (std::size_t row = 0; row < n_rows; ++row) {
        std::vector<std::pair<float, std::int32_t>> all;  // by -score, then id
        for (const Weights& of_block : weights)
            for (std::size_t label = 0; label < of_block.bias.size(); ++label)
                all.emplace_back(-score_of(of_block, label, x, x_values, row, dense), of_block.label_ids[label]);
        std::sort(all.begin(), all.end());
        all.resize(k, {infinite, -1});
        for (std::size_t place = 0; place < k; ++place) {
            EXPECT(labels[row * k + place] == all[place].second);
            EXPECT(scores[row * k + place] == -all[place].first);
        }
    }
    return 0;
}
