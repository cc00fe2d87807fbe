#include "block_dual_cd.hpp"

#include <algorithm>
#include <utility>

#include "block_certificate.hpp"
#include "label_block.hpp"

namespace pwdismec {
namespace {

// All gaps below are in units of the tolerance (1 = it is just met).
constexpr double kGoalShare = 0.01;   // work on the near rows ends at this share of the last full pass's gap,
constexpr double kLeastGoal = 0.3;    // or here, whichever is larger
constexpr double kExpectedGain = 10;  // by which the gap falls from one full pass to the next
constexpr int kMostSweeps = 20;       // of the near rows between two full passes, and of the hot rows between those

// Which rows a block visits, in what order, and when it stops.
//
// A visit costs the same for every row, and at any time few rows matter, so
// there are three sets: hot rows, whose last step was worth it; near rows,
// whose step was worth it in some full pass; and all rows. Hot rows are worked
// on until they are quiet, then the near rows are looked at again, and only
// when these are quiet as well all rows, which may bring new near ones.
class Schedule {
public:
    Schedule(LabelBlock& block, const Stopping& stopping)
        : block_(block),
          stopping_(stopping),
          random_(stopping.seed * 2 + 1),
          is_near_(static_cast<std::size_t>(block.x.count)) {}

    void add_near(int32_t row) {
        if (is_near_[static_cast<std::size_t>(row)]) return;
        is_near_[static_cast<std::size_t>(row)] = true;
        near_.push_back(row);
    }

    Certificate run() {
        double excess = 1 / kGoalShare;
        while (true) {
            work_on_near(std::max(kLeastGoal, kGoalShare * excess));
            if (excess > kExpectedGain && !exhausted()) {
                excess = full_pass();
                continue;
            }
            Certificate certificate = certify(block_, worth(1.0, block_.x.count));
            visits_ += block_.x.count;
            for (const int32_t row : certificate.worth) add_near(row);
            excess = block_.excess(certificate.primal - certificate.dual, stopping_.tolerance);
            if (excess <= 1.0 || exhausted()) return certificate;
        }
    }

    int32_t epochs() const { return static_cast<int32_t>((visits_ + block_.x.count - 1) / block_.x.count); }

private:
    bool exhausted() const { return visits_ >= stopping_.max_epochs * block_.x.count; }

    // The share of the gap that makes a step worth it, if `rows` rows may leave `goal` together.
    Floats worth(double goal, int64_t rows) const {
        Floats share = broadcast(std::numeric_limits<float>::infinity());
        for (int lane = 0; lane < block_.n_labels; ++lane)
            share[lane] = static_cast<float>(goal * stopping_.tolerance * block_.dual[lane] / static_cast<double>(rows));
        return share;
    }

    // Visits `rows` in random order; keeps in `hot_` those whose step was worth it.
    double sweep(std::vector<int32_t>& rows, double goal) {
        shuffle(rows);
        Sweep found;
        found.worth = worth(goal, static_cast<int64_t>(rows.size()));
        hot_.resize(std::max(hot_.size(), rows.size()));
        std::size_t kept = 0;
        const std::size_t count = rows.size();
        for (std::size_t i = 0; i < count; ++i) {
            if (i + 1 < count) block_.prefetch(rows[i + 1]);
            const int32_t row = rows[i];
            if (block_.visit(row, found)) hot_[kept++] = row;
        }
        hot_.resize(kept);
        visits_ += static_cast<int64_t>(count);
        return block_.excess(found.gap, stopping_.tolerance);
    }

    void work_on_near(double goal) {
        for (int i = 0; i < kMostSweeps && !near_.empty() && !exhausted(); ++i) {
            if (sweep(near_, goal) <= goal) return;
            for (int j = 0; j < kMostSweeps && !hot_.empty(); ++j)
                if (sweep(hot_, goal) <= goal) break;
        }
    }

    // Visits every row, in the order in which they lie in memory.
    double full_pass() {
        Sweep found;
        found.worth = worth(1.0, block_.x.count);
        for (int32_t row = 0; row < block_.x.count; ++row) {
            if (row + 1 < block_.x.count) block_.prefetch(row + 1);
            if (block_.visit(row, found)) add_near(row);
        }
        visits_ += block_.x.count;
        return block_.excess(found.gap, stopping_.tolerance);
    }

    void shuffle(std::vector<int32_t>& rows) {
        for (std::size_t i = rows.size(); i > 1; --i) {
            random_ ^= random_ << 13;  // xorshift64 (Marsaglia 2003): the same on every platform
            random_ ^= random_ >> 7;
            random_ ^= random_ << 17;
            std::swap(rows[i - 1], rows[((random_ >> 32) * i) >> 32]);
        }
    }

    LabelBlock& block_;
    const Stopping& stopping_;
    uint64_t random_;
    std::vector<bool> is_near_;
    std::vector<int32_t> near_, hot_;
    int64_t visits_ = 0;
};

void begin_at(const CommonStartView& start, LabelBlock& block, Schedule& schedule) {
    for (std::size_t f = 0; f < static_cast<std::size_t>(block.x.n_features); ++f)
        block.weights[f] = broadcast(start.weights[f]);
    block.bias_weight = broadcast(start.bias_weight);
    block.dual = Doubles{} + start.dual;
    for (int64_t at = 0; at < start.n_rows; ++at) {
        block.alpha[static_cast<std::size_t>(start.rows[at])] = broadcast(start.alpha[at]);
        schedule.add_near(start.rows[at]);
        if (block.is_positive_somewhere(start.rows[at])) block.release_positives(start.rows[at]);
    }
}

BlockSolution pruned(LabelBlock& block, float prune) {
    std::vector<int32_t> indices[kLanes];
    std::vector<float> values[kLanes];
    for (int32_t f = 0; f < block.x.n_features; ++f) {
        const Floats w = block.weights[static_cast<std::size_t>(block.x.ranks[f])], size = w < 0.0f ? -w : w;
        if (!any((size >= prune) & (size > 0.0f))) continue;
        for (int lane = 0; lane < block.n_labels; ++lane)
            if (size[lane] >= prune && size[lane] > 0.0f) {
                indices[lane].push_back(f);
                values[lane].push_back(w[lane]);
            }
    }
    BlockSolution solution;
    solution.indptr.push_back(0);
    for (int lane = 0; lane < block.n_labels; ++lane) {
        solution.indices.insert(solution.indices.end(), indices[lane].begin(), indices[lane].end());
        solution.values.insert(solution.values.end(), values[lane].begin(), values[lane].end());
        solution.indptr.push_back(static_cast<int64_t>(solution.indices.size()));
        solution.bias.push_back(block.bias_weight[lane] * block.x.bias);
    }
    return solution;
}

}  // namespace

CommonStart solve_all_negative(const Instances& instances, double cost, const Stopping& stopping) {
    const int64_t no_positives[2] = {0, 0};
    LabelBlock block(instances, {no_positives, nullptr, &cost, 1, cost});
    Schedule schedule(block, stopping);
    const Certificate certificate = schedule.run();
    CommonStart start;
    for (std::size_t f = 0; f < static_cast<std::size_t>(instances.n_features); ++f)
        start.weights.push_back(block.weights[f][0]);
    start.bias_weight = block.bias_weight[0];
    start.dual = certificate.dual[0];
    for (int32_t row = 0; row < instances.count; ++row)
        if (const float alpha = block.alpha[static_cast<std::size_t>(row)][0]; alpha > 0) {
            start.rows.push_back(row);
            start.alpha.push_back(alpha);
        }
    return start;
}

BlockSolution solve_block(const Instances& instances, const BlockLabels& labels, const CommonStartView& start,
                          const Stopping& stopping, float prune) {
    LabelBlock block(instances, labels);
    Schedule schedule(block, stopping);
    begin_at(start, block, schedule);
    for (int32_t row = 0; row < instances.count; ++row)
        if (block.is_positive_somewhere(row)) schedule.add_near(row);
    const Certificate certificate = schedule.run();
    BlockSolution solution = pruned(block, prune);
    solution.epochs = schedule.epochs();
    for (int lane = 0; lane < labels.count; ++lane) {
        solution.primal.push_back(certificate.primal[lane]);
        solution.dual.push_back(certificate.dual[lane]);
    }
    return solution;
}

}  // namespace pwdismec
