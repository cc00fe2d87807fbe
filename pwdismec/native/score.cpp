#include "score.hpp"

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <vector>

#include "arrays.hpp"
#include "bindings.hpp"
#include "prefetch.hpp"
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

// Where the list of a feature starts is a cache miss, and so is the list; both are fetched ahead of their use.
// Of a long list as much as it takes for the processor to see by itself that it goes on: lines of its weights,
// and the lines of their places. A full list is read by all instances and is in the cache.
constexpr std::size_t kAhead = 8;
constexpr std::size_t kFetchedWeights = 128, kWeightsALine = 16, kPlacesALine = 32;

void fetch_start(const Postings& postings, std::int32_t feature) {
    prefetch(postings.starts.data() + feature);
}

void fetch_list(const Postings& postings, std::int32_t feature) {
    const std::size_t start = postings.starts[static_cast<std::size_t>(feature)];
    const std::size_t words = postings.starts[static_cast<std::size_t>(feature) + 1] - start;
    const std::uint32_t* list = postings.lists.data() + start;
    prefetch(list);
    if (words == postings.n_labels) return;
    const std::size_t n = weights_in(words), fetched = std::min(n, kFetchedWeights);
    const auto* places = reinterpret_cast<const std::uint16_t*>(list + n);
    for (std::size_t i = kWeightsALine; i < fetched; i += kWeightsALine) prefetch(list + i);
    for (std::size_t i = 0; i < fetched; i += kPlacesALine) prefetch(places + i);
}

void accumulate(const Postings& postings, std::span<const std::int32_t> features, const float* values,
                float* scores) {
    for (const std::int32_t feature : features) fetch_start(postings, feature);
    for (std::size_t e = 0; e < std::min(kAhead, features.size()); ++e) fetch_list(postings, features[e]);
    for (std::size_t e = 0; e < features.size(); ++e) {
        if (e + kAhead < features.size()) fetch_list(postings, features[e + kAhead]);
        const auto feature = static_cast<std::size_t>(features[e]);
        const std::size_t start = postings.starts[feature], stop = postings.starts[feature + 1];
        // An index is mapped from a file, which somebody may have damaged since it was checked.
        if (start > stop || stop > postings.lists.size())
            throw std::runtime_error("a list lies outside its block");
        const std::uint32_t* list = postings.lists.data() + start;
        const auto* weights = reinterpret_cast<const float*>(list);
        if (stop - start == postings.n_labels) {
            add_full_list(values[e], weights, stop - start, scores);
        } else {
            const std::size_t n = weights_in(stop - start);
            add_list(values[e], reinterpret_cast<const std::uint16_t*>(list + n), weights, n, scores);
        }
    }
}

// What scoring an instance needs, kept by each thread. Scores have a place for whatever label a list may
// name, be it damaged.
struct Scratch {
    std::vector<float> scores = std::vector<float>(std::size_t{1} << 16);
    TopKSelector selector;
    std::vector<RankKey> before, merged;
};

// The keys of an instance's row: its places up to the first one left.
void read_row(std::size_t k, const std::int32_t* labels, const float* scores, std::vector<RankKey>& keys) {
    keys.clear();
    for (std::size_t place = 0; place < k && labels[place] >= 0; ++place)
        keys.push_back(rank_key(scores[place], labels[place]));
}

void write_row(std::span<const RankKey> keys, std::size_t k, std::int32_t* labels, float* scores) {
    for (std::size_t place = 0; place < std::min(k, keys.size()); ++place) {
        labels[place] = key_label(keys[place]);
        scores[place] = key_score(keys[place]);
    }
}

// Lets a block's labels, scored, compete with those in an instance's row.
void merge_row(const LabelBlock& block, std::size_t k, std::int32_t* labels, float* scores, Scratch& scratch) {
    auto& [block_scores, selector, before, merged] = scratch;
    const std::size_t n_labels = block.postings.n_labels;
    read_row(k, labels, scores, before);
    selector.start(std::min(k, n_labels), before.size() == k ? before.back() : 0);
    selector.offer({block_scores.data(), n_labels}, block.label_ids);
    const std::span<const RankKey> found = selector.sorted();
    merged.resize(before.size() + found.size());
    std::merge(before.begin(), before.end(), found.begin(), found.end(), merged.begin(), std::greater<>());
    write_row(merged, k, labels, scores);
}

}  // namespace

void score_top_k(std::span<const LabelBlock> blocks, std::span<const std::int64_t> indptr,
                 const std::int32_t* indices, const float* data, std::size_t k, std::int32_t* top_labels,
                 float* top_scores) {
    thread_local Scratch scratch;
    for (const LabelBlock& block : blocks) {
        for (std::size_t row = 0; row + 1 < indptr.size(); ++row) {
            const auto nnz = static_cast<std::size_t>(indptr[row + 1] - indptr[row]);
            std::copy_n(block.bias, block.postings.n_labels, scratch.scores.begin());
            accumulate(block.postings, {indices + indptr[row], nnz}, data + indptr[row], scratch.scores.data());
            merge_row(block, k, top_labels + row * k, top_scores + row * k, scratch);
        }
    }
}

namespace {

// A block and the arrays it lies in.
struct BoundBlock {
    BoundBlock(ArrayIn<std::uint32_t> starts_, ArrayIn<std::uint32_t> lists_, ArrayIn<float> bias_,
               ArrayIn<std::int32_t> label_ids_)
        : starts(starts_), lists(lists_), bias(bias_), label_ids(label_ids_) {
        const std::size_t n_labels = bias.size();
        if (n_labels > std::size_t{1} << 16 || label_ids.size() != n_labels)
            throw nb::value_error("the arrays of a block do not fit each other");
    }

    LabelBlock view() const {
        return {{{starts.data(), starts.size()}, {lists.data(), lists.size()}, bias.size()},
                bias.data(),
                label_ids.data()};
    }

    ArrayIn<std::uint32_t> starts, lists;
    ArrayIn<float> bias;
    ArrayIn<std::int32_t> label_ids;
};

}  // namespace

void bind_score(nb::module_& m) {
    nb::class_<BoundBlock>(m, "LabelBlock")
        .def(nb::init<ArrayIn<std::uint32_t>, ArrayIn<std::uint32_t>, ArrayIn<float>, ArrayIn<std::int32_t>>(),
             nb::arg("starts"), nb::arg("lists"), nb::arg("bias"), nb::arg("label_ids"));
    m.def(
        "score_top_k",
        [](nb::list blocks, ArrayIn<std::int64_t> indptr, ArrayIn<std::int32_t> indices, ArrayIn<float> data,
           MatrixInOut<std::int32_t> top_labels, MatrixInOut<float> top_scores) {
            std::vector<LabelBlock> views;
            views.reserve(blocks.size());
            for (nb::handle block : blocks) views.push_back(nb::cast<const BoundBlock&>(block).view());
            nb::gil_scoped_release release;
            score_top_k(views, {indptr.data(), indptr.size()}, indices.data(), data.data(), top_labels.shape(1),
                        top_labels.data(), top_scores.data());
        },
        nb::arg("blocks"), nb::arg("indptr"), nb::arg("indices"), nb::arg("data"),
        nb::arg("top_labels").noconvert(), nb::arg("top_scores").noconvert());
}

}  // namespace pwdismec
