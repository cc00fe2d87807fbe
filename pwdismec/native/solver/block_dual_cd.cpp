#include "solver/block_dual_cd.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>

#include "solver/certificate.hpp"
#include "solver/loss.hpp"
#include "solver/margins.hpp"
#include "solver/ordered_weights.hpp"
#include "solver/products.hpp"
#include "solver/shared_pass.hpp"
#include "solver/working_set.hpp"
#include "support/memory.hpp"

namespace pwdismec {
namespace {

// The first working set: the positives, the negatives most like them, and stand-ins for all the others.
constexpr int64_t kFirstNegatives = 200;    // and for each positive
constexpr int64_t kNegativesAPositive = 60;  // so many more, up to
constexpr int64_t kMostFirstNegatives = 4000;
constexpr int64_t kStandIns = 128;
constexpr int64_t kMostGuessVisits = 50;  // an instance, of a set with stand-ins: it is worth no more
constexpr int64_t kMostExamples = 256;  // positives that negatives are compared with

// All gaps below are in units of the tolerance (1 = it is just met).
constexpr double kFirstGoal = 0.1;     // the relative gap, not in those units, to which the first set is solved
constexpr double kLeastGoal = 0.3;     // to which later sets are solved at the closest,
constexpr double kGoalShare = 0.005;   // or to this share of the gap that the last pass found
constexpr double kIgnoredShare = 0.02;  // of that gap; instances that make up no more together are left out
constexpr std::size_t kMostAdded = 500;  // instances, besides as many as the set has

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

constexpr std::size_t kMostHeld = 64'000'000;  // bytes of the labels on their way, beyond which no other enters

// A label on its way.
struct Label {
    int64_t index = 0;
    const int32_t* positives = nullptr;
    int64_t n_positives = 0;
    std::size_t setting = 0;

    std::vector<int32_t> instances;  // the working set, the positives first
    std::vector<double> alpha;
    SparseWeights weights;  // w(alpha)
    double dual = 0;        // D(alpha)

    bool begun = false;
    int64_t passes = 0, visits = 0;
    int rounds = 0;  // passes since the first working set
    int stalls = 0;  // passes that found no instance to add

    // Bytes that it holds from one pass to the next.
    std::size_t held() const {
        return instances.size() * (sizeof(int32_t) + sizeof(double)) +
               weights.features.size() * (sizeof(int32_t) + sizeof(float));
    }
};

class Block {
public:
    Block(const Instances& instances, const BlockLabels& labels, const std::vector<Costs>& path,
          const Stopping& stopping, float prune, int labels_per_pass)
        : x_(instances), labels_(labels), path_(path), stopping_(stopping), prune_(prune),
          pass_(instances, labels_per_pass), set_(instances), scratch_(at(instances.n_features)),
          certifier_(instances, scratch_.data()), ordered_(instances.n_features, scratch_.data()),
          solutions_(path.size(), std::vector<LabelSolution>(at(labels.count))) {
        if (labels.allowed_indptr) numbers_ = instances.numbers();
    }

    // Labels share the passes as they come: one that is done leaves, and the next one enters.
    std::vector<std::vector<LabelSolution>> run() {
        std::vector<Label> active;
        int64_t next = 0;
        while (true) {
            while (has_room(active) && next < labels_.count) {
                check_interrupt();
                active.push_back(enter(next++, pass_.room(static_cast<int>(active.size()))));
                if (is_done(active.back())) active.pop_back();
            }
            if (active.empty()) return std::move(solutions_);
            check_interrupt();
            std::vector<const SparseWeights*> weights;
            for (const Label& label : active) weights.push_back(&label.weights);
            pass_.run(weights);
            for (std::size_t k = 0; k < active.size(); ++k)
                advance(active[k], pass_.margins(static_cast<int>(k), active[k].weights));
            std::erase_if(active, [&](const Label& label) { return is_done(label); });
        }
    }

private:
    void check_interrupt() const {
        if (x_.interrupted->load(std::memory_order_relaxed)) throw std::runtime_error("interrupted");
    }

    bool is_done(const Label& label) const { return label.setting == path_.size(); }

    // Labels with hundreds of thousands of positives have weights for nearly all features: the fewer share a pass.
    bool has_room(const std::vector<Label>& active) const {
        std::size_t held = 0;
        for (const Label& label : active) held += label.held();
        return active.size() < pass_.labels_per_pass() && held < kMostHeld;
    }

    // The negatives most like the positives are first found by the features with columns that they share. Where these
    // are too few for that, the label enters with the mean of its positives for weights, and the first pass tells.
    // `likeness` has a place for each instance.
    Label enter(int64_t index, float* likeness) {
        Label label;
        label.index = index;
        label.positives = labels_.rows + labels_.indptr[index];
        label.n_positives = labels_.indptr[index + 1] - labels_.indptr[index];
        restrict_to(label);
        std::fill_n(likeness, x_.count, 0.0f);
        add_columns(x_, mean_in_columns(label), 0, likeness);
        for (int64_t k = 0; k < label.n_positives; ++k) likeness[label.positives[k]] = kNotSought;
        const auto n_alike = std::count_if(likeness, likeness + x_.count, [](float like) { return like > 0; });
        if (n_alike >= first_negatives(label))
            begin(label, likeness);
        else
            set_weights_to_mean(label);
        return label;
    }

    // The positives that negatives are compared with: how many, and the k-th.
    static int64_t n_examples(const Label& label) { return std::min(label.n_positives, kMostExamples); }
    static int32_t example(const Label& label, int64_t k) {
        return label.positives[k * label.n_positives / n_examples(label)];
    }

    // The examples' mean, as far as it has features with columns.
    const SparseWeights& mean_in_columns(const Label& label) {
        values_.clear();
        for (int64_t k = 0; k < n_examples(label); ++k) {
            x_.fetch_ahead(label.positives, at(label.n_positives), at(k));  // mostly, all of them are examples
            const Row row = x_.row(example(label, k));
            if (!row.indices) break;
            const int32_t* end = row.indices + row.size;
            for (const int32_t* from = std::lower_bound(row.indices, end, x_.first_column); from != end; ++from)
                values_.emplace_back(*from, row.values[from - row.indices]);
        }
        std::stable_sort(values_.begin(), values_.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
        mean_.features.clear();
        mean_.values.clear();
        for (auto value = values_.begin(); value != values_.end();) {
            const int32_t feature = value->first;
            double sum = 0;
            for (; value != values_.end() && value->first == feature; ++value) sum += static_cast<double>(value->second);
            if (labels_.allowed_indptr && !std::binary_search(allowed_.begin(), allowed_.end(), feature)) continue;
            mean_.features.push_back(feature);
            mean_.values.push_back(static_cast<float>(sum / static_cast<double>(n_examples(label))));
        }
        return mean_;
    }

    void set_weights_to_mean(Label& label) {
        const int64_t n = n_examples(label);
        set_.begin(at(n), 0);
        for (int64_t k = 0; k < n; ++k) set_.add(example(label, k), 1.0 / static_cast<double>(n), true, 1.0);
        set_.settle();
        label.weights = set_.weights();
        label.weights.bias = 0;
    }

    static int64_t first_negatives(const Label& label) {
        return kFirstNegatives + std::min(kNegativesAPositive * label.n_positives, kMostFirstNegatives);
    }

    // The sets that follow have the label's allowed features only.
    void restrict_to(const Label& label) {
        if (!labels_.allowed_indptr) return;
        allowed_.clear();
        for (int64_t k = labels_.allowed_indptr[label.index]; k < labels_.allowed_indptr[label.index + 1]; ++k) {
            const int32_t number = x_.number_of(labels_.allowed[k], numbers_);
            if (number >= 0) allowed_.push_back(number);
        }
        std::sort(allowed_.begin(), allowed_.end());
        set_.restrict_to(allowed_);
    }

    double positive_cost(const Label& label) const { return path_[label.setting].positive[label.index]; }
    double negative_cost(const Label& label) const { return path_[label.setting].negative; }
    int64_t visits_left(const Label& label) const {
        return stopping_.max_epochs * x_.count - label.visits - label.passes * x_.count;
    }

    // After a pass: the label is done with a setting, or its working set is changed and solved again.
    void advance(Label& label, float* margins) {
        ++label.passes;
        positive_margins_.clear();
        for (int64_t k = 0; k < label.n_positives; ++k)
            positive_margins_.push_back(std::exchange(margins[label.positives[k]], kNotSought));
        if (!label.begun) {
            begin(label, margins);
            return;
        }
        ++label.rounds;
        double excess = estimated_excess(label, margins);
        if (is_short() && excess <= 1) {
            finish(label, kUnknown);
            go_on(label);
            return;
        }
        // With nothing left to add, it may be the float32 margins alone that see a gap.
        if (excess <= 1 || label.stalls > 0 || visits_left(label) <= 0) {
            const double primal = certifier_.primal(label.weights, margins, label.positives, label.n_positives,
                                                    positive_cost(label), negative_cost(label));
            excess = (primal - label.dual) / (primal * stopping_.tolerance);
            if (excess <= 1 || visits_left(label) <= 0) {
                finish(label, primal);
                go_on(label);
                return;
            }
        }
        change_set(label, margins);
        solve(label, added_, goal(label, excess));
        finish_if_short(label);
    }

    bool is_short() const { return stopping_.passes >= 0; }

    // Begins the settings that follow from the last one's solution.
    void go_on(Label& label) {
        if (is_done(label)) return;
        solve(label, {}, kLeastGoal * stopping_.tolerance);
        finish_if_short(label);
    }

    // Ends a label that has had its passes; of a path, at every setting.
    void finish_if_short(Label& label) {
        if (!is_short() || label.rounds < stopping_.passes) return;
        finish(label, kUnknown);
        go_on(label);
    }

    double goal(const Label& label, double excess) const {
        return std::max(std::ldexp(kLeastGoal, -label.stalls), kGoalShare * excess) * stopping_.tolerance;
    }

    // `margins` tell which negatives are like the positives; those of the positives are not sought.
    void begin(Label& label, const float* margins) {
        label.begun = true;
        label.instances.assign(label.positives, label.positives + label.n_positives);
        label.alpha.assign(label.instances.size(), 0.0);
        label.weights = {};
        const int64_t alike = first_negatives(label);
        const bool all = label.n_positives + alike + kStandIns >= x_.count;
        const float least = all ? kNotSought : margin_of_rank(margins, x_.count, label.n_positives + alike, sample_);
        added_.clear();
        for_each_above(margins, x_.count, least, [&](int32_t i) { added_.push_back(i); });
        const std::size_t n_alike = added_.size();
        if (!all)
            for (int64_t k = 0; k < kStandIns; ++k) {
                const int64_t i = (2 * k + 1) * x_.count / (2 * kStandIns);
                if (margins[i] <= least && margins[i] > kNotSought) added_.push_back(static_cast<int32_t>(i));
            }
        solve(label, added_, kFirstGoal, n_alike);
        finish_if_short(label);
    }

    // The gap by the float32 margins; and in `violating_` the negatives inside the margin.
    double estimated_excess(const Label& label, const float* margins) {
        double of_positives = 0, of_negatives = 0;
        for (const float margin : positive_margins_) of_positives += Loss::value(static_cast<double>(margin));
        violating_.clear();
        for_each_above(margins, x_.count, -Loss::kNoLoss, [&](int32_t i) {
            violating_.push_back(i);
            of_negatives += Loss::value(static_cast<double>(-margins[i]));
        });
        const double primal = 0.5 * label.weights.sq_norm + positive_cost(label) * of_positives +
                              negative_cost(label) * of_negatives;
        return (primal - label.dual) / (primal * stopping_.tolerance);
    }

    // Takes out what has no alpha and lies outside the margin, and sets `added_` to what is to come in.
    void change_set(Label& label, float* margins) {
        std::size_t kept = at(label.n_positives);
        for (std::size_t k = kept; k < label.instances.size(); ++k) {
            const float margin = std::exchange(margins[label.instances[k]], kNotSought);
            if (!(label.alpha[k] > 0) && margin <= -Loss::kNoLoss) continue;
            label.instances[kept] = label.instances[k];
            label.alpha[kept++] = label.alpha[k];
        }
        label.instances.resize(kept);
        label.alpha.resize(kept);

        const double ignored = kIgnoredShare * stopping_.tolerance * label.dual;
        const double share = ignored / (negative_cost(label) * static_cast<double>(violating_.size() + 1));
        const float least = static_cast<float>(-Loss::margin_of(share));
        added_.clear();
        for (const int32_t i : violating_)
            if (margins[i] > least) added_.push_back(i);
        const std::size_t most = kMostAdded + kept;
        if (added_.size() > most) {
            const auto worse = [&](int32_t a, int32_t b) {
                return margins[a] > margins[b] || (margins[a] == margins[b] && a < b);
            };
            std::nth_element(added_.begin(), added_.begin() + static_cast<std::ptrdiff_t>(most), added_.end(), worse);
            added_.resize(most);
            std::sort(added_.begin(), added_.end());
        }
        label.stalls = added_.empty() ? label.stalls + 1 : 0;
    }

    // Solves the set with `added` in it; those from `stand_ins` on cost as much as all the instances outside.
    void solve(Label& label, const std::vector<int32_t>& added, double goal, std::size_t stand_ins = SIZE_MAX) {
        const double positive = positive_cost(label), negative = negative_cost(label);
        const std::size_t n_before = label.instances.size();
        restrict_to(label);
        set_.begin(n_before + added.size(), stopping_.seed);
        for (std::size_t k = 0; k < n_before; ++k) {
            x_.fetch_ahead(label.instances.data(), n_before, k);
            const bool is_positive = static_cast<int64_t>(k) < label.n_positives;
            set_.add(label.instances[k], label.alpha[k], is_positive, is_positive ? positive : negative);
        }
        const double many = static_cast<double>(x_.count) / kStandIns;
        for (std::size_t k = 0; k < added.size(); ++k) {
            x_.fetch_ahead(added.data(), added.size(), k);
            set_.add(added[k], 0.0, false, k < stand_ins ? negative : many * negative);
        }
        set_.resume(label.weights, label.dual);
        const bool guess = stand_ins < added.size();
        const int64_t most = guess ? kMostGuessVisits * static_cast<int64_t>(set_.size()) : INT64_MAX;
        label.visits += set_.solve(goal, std::min(visits_left(label), most));
        for (std::size_t k = stand_ins; k < added.size(); ++k) set_.set_cost(n_before + k, negative);
        set_.settle();
        label.instances.resize(set_.size());
        label.alpha.resize(set_.size());
        for (std::size_t k = 0; k < set_.size(); ++k) {
            label.instances[k] = set_.instance(k);
            label.alpha[k] = set_.alpha(k);
        }
        label.weights = set_.weights();
        label.dual = set_.dual();
    }

    void finish(Label& label, double primal) {
        LabelSolution& solution = solutions_[label.setting][at(label.index)];
        for (std::size_t k = 0; k < label.weights.features.size(); ++k)
            if (std::fabs(label.weights.values[k]) >= prune_)
                ordered_.add(x_.places[at(label.weights.features[k])], label.weights.values[k]);
        ordered_.move_to(solution.features, solution.weights);
        for (int32_t& feature : solution.features) feature = x_.ids[at(feature)];
        solution.bias = label.weights.bias * x_.bias;
        solution.primal = primal;
        solution.dual = label.dual;
        solution.epochs = static_cast<int32_t>(label.passes + (label.visits + x_.count - 1) / x_.count);
        ++label.setting;
        label.passes = label.visits = 0;
        label.rounds = label.stalls = 0;
    }

    const Instances& x_;
    const BlockLabels& labels_;
    const std::vector<Costs>& path_;
    const Stopping& stopping_;
    const float prune_;
    SharedPass pass_;
    WorkingSet set_;
    HugeArray<float> scratch_;  // one at a time has a label's weights in it
    Certifier certifier_;
    OrderedWeights ordered_;
    std::vector<std::vector<LabelSolution>> solutions_;
    std::vector<int32_t> added_, violating_;
    std::vector<float> positive_margins_, sample_;
    std::vector<std::pair<int32_t, float>> values_;  // of the positives, in features with columns
    SparseWeights mean_;

    HugeArray<int32_t> numbers_;  // of `x_`, where labels have lists of features
    std::vector<int32_t> allowed_;
};

}  // namespace

std::vector<std::vector<LabelSolution>> solve_block(const Instances& instances, const BlockLabels& labels,
                                                    const std::vector<Costs>& path, const Stopping& stopping,
                                                    float prune, int labels_per_pass) {
    return Block(instances, labels, path, stopping, prune, labels_per_pass).run();
}

}  // namespace pwdismec
