#include "prediction/postings.hpp"

#include <algorithm>
#include <bit>
#include <stdexcept>

#include "support/memory.hpp"

namespace pwdismec {

void fill_postings(std::span<const std::int64_t> indptr, const std::int32_t* indices, const float* data,
                   std::span<const std::uint16_t> positions, const DenseFeatures& dense, std::size_t n_labels,
                   std::span<const std::uint32_t> starts, std::uint32_t* filled, std::span<std::uint32_t> lists,
                   std::uint32_t* dense_words) {
    for (std::size_t row = 0; row < positions.size(); ++row) {
        for (std::int64_t e = indptr[row]; e < indptr[row + 1]; ++e) {
            if (const std::uint32_t number = dense.find(indices[e]); number != DenseFeatures::kNone) {
                put_dense_weight(dense_words, positions[row], number, n_labels, dense.size(), data[e]);
                continue;
            }
            const auto feature = static_cast<std::size_t>(indices[e]);
            const std::size_t start = starts[feature], stop = starts[feature + 1];
            if (start > stop || stop > lists.size() || filled[feature] >= weights_in(stop - start))
                throw std::out_of_range("a list has no room for a weight");
            std::uint32_t* list = lists.data() + start;
            const std::size_t place = filled[feature]++;
            list[place] = std::bit_cast<std::uint32_t>(data[e]);
            reinterpret_cast<std::uint16_t*>(list + weights_in(stop - start))[place] = positions[row];
        }
    }
}

namespace {

// Where the list of a feature starts is a cache miss, and so is the list; both are fetched ahead of their use, the
// first ones before the first is used.
// Of a long list as much as it takes for the processor to see by itself that it goes on: lines of its weights,
// and the lines of their places.
constexpr std::size_t kStartsAhead = 24, kListsAhead = 12;
constexpr std::size_t kFetchedWeights = 128, kWeightsALine = 16, kPlacesALine = 32;

// The words of a feature's list, if they lie in the block: it is mapped from a file, which somebody may have damaged
// since it was checked.
bool find_list(const Postings& postings, std::int32_t feature, std::span<const std::uint32_t>& words) {
    const std::size_t start = postings.starts[static_cast<std::size_t>(feature)];
    const std::size_t stop = postings.starts[static_cast<std::size_t>(feature) + 1];
    if (start > stop || stop > postings.lists.size()) return false;
    words = postings.lists.subspan(start, stop - start);
    return true;
}

void fetch_list(const Postings& postings, std::int32_t feature) {
    std::span<const std::uint32_t> words;
    if (!find_list(postings, feature, words)) return;
    const std::size_t n = weights_in(words.size());
    const std::uint32_t* list = words.data();
    const std::size_t fetched = std::min(n, kFetchedWeights);
    for (std::size_t i = 0; i < fetched; i += kWeightsALine) prefetch(list + i);
    const auto* places = reinterpret_cast<const std::uint16_t*>(list + n);
    for (std::size_t i = 0; i < fetched; i += kPlacesALine) prefetch(places + i);
}

void fetch_ahead(const Postings& postings, std::span<const ListedValue> values, std::size_t e) {
    if (e + kStartsAhead < values.size())
        prefetch(postings.starts.data() + values[e + kStartsAhead].feature);
    const std::size_t ahead = e + kListsAhead;
    if (ahead < values.size() && values[ahead].feature != values[ahead - 1].feature)
        fetch_list(postings, values[ahead].feature);
}

void add_list(float x, const std::uint16_t* __restrict places, const float* __restrict weights, std::size_t n,
              float* __restrict scores) {
    for (std::size_t i = 0; i < n; ++i) scores[places[i]] += x * weights[i];
}

}  // namespace

void add_lists(const Postings& postings, std::span<const ListedValue> values, std::size_t n_labels,
               float* scores) {
    for (const ListedValue& x : values.first(std::min(kStartsAhead, values.size())))
        prefetch(postings.starts.data() + x.feature);
    for (const ListedValue& x : values.first(std::min(kListsAhead, values.size())))
        fetch_list(postings, x.feature);
    for (std::size_t e = 0; e < values.size(); ++e) {
        fetch_ahead(postings, values, e);
        const ListedValue& x = values[e];
        std::span<const std::uint32_t> words;
        if (!find_list(postings, x.feature, words)) throw std::runtime_error("a list lies outside its block");
        const std::size_t n = weights_in(words.size());
        add_list(x.value, reinterpret_cast<const std::uint16_t*>(words.data() + n),
                 reinterpret_cast<const float*>(words.data()), n, scores + x.row * n_labels);
    }
}

}  // namespace pwdismec
