// The block solver's own view of the instances.
#pragma once

#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "solver/used_features.hpp"
#include "support/memory.hpp"

namespace pwdismec {

// The stored values of one instance; every feature in turn where there are no indices.
struct Row {
    const int32_t* indices;
    const float* values;
    int64_t size;
};

inline void fetch(const Row& row) {
    constexpr int64_t kALine = 64 / sizeof(float);
    for (int64_t k = 0; k < row.size; k += kALine) {
        prefetch(row.indices + k);
        prefetch(row.values + k);
    }
}

// A value in the column of a feature.
struct Entry {
    int32_t instance;
    float value;
};

// Sparse instances have their features renumbered by frequency, and those that no instance has left out: of the
// columns of a hash, or of a part of the data, that may be nearly all, and none of them is to take memory.
// Text has few frequent features and very many rare ones; numbered so, the weights of the frequent ones lie together
// and stay in cache.
// The rare ones are kept by column too: nearly all of a label's weights there are zero, and the others are sooner
// found in their columns than met in every instance. The least frequent of the frequent ones have columns as well:
// features with columns alone tell which instances are alike.
//
// Every instance has besides a constant feature of value `bias`, which is stored nowhere.
struct Instances {
    int64_t count = 0;
    int32_t n_columns = 0;   // features as the caller numbers them,
    int32_t n_features = 0;  // and those of them that an instance has
    int32_t n_frequent = 0;  // features before this one are frequent,
    int32_t n_near = 0;  // and before this one the nearest in cache; on most data the same
    int32_t first_column = 0;  // features from this one on have columns
    float bias = 0;

    std::vector<int64_t> indptr;       // none if the instances are dense
    HugeArray<int32_t> indices;        // ascending within an instance
    std::vector<int32_t> frequent_sizes;  // of each instance: its values of frequent features
    HugeArray<float> sparse_values;
    const float* dense_values = nullptr;  // count x n_features, the caller's
    UsedFeatures used{0};              // of the caller's features; their numbers are the places below
    std::vector<int32_t> ids;          // by place: the caller's number
    std::vector<int32_t> places;       // by new number
    std::vector<int64_t> column_ends;  // of each feature that has a column
    HugeArray<Entry> columns;
    std::vector<float> sq_norms;       // |x_i|^2 + bias^2
    float most_rounding = 0;           // of any instance

    // Set, it makes whoever solves on these instances stop soon, with std::runtime_error.
    std::unique_ptr<std::atomic<bool>> interrupted = std::make_unique<std::atomic<bool>>(false);

    bool dense() const { return indptr.empty(); }
    // Asks for the rows of the instances that come soon after the k-th of a list, which may be far away: first for
    // where they lie, then for what lies there.
    void fetch_ahead(const int32_t* list, std::size_t n, std::size_t k) const {
        constexpr std::size_t kAhead = 4;
        if (dense()) return;  // the processor sees by itself where long rows go on
        if (k + 2 * kAhead < n) {
            prefetch(indptr.data() + list[k + 2 * kAhead]);
            prefetch(sq_norms.data() + list[k + 2 * kAhead]);
        }
        if (k + kAhead < n) fetch(row(list[k + kAhead]));
    }

    const Entry* column_begin(int32_t feature) const {
        return feature > first_column ? column_end(feature - 1) : columns.data();
    }
    const Entry* column_end(int32_t feature) const {
        return columns.data() + column_ends[at(feature - first_column)];
    }
    int64_t stored() const { return dense() ? count * n_features : indptr.back(); }

    // A margin summed in float32 errs by at most this times |w|: a sum of n products does by n u sum |x w| <=
    // n u |x||w| (Higham 2002, section 3.1); with twice the unit u and a few terms more for good measure.
    float rounding(int64_t i) const {
        const double norm = std::sqrt(static_cast<double>(sq_norms[at(i)]));
        return static_cast<float>(static_cast<double>(row(i).size + 8) * 0x1p-23 * norm);
    }

    // By place: the new number.
    HugeArray<int32_t> numbers() const;

    // The new number of a feature as the caller numbers it; -1: no instance has it.
    int32_t number_of(int32_t id, const HugeArray<int32_t>& numbers) const {
        const auto of_caller = at(id);
        return used.has(of_caller) ? numbers[used.number_of(of_caller)] : -1;
    }

    Row row(int64_t i) const {
        if (dense()) return {nullptr, dense_values + i * n_features, n_features};
        const int64_t begin = indptr[at(i)];
        return {indices.data() + begin, sparse_values.data() + begin, indptr[at(i) + 1] - begin};
    }
};

// Copies sparse instances a part at a time, so that the caller need not hold the whole beside its copy.
class SparseCopy {
public:
    // More features count as frequent where columns would otherwise hold more values than this and a few for each
    // feature that has one, so that the data have a known share of the memory (docs/scaling.md).
    static constexpr int64_t kMostInColumns = 2 << 20;

    // For `count` instances; `frequency` says how many of them have each feature.
    SparseCopy(const int64_t* frequency, int32_t n_columns, int64_t count, float bias);

    int32_t n_columns() const { return x_.n_columns; }

    // The next instances, each of their features once, in any order. This and `finish` throw std::length_error if
    // instances, or values of a feature, are not as many as was said.
    void append(const int64_t* indptr, const int32_t* indices, const float* values, int64_t count);

    // The instances, when all are there; what is left is of none.
    Instances finish();

private:
    Instances x_;
    std::vector<int64_t> column_limits_;  // where each column ends when it is full
    int64_t stored_ = 0;
    HugeArray<int32_t> numbers_;  // of `x_`
    std::vector<std::pair<int32_t, float>> row_;
};

Instances dense_instances(const float* values, int64_t count, int32_t n_features, float bias);

}  // namespace pwdismec
