#include "solver/instances.hpp"

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <utility>

namespace pwdismec {
namespace {

constexpr int32_t kNear = 16384;  // their weights for 32 labels are 2 MB: the cache of a core or two

constexpr int64_t kMostInColumnsAFeature = 8;  // besides kMostInColumns

constexpr int64_t kColumnIn = 256;  // a frequent feature has a column if at most one instance in so many has it

// Keeps those of the caller's features that are used, in their order; they have no numbers yet.
void set_features(Instances& x, UsedFeatures used) {
    used.number();
    x.used = std::move(used);
    x.n_features = static_cast<int32_t>(x.used.size());
    x.ids.reserve(x.used.size());
    for (int32_t id = 0; id < x.n_columns; ++id)
        if (x.used.has(at(id))) x.ids.push_back(id);
    x.places.resize(x.used.size());
    std::iota(x.places.begin(), x.places.end(), 0);
}

// The instance that comes next.
void measure(Instances& x) {
    const auto i = static_cast<int64_t>(x.sq_norms.size());
    const Row row = x.row(i);
    double sq_norm = static_cast<double>(x.bias) * static_cast<double>(x.bias);
    for (int64_t k = 0; k < row.size; ++k)
        sq_norm += static_cast<double>(row.values[k]) * static_cast<double>(row.values[k]);
    x.sq_norms.push_back(static_cast<float>(sq_norm));
    x.most_rounding = std::max(x.most_rounding, x.rounding(i));
}

}  // namespace

HugeArray<int32_t> Instances::numbers() const {
    HugeArray<int32_t> found(places.size());
    for (std::size_t number = 0; number < places.size(); ++number)
        found[at(places[number])] = static_cast<int32_t>(number);
    return found;
}

SparseCopy::SparseCopy(const int64_t* frequency, int32_t n_columns, int64_t count, float bias) {
    x_.count = count;
    x_.n_columns = n_columns;
    x_.bias = bias;
    UsedFeatures used(at(n_columns));
    for (int32_t id = 0; id < n_columns; ++id)
        if (frequency[id] > 0) used.add(at(id));
    set_features(x_, std::move(used));
    const auto frequency_at = [&](int32_t place) { return frequency[x_.ids[at(place)]]; };
    std::stable_sort(x_.places.begin(), x_.places.end(),
                     [&](int32_t a, int32_t b) { return frequency_at(a) > frequency_at(b); });
    numbers_ = x_.numbers();
    stored_ = std::accumulate(frequency, frequency + n_columns, int64_t{0});

    const int32_t n_features = x_.n_features;
    x_.n_near = std::min(kNear, n_features);
    const auto frequency_of = [&](int32_t number) { return frequency_at(x_.places[at(number)]); };
    int64_t in_columns = stored_;
    const auto too_many = [&](int64_t values, int32_t first) {
        return values > kMostInColumns + kMostInColumnsAFeature * (n_features - first);
    };
    while (x_.n_frequent < n_features && (x_.n_frequent < x_.n_near || too_many(in_columns, x_.n_frequent)))
        in_columns -= frequency_of(x_.n_frequent++);
    x_.first_column = x_.n_frequent;
    while (x_.first_column > 0) {
        const int64_t values = frequency_of(x_.first_column - 1);
        if (values * kColumnIn > count || too_many(in_columns + values, x_.first_column - 1)) break;
        in_columns += values;
        --x_.first_column;
    }

    x_.indices = HugeArray<int32_t>(at(stored_));
    x_.sparse_values = HugeArray<float>(at(stored_));
    x_.columns = HugeArray<Entry>(at(in_columns));
    // Where each column begins; that moves to its end as the column fills.
    x_.column_ends.reserve(at(n_features - x_.first_column));
    column_limits_.reserve(at(n_features - x_.first_column));
    int64_t begin = 0;
    for (int32_t number = x_.first_column; number < n_features; ++number) {
        x_.column_ends.push_back(begin);
        begin += frequency_of(number);
        column_limits_.push_back(begin);
    }
    x_.indptr.reserve(at(count) + 1);
    x_.indptr.push_back(0);
    x_.frequent_sizes.reserve(at(count));
    x_.sq_norms.reserve(at(count));
}

void SparseCopy::append(const int64_t* indptr, const int32_t* indices, const float* values, int64_t count) {
    const int64_t copied = static_cast<int64_t>(x_.frequent_sizes.size());
    if (copied + count > x_.count || x_.indptr.back() + indptr[count] - indptr[0] > stored_)
        throw std::length_error("more instances, or more values, than was said");
    for (int64_t i = 0; i < count; ++i) {
        row_.clear();
        for (int64_t k = indptr[i]; k < indptr[i + 1]; ++k) {
            const int32_t number = x_.number_of(indices[k], numbers_);
            if (number < 0) throw std::length_error("more values of a feature than was said");
            row_.emplace_back(number, values[k]);
        }
        std::sort(row_.begin(), row_.end());
        int64_t to = x_.indptr.back();
        int32_t n_frequent = 0;
        for (const auto& [number, value] : row_) {
            x_.indices[at(to)] = number;
            x_.sparse_values[at(to++)] = value;
            n_frequent += number < x_.n_frequent;
            if (number < x_.first_column) continue;
            const std::size_t column = at(number - x_.first_column);
            if (x_.column_ends[column] == column_limits_[column])
                throw std::length_error("more values of a feature than was said");
            x_.columns[at(x_.column_ends[column]++)] = {static_cast<int32_t>(copied + i), value};
        }
        x_.indptr.push_back(to);
        x_.frequent_sizes.push_back(n_frequent);
        measure(x_);
    }
}

Instances SparseCopy::finish() {
    if (static_cast<int64_t>(x_.frequent_sizes.size()) != x_.count)
        throw std::length_error("fewer instances than was said");
    if (x_.indptr.back() != stored_ || x_.column_ends != column_limits_)
        throw std::length_error("fewer values of a feature than was said");
    Instances whole = std::move(x_);
    *this = SparseCopy(nullptr, 0, 0, 0);
    return whole;
}

Instances dense_instances(const float* values, int64_t count, int32_t n_features, float bias) {
    Instances x;
    x.count = count;
    x.n_columns = n_features;
    UsedFeatures all(at(n_features));
    for (int32_t id = 0; id < n_features; ++id) all.add(at(id));
    set_features(x, std::move(all));
    x.n_frequent = x.n_near = x.first_column = n_features;
    x.bias = bias;
    x.dense_values = values;
    x.sq_norms.reserve(at(count));
    for (int64_t i = 0; i < count; ++i) measure(x);
    return x;
}

}  // namespace pwdismec
