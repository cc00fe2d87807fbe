#include "solver/newton.hpp"

#include <algorithm>
#include <cmath>

#include "solver/loss.hpp"
#include "solver/positive_definite.hpp"
#include "solver/products.hpp"
#include "solver/working_set.hpp"
#include "support/memory.hpp"

namespace pwdismec {
namespace {

constexpr int kMostSteps = 100;
constexpr double kResidual = 1e-3;  // conjugate gradients end at this share of the gradient
constexpr std::size_t kMostEliminated = 1024;  // unknowns; a matrix of 8 MB
constexpr double kEasier = 8;  // an elimination's multiplications than a visit's, as they run along rows
constexpr std::size_t kUnknown = SIZE_MAX;

// Costs that begin again do so at this over the mean |x|^2, and rise so much at a time, once a step brings the
// objective down by so little.
constexpr double kLowestCost = 10;
constexpr double kRise = 4;
constexpr double kLittleFall = 0.01;
constexpr double kShortStep = 0.5;  // a line search that ends before it shows that the solution is far

std::size_t feature(const Row& row, int64_t i) { return at(row.indices ? row.indices[i] : i); }

double inner(const std::vector<double>& a, const std::vector<double>& b) {
    double total = 0;
    for (std::size_t f = 0; f < a.size(); ++f) total += a[f] * b[f];
    return total;
}

// to := a + factor * b
void combine(const std::vector<double>& a, double factor, const std::vector<double>& b, std::vector<double>& to) {
    for (std::size_t f = 0; f < a.size(); ++f) to[f] = a[f] + factor * b[f];
}

}  // namespace

NewtonMethod::NewtonMethod(WorkingSet& set)
    : set_(set), n_weights_(set.n_local()), weights_(n_weights_ + 1), gradient_(weights_), step_(weights_),
      along_(weights_), curved_(weights_), residual_(weights_), scale_(weights_), margins_(set.size()),
      step_margins_(margins_), products_(margins_), costs_(margins_), place_(set.size(), kUnknown) {
    double sq_norms = 0, values = 0;
    for (std::size_t k = 0; k < set_.size(); ++k) {
        sq_norms += static_cast<double>(set_.x_.sq_norms[at(set_.points_[k].instance)]);
        values += static_cast<double>(set_.row(k).size);
    }
    values_a_row_ = std::max(1.0, values / static_cast<double>(set_.size()));
    lowest_cost_ = kLowestCost * static_cast<double>(set_.size()) / sq_norms;
}

// y_k weights.x_k
double NewtonMethod::margin(std::size_t k, const Vector& weights) const {
    const Row row = set_.row(k);
    double total = static_cast<double>(set_.x_.bias) * weights.back();
    for (int64_t i = 0; i < row.size; ++i) total += static_cast<double>(row.values[i]) * weights[feature(row, i)];
    return static_cast<double>(set_.points_[k].sign) * total;
}

void NewtonMethod::margins(const Vector& weights, std::vector<double>& to) {
    for (std::size_t k = 0; k < to.size(); ++k) to[k] = margin(k, weights);
    visits_ += static_cast<int64_t>(to.size());
}

// to += step y_k x_k
void NewtonMethod::add_row(std::size_t k, double step, Vector& to) const {
    const double signed_step = static_cast<double>(set_.points_[k].sign) * step;
    add(set_.row(k), signed_step, to.data());
    to.back() += signed_step * static_cast<double>(set_.x_.bias);
}

void NewtonMethod::add_rows(const std::vector<double>& steps, Vector& to) {
    for (std::size_t k = 0; k < steps.size(); ++k)
        if (steps[k] != 0) add_row(k, steps[k], to);
    visits_ += static_cast<int64_t>(steps.size());
}

// w and, over the instances inside the margin, the sum of y x times the loss's derivative.
void NewtonMethod::set_gradient() {
    std::vector<double>& steps = products_;
    inside_.clear();
    for (std::size_t k = 0; k < set_.size(); ++k) {
        steps[k] = Loss::derivative(margins_[k], costs_[k]);
        if (steps[k] != 0) inside_.push_back(k);
    }
    gradient_ = weights_;
    add_rows(steps, gradient_);
}

// To the minimum of 1/2 |v|^2 + sum c (1 - y v.x)^2 over the instances inside the margin.
void NewtonMethod::set_step(int64_t most_visits) {
    const std::size_t order = std::min(inside_.size(), step_.size());
    if (order > kMostEliminated) {
        conjugate_gradients(most_visits);
        return;
    }
    std::fill(step_.begin(), step_.end(), 0.0);
    if (step_.size() < inside_.size())
        eliminate_features();
    else
        eliminate_instances();
    for (std::size_t f = 0; f < step_.size(); ++f) step_[f] -= weights_[f];
    visits_ += static_cast<int64_t>(static_cast<double>(order * order * order) / (kEasier * 6 * values_a_row_));
}

// (I + 2 sum c x x') v = 2 sum c y x
void NewtonMethod::eliminate_features() {
    const std::size_t n = step_.size();
    const double bias = static_cast<double>(set_.x_.bias);
    matrix_.assign(n * n, 0.0);
    for (std::size_t f = 0; f < n; ++f) matrix_[f * n + f] = 1;
    int64_t products = 0;
    for (const std::size_t k : inside_) {
        const Row row = set_.row(k);
        const double curvature = Loss::second_derivative(costs_[k]);
        add_row(k, curvature, step_);
        for (int64_t i = 0; i < row.size; ++i) {
            const double step = curvature * static_cast<double>(row.values[i]);
            double* to = matrix_.data() + feature(row, i) * n;
            for (int64_t j = i; j < row.size; ++j) to[feature(row, j)] += step * static_cast<double>(row.values[j]);
            to[n - 1] += step * bias;
        }
        matrix_.back() += curvature * bias * bias;
        products += row.size * row.size / 2;
    }
    visits_ += static_cast<int64_t>(static_cast<double>(products) / values_a_row_);
    solve_positive_definite(matrix_, step_);
}

// The products of instance k with those known before it, and from then on it is known too.
void NewtonMethod::know(std::size_t k) {
    if (place_[k] != kUnknown) return;
    place_[k] = known_.size();
    known_.push_back(k);
    std::fill(along_.begin(), along_.end(), 0.0);
    add_row(k, 1.0, along_);
    std::vector<double>& products = inner_products_.emplace_back();
    for (const std::size_t other : known_) products.push_back(margin(other, along_));
    visits_ += static_cast<int64_t>(known_.size());
}

// v = sum b y x with (Y X X' Y + 1/(2c)) b = 1
void NewtonMethod::eliminate_instances() {
    const std::size_t n = inside_.size();
    for (const std::size_t k : inside_) know(k);
    matrix_.resize(n * n);
    for (std::size_t p = 0; p < n; ++p) {
        for (std::size_t q = p; q < n; ++q) {
            const auto [less, more] = std::minmax(place_[inside_[p]], place_[inside_[q]]);
            matrix_[p * n + q] = inner_products_[more][less];
        }
        matrix_[p * n + p] += Loss::diagonal(costs_[inside_[p]]);
    }
    multipliers_.assign(n, 1.0);
    solve_positive_definite(matrix_, multipliers_);
    for (std::size_t p = 0; p < n; ++p) add_row(inside_[p], multipliers_[p], step_);
}

// Preconditioned by the Hessian's diagonal. Instances outside the margin have no part in the Hessian, and are
// not visited: of many easy positives most are outside.
void NewtonMethod::conjugate_gradients(int64_t most_visits) {
    std::fill(scale_.begin(), scale_.end(), 1.0);
    const double bias = static_cast<double>(set_.x_.bias);
    for (const std::size_t k : inside_) {
        const Row row = set_.row(k);
        const double curvature = Loss::second_derivative(costs_[k]);
        for (int64_t i = 0; i < row.size; ++i) {
            const double value = static_cast<double>(row.values[i]);
            scale_[feature(row, i)] += curvature * value * value;
        }
        scale_.back() += curvature * bias * bias;
    }
    for (double& scale : scale_) scale = 1 / scale;
    std::fill(step_.begin(), step_.end(), 0.0);
    for (std::size_t f = 0; f < residual_.size(); ++f) {
        residual_[f] = -gradient_[f];
        along_[f] = scale_[f] * residual_[f];
    }
    double size = inner(residual_, along_);
    const double enough = size * kResidual * kResidual;
    while (size > enough && visits_ < most_visits) {
        curved_ = along_;
        for (const std::size_t k : inside_)
            add_row(k, Loss::second_derivative(costs_[k]) * margin(k, along_), curved_);
        visits_ += static_cast<int64_t>(inside_.size());
        const double length = size / inner(along_, curved_);
        combine(step_, length, along_, step_);
        combine(residual_, -length, curved_, residual_);
        double next = 0;
        for (std::size_t f = 0; f < residual_.size(); ++f) next += scale_[f] * residual_[f] * residual_[f];
        for (std::size_t f = 0; f < along_.size(); ++f) along_[f] = scale_[f] * residual_[f] + next / size * along_[f];
        size = next;
    }
}

// The minimum of the objective along the step: a root of its derivative, which is piecewise linear and grows.
double NewtonMethod::step_length() const {
    const double here = inner(weights_, step_), curvature = inner(step_, step_);
    const auto derivative = [&](double length, double& slope) {
        double value = here + length * curvature;
        slope = curvature;
        for (std::size_t k = 0; k < margins_.size(); ++k) {
            const double slack = Loss::slack(margins_[k]) - length * step_margins_[k];
            if (slack <= 0) continue;
            const double of_loss = Loss::second_derivative(costs_[k]);
            value -= of_loss * slack * step_margins_[k];
            slope += of_loss * step_margins_[k] * step_margins_[k];
        }
        return value;
    };
    double low = 0, high = 2, slope = 0, length = 1;
    while (derivative(high, slope) < 0 && high < 1e6) high *= 2;
    for (int i = 0; i < 100 && high - low > 1e-14 * high; ++i) {
        const double value = derivative(length, slope);
        if (value == 0) break;
        (value < 0 ? low : high) = length;
        length -= value / slope;
        if (!(length > low && length < high)) length = 0.5 * (low + high);
    }
    return length;
}

// Sets alpha to what the margins make of it, the loss's derivative with its sign turned, times what makes D, a parabola
// along it, the largest; gives the gap between the weights and it: once w is optimal, so is that alpha.
double NewtonMethod::dual_gap(double& dual) {
    double total = 0, loss = 0;
    for (std::size_t k = 0; k < set_.size(); ++k) {
        products_[k] = -Loss::derivative(margins_[k], costs_[k]);
        total += products_[k];
        loss += Loss::value(margins_[k], costs_[k]);
    }
    std::fill(curved_.begin(), curved_.end(), 0.0);
    add_rows(products_, curved_);
    const double curvature = inner(curved_, curved_) + 2 * loss;
    const double scale = curvature > 0 ? total / curvature : 0;
    for (std::size_t k = 0; k < set_.size(); ++k) set_.points_[k].alpha = scale * products_[k];
    dual = 0.5 * total * scale;
    return 0.5 * inner(weights_, weights_) + loss - dual;
}

void NewtonMethod::cut_costs(double most) {
    for (std::size_t k = 0; k < costs_.size(); ++k) costs_[k] = std::min(set_.points_[k].cost, most);
}

int64_t NewtonMethod::solve(double goal, int64_t most_visits) {
    std::copy_n(set_.weights_.data(), n_weights_, weights_.begin());
    weights_.back() = static_cast<double>(set_.bias_weight_);
    margins(weights_, margins_);
    const double all = std::ranges::max(set_.points_, {}, &WorkingSet::Point::cost).cost;
    double most = all;
    bool begun_again = false;
    cut_costs(most);
    for (int step = 0; step < kMostSteps && visits_ < most_visits; ++step) {
        set_gradient();
        set_step(most_visits);
        margins(step_, step_margins_);
        const double length = step_length();
        const double fall = -0.5 * length * inner(gradient_, step_);  // of the objective, about
        combine(weights_, length, step_, weights_);
        combine(margins_, length, step_margins_, margins_);
        double dual;
        const double gap = dual_gap(dual);
        const bool there = gap <= goal * dual;
        if (most >= all && there) break;
        if (!begun_again && length < kShortStep) {
            begun_again = true;
            most = lowest_cost_;
        } else if (there || (length >= kShortStep && fall < kLittleFall * (gap + dual))) {
            most = std::min(kRise * most, all);
        }
        cut_costs(most);
    }
    for (std::size_t f = 0; f < n_weights_; ++f) set_.weights_[f] = static_cast<float>(weights_[f]);
    set_.bias_weight_ = static_cast<float>(weights_.back());
    return visits_;
}

}  // namespace pwdismec
