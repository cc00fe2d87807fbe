#include "instance_view.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace pwdismec {

InstanceView view_by_frequency(const int64_t* indptr, const int32_t* indices, const float* values, int64_t count,
                               int32_t n_features, float bias) {
    InstanceView view;
    std::vector<int64_t> frequency(static_cast<std::size_t>(n_features));
    for (int64_t at = indptr[0]; at < indptr[count]; ++at) ++frequency[static_cast<std::size_t>(indices[at])];
    std::vector<int32_t> order(frequency.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
        return frequency[static_cast<std::size_t>(a)] > frequency[static_cast<std::size_t>(b)];
    });
    view.ranks.resize(order.size());
    for (std::size_t rank = 0; rank < order.size(); ++rank)
        view.ranks[static_cast<std::size_t>(order[rank])] = static_cast<int32_t>(rank);

    view.indices.reserve(static_cast<std::size_t>(indptr[count] - indptr[0]));
    view.values.reserve(view.indices.capacity());
    view.sq_norms.reserve(static_cast<std::size_t>(count));
    std::vector<std::pair<int32_t, float>> instance;
    for (int64_t row = 0; row < count; ++row) {
        instance.clear();
        for (int64_t at = indptr[row]; at < indptr[row + 1]; ++at)
            instance.emplace_back(view.ranks[static_cast<std::size_t>(indices[at])], values[at]);
        std::sort(instance.begin(), instance.end());
        double sq_norm = static_cast<double>(bias) * static_cast<double>(bias);
        for (const auto& [rank, value] : instance) {
            view.indices.push_back(rank);
            view.values.push_back(value);
            sq_norm += static_cast<double>(value) * static_cast<double>(value);
        }
        view.sq_norms.push_back(static_cast<float>(sq_norm));
    }
    return view;
}

}  // namespace pwdismec
