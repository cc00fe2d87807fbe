#include "block_certificate.hpp"

namespace pwdismec {
namespace {

Doubles squared(Doubles x) { return x * x; }

// weights := w(alpha); the dual objective of alpha.
Doubles rebuild_weights(LabelBlock& block) {
    const Instances& x = block.x;
    HugeArray<Doubles> sums(static_cast<std::size_t>(x.n_features));
    Doubles bias_sum = {}, dual = {};
    for (int32_t row = 0; row < x.count; ++row) {
        const Floats a = block.alpha[static_cast<std::size_t>(row)];
        if (!any(a > 0.0f)) continue;
        const Masks positive = block.positive(row);
        const Doubles alpha = widen(a), along = widen(block.sign(positive)) * alpha;
        dual += alpha - squared(alpha) / (4.0 * block.cost_in_double(positive));
        bias_sum += along * static_cast<double>(x.bias);
        for (int64_t at = x.indptr[row]; at < x.indptr[row + 1]; ++at)
            sums[static_cast<std::size_t>(x.indices[at])] += along * static_cast<double>(x.values[at]);
    }
    Doubles sq_norm = squared(bias_sum);
    for (std::size_t f = 0; f < static_cast<std::size_t>(x.n_features); ++f) {
        sq_norm += squared(sums[f]);
        block.weights[f] = narrow(sums[f]);
    }
    block.bias_weight = narrow(bias_sum);
    return dual - 0.5 * sq_norm;
}

Doubles margin_in_double(LabelBlock& block, int32_t row) {
    const Instances& x = block.x;
    Doubles sum = widen(block.bias_weight) * static_cast<double>(x.bias);
    for (int64_t at = x.indptr[row]; at < x.indptr[row + 1]; ++at)
        sum += static_cast<double>(x.values[at]) * widen(block.weights[static_cast<std::size_t>(x.indices[at])]);
    return sum;
}

}  // namespace

Certificate certify(LabelBlock& block, Floats worth) {
    Certificate certificate;
    certificate.dual = block.dual = rebuild_weights(block);
    Doubles loss = {}, sq_norm = squared(widen(block.bias_weight));
    for (int32_t row = 0; row < block.x.count; ++row) {
        if (row + 1 < block.x.count) block.prefetch(row + 1);
        const Masks positive = block.positive(row);
        const Doubles slack = 1.0 - widen(block.sign(positive)) * margin_in_double(block, row);
        const Doubles hinge = slack > 0.0 ? slack : Doubles{};
        const Doubles cost = block.cost_in_double(positive), alpha = widen(block.alpha[static_cast<std::size_t>(row)]);
        loss += cost * squared(hinge);
        const Doubles gap = cost * squared(hinge - alpha / (2.0 * cost)) + alpha * (hinge - slack);
        if (any(narrow(gap) > worth)) certificate.worth.push_back(row);
    }
    for (std::size_t f = 0; f < static_cast<std::size_t>(block.x.n_features); ++f)
        sq_norm += squared(widen(block.weights[f]));
    certificate.primal = 0.5 * sq_norm + loss;
    return certificate;
}

}  // namespace pwdismec
