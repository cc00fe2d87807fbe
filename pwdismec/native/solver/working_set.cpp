#include "solver/working_set.hpp"

#include <algorithm>
#include <bit>
#include <numeric>
#include <utility>

#include "solver/loss.hpp"
#include "solver/newton.hpp"
#include "solver/products.hpp"

namespace pwdismec {
namespace {

constexpr float kNearMargin = 0.1f;       // beyond the margin up to which an instance without alpha is near
constexpr int kHotSweeps = 20;            // at the most, between two sweeps of the near instances
constexpr int64_t kPatience = 100;        // visits an instance, after which coordinate descent is held to be stuck
constexpr double kLastMile = 5;           // unless the gap is within so many goals; then it has
constexpr int64_t kLastPatience = 300;
constexpr std::size_t kFewFeatures = 64;     // of a restricted set
constexpr std::size_t kManyInstances = 16;  // for each of them

// Whether a weight is not zero, without a branch: nobody could predict it.
bool is_set(float weight) { return (std::bit_cast<uint32_t>(weight) << 1) != 0; }

template <class T>
double sum_of_squares(const T* values, std::size_t n) {
    double sums[4] = {};  // side by side, as in rows.hpp
    const auto square = [&](std::size_t k) { return static_cast<double>(values[k]) * static_cast<double>(values[k]); };
    std::size_t k = 0;
    for (; k + 4 <= n; k += 4)
        for (std::size_t i = 0; i < 4; ++i) sums[i] += square(k + i);
    for (; k < n; ++k) sums[0] += square(k);
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

}  // namespace

WorkingSet::WorkingSet(const Instances& instances)
    : x_(instances), local_numbers_(at(instances.n_features - instances.n_near)),
      weights_(at(instances.n_features)), sums_(at(instances.n_features)) {
    std::fill_n(local_numbers_.data(), x_.n_features - x_.n_near, -1);
}

void WorkingSet::restrict_to(const std::vector<int32_t>& features) {
    restricted_ = true;
    places_.resize(at(x_.n_features), -1);
    for (const int32_t feature : own_) places_[at(feature)] = -1;
    own_ = features;
    for (std::size_t k = 0; k < own_.size(); ++k) places_[at(own_[k])] = static_cast<int32_t>(k);
}

// Weights in use.
std::size_t WorkingSet::n_local() const {
    if (restricted_) return own_.size();
    return compact_ ? at(x_.n_near) + far_.size() : at(x_.n_features);
}

void WorkingSet::begin(std::size_t count, uint64_t seed) {
    for (const int32_t feature : far_) local_numbers_[at(feature - x_.n_near)] = -1;
    far_.clear();
    const double mean = static_cast<double>(x_.stored()) / static_cast<double>(x_.count);
    compact_ = restricted_ || (!x_.dense() && static_cast<double>(count) * mean <= static_cast<double>(kMostCopied));
    if (!compact_) {  // a set as large as that has other uses for the memory
        indices_ = {};
        values_ = {};
        room_ = 0;
    } else if (room_ == 0) {
        make_room(at(std::min(kMostCopied, x_.stored())));
    }
    ends_.assign(1, 0);
    ends_.reserve(count + 1);
    points_.clear();
    points_.reserve(count);
    by_newton_ = false;
    random_ = seed * 2 + 1;
}

// Room that is not written takes no memory.
void WorkingSet::make_room(std::size_t values) {
    HugeArray<int32_t> indices(values);
    HugeArray<float> more(values);
    std::copy_n(indices_.data(), room_, indices.data());
    std::copy_n(values_.data(), room_, more.data());
    indices_ = std::move(indices);
    values_ = std::move(more);
    room_ = values;
}

void WorkingSet::add(int32_t instance, double alpha, bool positive, double cost) {
    const float diagonal = static_cast<float>(Loss::diagonal(cost));
    points_.push_back(
        {alpha, cost, positive ? 1.0f : -1.0f, diagonal, x_.sq_norms[at(instance)] + diagonal, instance});
    if (!compact_) return;
    const Row row = x_.row(instance);
    if (restricted_) {
        copy_restricted(row);
        return;
    }
    const int64_t begin = ends_.back(), end = begin + row.size;
    if (at(end) > room_) make_room(at(2 * end));
    std::copy_n(row.values, row.size, values_.data() + begin);
    int32_t* to = indices_.data() + begin;
    int64_t k = 0;
    for (; k < row.size && row.indices[k] < x_.n_near; ++k) to[k] = row.indices[k];
    std::size_t n_far = far_.size();
    far_.resize(n_far + at(row.size - k));  // room for all that may be new
    for (; k < row.size; ++k) {  // without a branch: nobody could predict it
        const int32_t feature = row.indices[k];
        int32_t& number = local_numbers_[at(feature - x_.n_near)];
        const bool is_new = number < 0;
        far_[n_far] = feature;
        number = is_new ? x_.n_near + static_cast<int32_t>(n_far) : number;
        n_far += is_new;
        to[k] = number;
    }
    far_.resize(n_far);
    ends_.push_back(end);
}

// Of the instance that was added last.
void WorkingSet::copy_restricted(const Row& row) {
    int64_t end = ends_.back();
    if (at(end + row.size) > room_) make_room(at(2 * (end + row.size)));
    double sq_norm = static_cast<double>(x_.bias) * static_cast<double>(x_.bias);
    for (int64_t k = 0; k < row.size; ++k) {
        const int32_t place = places_[at(row.indices ? row.indices[k] : k)];
        if (place < 0) continue;
        indices_[at(end)] = place;
        values_[at(end++)] = row.values[k];
        sq_norm += static_cast<double>(row.values[k]) * static_cast<double>(row.values[k]);
    }
    ends_.push_back(end);
    points_.back().curvature = static_cast<float>(sq_norm) + points_.back().diagonal;
}

Row WorkingSet::row(std::size_t k) const {
    if (!compact_) return x_.row(points_[k].instance);
    return {indices_.data() + ends_[k], values_.data() + ends_[k], ends_[k + 1] - ends_[k]};
}

void WorkingSet::resume(const SparseWeights& weights, double dual) {
    std::fill_n(weights_.data(), n_local(), 0.0f);
    std::size_t k = 0;
    for (; restricted_ && k < weights.features.size(); ++k)
        weights_[at(places_[at(weights.features[k])])] = weights.values[k];
    for (; k < weights.features.size() && weights.features[k] < x_.n_near; ++k)
        weights_[at(weights.features[k])] = weights.values[k];
    for (; k < weights.features.size(); ++k) {
        const int32_t feature = weights.features[k];
        const int32_t number = compact_ ? local_numbers_[at(feature - x_.n_near)] : feature;
        if (number >= 0) weights_[at(number)] = weights.values[k];
    }
    bias_weight_ = weights.bias;
    by_newton_ = weights.by_newton;
    dual_ = dual;
}

// Visits the instances of `order`, at random, and takes a step where it is worth it; such
// instances are left in `worth_it_`, and in `near_` those that may soon be. Returns what they all contribute
// to the gap, as it was met.
double WorkingSet::sweep(std::vector<uint32_t>& order, double goal, bool find_near) {
    shuffle(order);
    worth_it_.clear();
    if (find_near) near_.clear();
    const double worth = goal * dual_ / static_cast<double>(order.size());
    double sum = 0;
    for (const uint32_t k : order) {
        Point& point = points_[k];
        const float a = static_cast<float>(point.alpha), diagonal = point.diagonal;
        const float slack = Loss::slack(point.sign * (dot(row(k), weights_.data()) + bias_weight_ * x_.bias));
        const double gap = Loss::gap(slack, a, diagonal, point.cost);
        sum += gap;
        if (find_near && (a > 0 || slack > -kNearMargin)) near_.push_back(k);
        if (!(gap > worth)) continue;
        worth_it_.push_back(k);
        const auto [change, rise] = Loss::step(slack, a, diagonal, point.curvature);
        point.alpha = Loss::feasible(point.alpha + static_cast<double>(change));
        dual_ += static_cast<double>(rise);
        bias_weight_ += change * point.sign * x_.bias;
        pwdismec::add(row(k), change * point.sign, weights_.data());
    }
    return sum;
}

void WorkingSet::shuffle(std::vector<uint32_t>& order) {
    for (std::size_t i = order.size(); i > 1; --i) {
        random_ ^= random_ << 13;  // xorshift64 (Marsaglia 2003): the same on every platform
        random_ ^= random_ >> 7;
        random_ ^= random_ << 17;
        std::swap(order[i - 1], order[((random_ >> 32) * i) >> 32]);
    }
}

// A visit costs the same whether it changes anything or not. So the instances whose last step was worth it
// are visited until they are quiet; then those near the margin, until they are quiet as well; and only then
// the whole set. Whether it got to the goal.
bool WorkingSet::descend(double goal, int64_t& visits, int64_t most_visits) {
    all_.resize(size());
    std::iota(all_.begin(), all_.end(), 0u);
    double gap = 0;
    const auto quiet = [&](std::vector<uint32_t>& order, bool find_near = false) {
        visits += static_cast<int64_t>(order.size());
        gap = sweep(order, goal, find_near);
        return gap <= goal * dual_;
    };
    const int64_t patience = kPatience * static_cast<int64_t>(size());
    const auto stuck = [&] { return visits > patience && gap > kLastMile * goal * dual_; };
    while (visits < most_visits) {
        if (quiet(all_, true)) return true;
        do {
            for (int i = 0; i < kHotSweeps && !worth_it_.empty(); ++i) {
                std::swap(hot_, worth_it_);
                if (quiet(hot_)) break;
            }
        } while (!quiet(near_) && !stuck() && visits < most_visits);
        if (stuck()) return false;
    }
    return false;
}

// A set with few features cannot tell its instances apart: many are inside the margin, where coordinate descent
// is slow, and a Newton step with few unknowns costs little more than a visit of each.
bool WorkingSet::is_for_newton() const {
    return restricted_ && own_.size() <= kFewFeatures && size() > kManyInstances * (own_.size() + 1);
}

int64_t WorkingSet::solve(double goal, int64_t most_visits) {
    int64_t visits = 0;
    const int64_t patience = kLastPatience * static_cast<int64_t>(size());
    if (!by_newton_)
        by_newton_ = is_for_newton() ||
                     (!descend(goal, visits, std::min(patience, most_visits)) && visits < most_visits);
    if (by_newton_) visits += NewtonMethod(*this).solve(goal, most_visits - visits);
    return visits;
}

void WorkingSet::settle() {
    const std::size_t n = n_local();
    std::fill_n(sums_.data(), n, 0.0);
    double bias_sum = 0;
    dual_ = 0;
    for (std::size_t k = 0; k < size(); ++k) {
        const Point& point = points_[k];
        if (!(point.alpha > 0)) continue;
        const double along = point.alpha * static_cast<double>(point.sign);
        dual_ += Loss::dual(point.alpha, point.cost);
        bias_sum += along * static_cast<double>(x_.bias);
        pwdismec::add(row(k), along, sums_.data());
    }
    dual_ -= 0.5 * (bias_sum * bias_sum + sum_of_squares(sums_.data(), n));
    if (by_newton_) return;
    std::transform(sums_.data(), sums_.data() + n, weights_.data(), [](double sum) { return static_cast<float>(sum); });
    bias_weight_ = static_cast<float>(bias_sum);
}

SparseWeights WorkingSet::weights() const {
    SparseWeights found;
    found.bias = bias_weight_;
    found.by_newton = by_newton_;
    std::size_t n_found = 0;
    const std::size_t n_weights = n_local();
    for (std::size_t k = 0; k < n_weights; ++k) n_found += is_set(weights_[k]);
    found.features.resize(n_found + 1);  // and a place for zeros
    found.values.resize(found.features.size());
    std::size_t n = 0;
    const auto take = [&](int32_t feature, float weight) {
        found.features[n] = feature;  // overwritten by the next one if it is zero
        found.values[n] = weight;
        n += is_set(weight);
    };
    const std::size_t n_near = restricted_ ? 0 : at(x_.n_near);
    for (std::size_t f = 0; f < n_near; ++f) take(static_cast<int32_t>(f), weights_[f]);
    const std::vector<int32_t>& others = restricted_ ? own_ : far_;
    const auto take_others = [&](int32_t first, int32_t stop) {
        for (std::size_t k = n_near; k < n_weights; ++k) {
            const int32_t feature = compact_ ? others[k - n_near] : static_cast<int32_t>(k);
            if (first <= feature && feature < stop) take(feature, weights_[k]);
        }
    };
    if (n_near < at(x_.n_frequent)) take_others(static_cast<int32_t>(n_near), x_.n_frequent);
    found.n_frequent = n;
    take_others(x_.n_frequent, x_.n_features);
    found.features.resize(n);
    found.values.resize(n);
    const double bias = static_cast<double>(bias_weight_);
    found.sq_norm = bias * bias + sum_of_squares(found.values.data(), n);
    return found;
}

}  // namespace pwdismec
