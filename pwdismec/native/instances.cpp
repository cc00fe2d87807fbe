#include "instances.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace pwdismec {
namespace {

constexpr int32_t kHead = 16384;  // their weights for 32 labels are 2 MB: the cache of a core or two

std::size_t size(int64_t n) { return static_cast<std::size_t>(n); }

void number_by_frequency(Instances& x, const int64_t* indptr, const int32_t* indices) {
    std::vector<int64_t> frequency(size(x.n_features));
    for (int64_t at = indptr[0]; at < indptr[x.count]; ++at) ++frequency[size(indices[at])];
    x.features.resize(frequency.size());
    std::iota(x.features.begin(), x.features.end(), 0);
    std::stable_sort(x.features.begin(), x.features.end(),
                     [&](int32_t a, int32_t b) { return frequency[size(a)] > frequency[size(b)]; });
}

void copy_rows(Instances& x, const int64_t* indptr, const int32_t* indices, const float* values) {
    std::vector<int32_t> numbers(x.features.size());
    for (std::size_t number = 0; number < numbers.size(); ++number)
        numbers[size(x.features[number])] = static_cast<int32_t>(number);
    const std::size_t stored = size(indptr[x.count] - indptr[0]);
    x.indices = HugeArray<int32_t>(stored);
    x.sparse_values = HugeArray<float>(stored);
    x.indptr.reserve(size(x.count) + 1);
    x.indptr.push_back(0);
    x.head_ends.reserve(size(x.count));
    std::vector<std::pair<int32_t, float>> row;
    for (int64_t i = 0; i < x.count; ++i) {
        row.clear();
        for (int64_t at = indptr[i]; at < indptr[i + 1]; ++at) row.emplace_back(numbers[size(indices[at])], values[at]);
        std::sort(row.begin(), row.end());
        int64_t to = x.indptr.back(), head_end = to;
        for (const auto& [number, value] : row) {
            x.indices[size(to)] = number;
            x.sparse_values[size(to++)] = value;
            if (number < x.n_head) head_end = to;
        }
        x.indptr.push_back(to);
        x.head_ends.push_back(head_end);
    }
}

void copy_tail_columns(Instances& x) {
    const auto for_each = [&](auto&& visit) {
        for (int64_t i = 0; i < x.count; ++i)
            for (int64_t at = x.head_ends[size(i)]; at < x.indptr[size(i) + 1]; ++at)
                visit(i, size(x.indices[size(at)] - x.n_head), x.sparse_values[size(at)]);
    };
    std::vector<int64_t> ends(size(x.n_features - x.n_head) + 1);
    for_each([&](int64_t, std::size_t column, float) { ++ends[column + 1]; });
    std::partial_sum(ends.begin(), ends.end(), ends.begin());
    x.columns = HugeArray<Entry>(size(ends.back()));
    // What is now the begin of each column moves to its end as the column fills.
    for_each([&](int64_t i, std::size_t column, float value) {
        x.columns[size(ends[column]++)] = {static_cast<int32_t>(i), value};
    });
    ends.pop_back();
    x.column_ends = std::move(ends);
}

void measure_rows(Instances& x) {
    x.sq_norms.reserve(size(x.count));
    x.rounding.reserve(size(x.count));
    for (int64_t i = 0; i < x.count; ++i) {
        const Row row = x.row(i);
        double sq_norm = static_cast<double>(x.bias) * static_cast<double>(x.bias);
        for (int64_t k = 0; k < row.size; ++k)
            sq_norm += static_cast<double>(row.values[k]) * static_cast<double>(row.values[k]);
        x.sq_norms.push_back(static_cast<float>(sq_norm));
        // A float32 sum of n products errs by at most n u sum |x w| <= n u |x||w| (Higham 2002, section 3.1);
        // with twice the unit u and a few terms more for good measure.
        x.rounding.push_back(static_cast<float>(static_cast<double>(row.size + 8) * 0x1p-23 * std::sqrt(sq_norm)));
        x.most_rounding = std::max(x.most_rounding, x.rounding.back());
    }
}

}  // namespace

Instances sparse_instances(const int64_t* indptr, const int32_t* indices, const float* values, int64_t count,
                           int32_t n_features, float bias) {
    Instances x;
    x.count = count;
    x.n_features = n_features;
    x.n_head = std::min(n_features, kHead);
    x.bias = bias;
    number_by_frequency(x, indptr, indices);
    copy_rows(x, indptr, indices, values);
    copy_tail_columns(x);
    measure_rows(x);
    return x;
}

Instances dense_instances(const float* values, int64_t count, int32_t n_features, float bias) {
    Instances x;
    x.count = count;
    x.n_features = x.n_head = n_features;
    x.bias = bias;
    x.dense_values = values;
    x.features.resize(size(n_features));
    std::iota(x.features.begin(), x.features.end(), 0);
    measure_rows(x);
    return x;
}

}  // namespace pwdismec
