#include "solver/certificate.hpp"

#include <algorithm>
#include <cmath>

#include "solver/loss.hpp"
#include "solver/margins.hpp"
#include "solver/products.hpp"
#include "support/memory.hpp"

namespace pwdismec {

double Certifier::losses(const int32_t* instances, std::size_t count, double sign, double bias) const {
    double sum = 0;
    for (std::size_t k = 0; k < count; ++k) {
        x_.fetch_ahead(instances, count, k);
        sum += Loss::value(sign * (dot_in_double(x_.row(instances[k]), weights_) + bias));
    }
    return sum;
}

double Certifier::primal(const SparseWeights& weights, const float* margins, const int32_t* positives,
                         int64_t n_positives, double positive_cost, double negative_cost) {
    for (std::size_t k = 0; k < weights.features.size(); ++k)
        weights_[at(weights.features[k])] = weights.values[k];
    const double bias = static_cast<double>(weights.bias) * static_cast<double>(x_.bias);
    const float norm = static_cast<float>(std::sqrt(weights.sq_norm));
    doubtful_.clear();
    for_each_above(margins, x_.count, -Loss::kNoLoss - x_.most_rounding * norm, [&](int32_t i) {
        if (margins[i] + x_.rounding(i) * norm > -Loss::kNoLoss) doubtful_.push_back(i);
    });
    const double of_positives = losses(positives, at(n_positives), 1.0, bias);
    const double of_negatives = losses(doubtful_.data(), doubtful_.size(), -1.0, bias);
    for (const int32_t feature : weights.features) weights_[at(feature)] = 0;
    return 0.5 * weights.sq_norm + positive_cost * of_positives + negative_cost * of_negatives;
}

}  // namespace pwdismec
