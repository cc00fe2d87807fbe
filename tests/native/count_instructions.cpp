// A fixed problem for the solver, whose instructions CI counts (count_instructions.py says how).
//
// Wall time on a shared machine cannot tell a change that costs 10 % from its neighbours; counted instructions
// can, as they are the same in every run. They know nothing of caches, though: what is faster is still for
// benchmarks/ to say.
//
// The problem is text's in small: few frequent features and many rare ones, some of which the solver keeps apart; and
// labels of 2 to 60 positives, each told by a feature, which misses some and is wrong about others. Only additions, multiplications and square roots make it: the same bits everywhere.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "solver/block_dual_cd.hpp"
#include "solver/instances.hpp"
#include "solver/shared_pass.hpp"

namespace {

constexpr int32_t kInstances = 3000, kFeatures = 40000, kLabels = 64;
constexpr int kValuesARow = 30;

class Random {
public:
    // xorshift64 (Marsaglia 2003)
    uint64_t next() {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 7;
        state_ ^= state_ << 17;
        return state_;
    }
    double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }
    int32_t below(int32_t n) { return static_cast<int32_t>(uniform() * n); }

private:
    uint64_t state_ = 88172645463325252u;
};

struct Rows {
    std::vector<int64_t> indptr{0};
    std::vector<int32_t> indices;
    std::vector<float> values;
};

// Feature f has a share of the values that falls as f^(-3/4); rows have length one.
Rows features(Random& random) {
    Rows rows;
    std::vector<int32_t> row;
    for (int32_t i = 0; i < kInstances; ++i) {
        row.clear();
        for (int k = 0; k < kValuesARow; ++k) {
            const double u = random.uniform();
            row.push_back(static_cast<int32_t>(u * u * u * u * kFeatures));
        }
        std::sort(row.begin(), row.end());
        row.erase(std::unique(row.begin(), row.end()), row.end());
        double sq_norm = 0;
        const std::size_t begin = rows.values.size();
        for (const int32_t f : row) {
            const double value = 0.5 + random.uniform() + static_cast<double>(f) / kFeatures;
            rows.indices.push_back(f);
            rows.values.push_back(static_cast<float>(value));
            sq_norm += value * value;
        }
        const float norm = static_cast<float>(std::sqrt(sq_norm));
        for (std::size_t k = begin; k < rows.values.size(); ++k) rows.values[k] /= norm;
        rows.indptr.push_back(static_cast<int64_t>(rows.indices.size()));
    }
    return rows;
}

// Nine tenths of the instances that have some feature, and a few that do not, 60 at the most.
Rows positives(const Rows& x, Random& random) {
    Rows labels;
    for (int32_t label = 0; label < kLabels; ++label) {
        const int32_t place = random.below(static_cast<int32_t>(x.indices.size()));
        const int32_t feature = x.indices[static_cast<std::size_t>(place)];
        std::vector<int32_t> rows{random.below(kInstances), random.below(kInstances)};
        for (int32_t i = 0; i < kInstances && rows.size() < 60; ++i) {
            const auto row = x.indices.begin();
            const auto at = static_cast<std::size_t>(i);
            if (std::binary_search(row + x.indptr[at], row + x.indptr[at + 1], feature) && random.uniform() < 0.9)
                rows.push_back(i);
        }
        std::sort(rows.begin(), rows.end());
        rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
        labels.indices.insert(labels.indices.end(), rows.begin(), rows.end());
        labels.indptr.push_back(static_cast<int64_t>(labels.indices.size()));
    }
    return labels;
}

}  // namespace

// Prints the compiler, as instructions.json names it, and what was solved.
int main() {
    Random random;
    const Rows x = features(random), y = positives(x, random);
    std::vector<int64_t> frequency(kFeatures);
    for (const int32_t f : x.indices) ++frequency[static_cast<std::size_t>(f)];
    pwdismec::SparseCopy copy(frequency.data(), kFeatures, kInstances, 1.0f);
    copy.append(x.indptr.data(), x.indices.data(), x.values.data(), kInstances);
    const pwdismec::Instances instances = copy.finish();
    std::vector<double> costs;
    for (int label = 0; label < kLabels; ++label) costs.push_back(1 + 20 * random.uniform());
    const auto solved =
        pwdismec::solve_block(instances, {y.indptr.data(), y.indices.data(), kLabels}, {{costs.data(), 1.0}},
                              {1e-3, 1000, 0}, 0.01f, pwdismec::SharedPass::kLabelsPerPass);
    double worst = 0;
    std::size_t weights = 0;
    for (const pwdismec::LabelSolution& label : solved[0]) {
        worst = std::max(worst, (label.primal - label.dual) / label.primal);
        weights += label.weights.size();
    }
#ifdef __clang__
    std::printf("clang %d\n", __clang_major__);
#else
    std::printf("gcc %d\n", __GNUC__);
#endif
    std::printf("%d labels, %zu weights, worst gap %.2e\n", kLabels, weights, worst);
    return worst <= 1e-3 ? 0 : 1;
}
