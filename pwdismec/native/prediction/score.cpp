#include "prediction/score.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <vector>

#include "prediction/top_k.hpp"
#include "support/memory.hpp"

namespace pwdismec {

namespace {

// Some instances, with the values of dense features apart from the others, which are in the order of their features.
struct Group {
    std::size_t first_row;
    std::vector<std::size_t> dense_starts;
    std::vector<DenseValue> dense;
    std::vector<float> dense_norms;
    std::vector<ListedValue> others;

    DenseRows dense_rows() const { return {dense_starts, dense.data(), dense_norms.data()}; }
    std::size_t n_rows() const { return dense_starts.size() - 1; }
};

// What scoring instances needs, kept by each thread.
struct Scratch {
    std::vector<Group> groups;
    HugeArray<float> scores;
    std::size_t n_scores = 0;
    std::vector<float> best;  // scores of the group's instances, as add_dense wants them
    std::vector<std::uint8_t> reached;
    TopKSelector selector;
    std::vector<RankKey> before, merged;

    void make_room(std::size_t count) {
        if (count > n_scores) {
            scores = {};  // before there is the larger one
            scores = HugeArray<float>(count);
            n_scores = count;
        }
    }
};

void take_apart(const DenseFeatures& dense, std::span<const std::int64_t> indptr, const std::int32_t* indices,
                const float* data, std::size_t first_row, std::size_t n_rows, Group& group) {
    group.first_row = first_row;
    group.dense_starts.assign(1, 0);
    group.dense.clear();
    group.dense_norms.clear();
    group.others.clear();
    for (std::size_t row = 0; row < n_rows; ++row) {
        double squares = 0;
        for (std::int64_t e = indptr[first_row + row]; e < indptr[first_row + row + 1]; ++e) {
            if (const std::uint32_t number = dense.find(indices[e]); number != DenseFeatures::kNone) {
                group.dense.push_back({number, data[e]});
                squares += static_cast<double>(data[e]) * static_cast<double>(data[e]);
            } else
                group.others.push_back({indices[e], static_cast<std::uint32_t>(row), data[e]});
        }
        group.dense_starts.push_back(group.dense.size());
        group.dense_norms.push_back(norm_above(squares));
    }
    if (n_rows > 1)
        std::ranges::sort(group.others, {}, [](const ListedValue& x) {  // by feature, then row, in one comparison
            return static_cast<std::uint64_t>(x.feature) << 32 | x.row;
        });
}

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

// Lets the labels of those of a block's tiles that may hold one of the best compete with an instance's row.
void merge_row(const LabelBlock& block, const float* block_scores, const std::uint8_t* reached, std::size_t k,
               std::int32_t* labels, float* scores, Scratch& scratch) {
    auto& before = scratch.before;
    auto& merged = scratch.merged;
    TopKSelector& selector = scratch.selector;
    const std::size_t n_labels = block.bias.size();
    if (!std::memchr(reached, 1, tiles_of(n_labels))) return;
    read_row(k, labels, scores, before);
    selector.start(std::min(k, n_labels), before.size() == k ? before.back() : 0);
    for (std::size_t first = 0; first < n_labels; first += kTile)
        if (reached[first / kTile])
            selector.offer({block_scores + first, std::min(kTile, n_labels - first)}, block.label_ids.data() + first);
    const std::span<const RankKey> found = selector.sorted();
    merged.resize(before.size() + found.size());
    std::merge(before.begin(), before.end(), found.begin(), found.end(), merged.begin(), std::greater<>());
    write_row(merged, k, labels, scores);
}

// Scores a block for a group, as far as they may be among the best k.
void score_group(const DenseFeatures& dense, const LabelBlock& block, const Group& group, std::size_t k,
                 const float* top_scores, Scratch& scratch) {
    const std::size_t n_labels = block.bias.size(), n_rows = group.n_rows();
    float* scores = scratch.scores.data();
    scratch.best.assign(top_scores + group.first_row * k, top_scores + (group.first_row + n_rows) * k);
    scratch.reached.resize(n_rows * tiles_of(n_labels));
    for (std::size_t row = 0; row < n_rows; ++row) std::ranges::copy(block.bias, scores + row * n_labels);
    add_lists(block.postings, group.others, n_labels, scores);
    add_dense(block.dense_words.data(), block.dense_bounds.data(), dense.size(), n_labels, group.dense_rows(), k,
              scratch.best.data(), scores, scratch.reached.data());
}

}  // namespace

bool is_consistent(const LabelBlock& block) {
    const std::size_t n_labels = block.bias.size();
    return n_labels <= kMostLabels && block.label_ids.size() == n_labels &&
           block.dense_bounds.size() == tiles_of(n_labels);
}

bool is_of(const LabelBlock& block, const DenseFeatures& dense) {
    return block.dense_words.size() == dense_words_of(block.bias.size(), dense.size()) &&
           block.postings.starts.size() == dense.n_features() + 1;
}

void score_top_k(const DenseFeatures& dense, std::span<const LabelBlock> blocks, std::span<const std::int64_t> indptr,
                 const std::int32_t* indices, const float* data, std::size_t k, std::int32_t* top_labels,
                 float* top_scores) {
    thread_local Scratch scratch;
    std::size_t most_labels = 1;
    for (const LabelBlock& block : blocks) most_labels = std::max(most_labels, block.bias.size());
    const std::size_t n_rows = indptr.size() - 1;
    const std::size_t at_most = std::max<std::size_t>(1, kMostScores / most_labels);
    scratch.groups.resize((n_rows + at_most - 1) / at_most);
    const std::size_t step = scratch.groups.empty() ? 0 : (n_rows - 1) / scratch.groups.size() + 1;
    for (std::size_t g = 0; g < scratch.groups.size(); ++g)
        take_apart(dense, indptr, indices, data, g * step, std::min(step, n_rows - g * step), scratch.groups[g]);
    scratch.make_room(step * most_labels + kMostLabels);

    for (const LabelBlock& block : blocks) {
        const std::size_t n_labels = block.bias.size();
        if (n_labels == 0) continue;
        for (const Group& group : scratch.groups) {
            score_group(dense, block, group, k, top_scores, scratch);
            for (std::size_t row = 0; row < group.n_rows(); ++row) {
                const std::size_t place = (group.first_row + row) * k;
                merge_row(block, scratch.scores.data() + row * n_labels,
                          scratch.reached.data() + row * tiles_of(n_labels), k, top_labels + place,
                          top_scores + place, scratch);
            }
        }
    }
}

}  // namespace pwdismec
