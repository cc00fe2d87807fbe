#include "score.hpp"

#include <algorithm>
#include <functional>
#include <vector>

#include "arrays.hpp"
#include "bindings.hpp"
#include "top_k.hpp"

namespace pwdismec {

namespace {

void add_full_list(float x, const float* weights, std::size_t n, float* __restrict scores) {
    for (std::size_t p = 0; p < n; ++p) scores[p] += x * weights[p];
}

void add_list(float x, const std::uint16_t* __restrict labels, const float* __restrict weights, std::size_t n,
              float* __restrict scores) {
    for (std::size_t i = 0; i < n; ++i) scores[labels[i]] += x * weights[i];
}

void accumulate(const Postings& postings, std::span<const std::int32_t> features, const float* values,
                float* scores) {
    for (std::size_t e = 0; e < features.size(); ++e) {
        const auto feature = static_cast<std::size_t>(features[e]);
        const std::int64_t start = postings.starts[feature];
        const std::size_t length = postings.length(feature);
        const float* weights = postings.weights.data() + start;
        if (postings.is_full(feature))
            add_full_list(values[e], weights, length, scores);
        else
            add_list(values[e], postings.labels.data() + start, weights, length, scores);
    }
}

// The keys of an instance's row: its places up to the first one left.
std::vector<RankKey> read_row(std::size_t k, const std::int32_t* labels, const float* scores) {
    std::vector<RankKey> keys;
    for (std::size_t place = 0; place < k && labels[place] >= 0; ++place)
        keys.push_back(rank_key(scores[place], labels[place]));
    return keys;
}

void write_row(std::span<const RankKey> keys, std::size_t k, std::int32_t* labels, float* scores) {
    for (std::size_t place = 0; place < std::min(k, keys.size()); ++place) {
        labels[place] = key_label(keys[place]);
        scores[place] = key_score(keys[place]);
    }
}

}  // namespace

void score_top_k(const Postings& postings, const float* bias, const std::int32_t* label_ids,
                 std::span<const std::int64_t> indptr, const std::int32_t* indices, const float* data,
                 std::size_t k, std::int32_t* top_labels, float* top_scores) {
    std::vector<float> scores(postings.n_labels);
    std::vector<RankKey> merged;
    for (std::size_t row = 0; row + 1 < indptr.size(); ++row) {
        const auto nnz = static_cast<std::size_t>(indptr[row + 1] - indptr[row]);
        std::copy_n(bias, scores.size(), scores.begin());
        accumulate(postings, {indices + indptr[row], nnz}, data + indptr[row], scores.data());

        std::int32_t* row_labels = top_labels + row * k;
        float* row_scores = top_scores + row * k;
        const std::vector<RankKey> before = read_row(k, row_labels, row_scores);
        TopKSelector selector(std::min(k, scores.size()), before.size() == k ? before.back() : 0);
        selector.offer(scores, label_ids);
        const std::span<const RankKey> found = selector.sorted();
        merged.resize(before.size() + found.size());
        std::merge(before.begin(), before.end(), found.begin(), found.end(), merged.begin(), std::greater<>());
        write_row(merged, k, row_labels, row_scores);
    }
}

void bind_score(nb::module_& m) {
    m.def(
        "score_top_k",
        [](ArrayIn<std::int64_t> starts, ArrayIn<std::uint16_t> labels, ArrayIn<float> weights,
           ArrayIn<float> bias, ArrayIn<std::int32_t> label_ids, ArrayIn<std::int64_t> indptr,
           ArrayIn<std::int32_t> indices, ArrayIn<float> data, MatrixInOut<std::int32_t> top_labels,
           MatrixInOut<float> top_scores) {
            nb::gil_scoped_release release;
            const Postings postings{{starts.data(), starts.size()},
                                    {labels.data(), labels.size()},
                                    {weights.data(), weights.size()},
                                    bias.size()};
            score_top_k(postings, bias.data(), label_ids.data(), {indptr.data(), indptr.size()}, indices.data(),
                        data.data(), top_labels.shape(1), top_labels.data(), top_scores.data());
        },
        nb::arg("starts"), nb::arg("labels"), nb::arg("weights"), nb::arg("bias"), nb::arg("label_ids"),
        nb::arg("indptr"), nb::arg("indices"), nb::arg("data"), nb::arg("top_labels").noconvert(),
        nb::arg("top_scores").noconvert());
}

}  // namespace pwdismec
