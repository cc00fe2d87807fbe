#include "newton.hpp"

#include <algorithm>
#include <cmath>

#include "rows.hpp"
#include "working_set.hpp"

namespace pwdismec {
namespace {

constexpr int kMostSteps = 100;
constexpr double kResidual = 1e-3;  // conjugate gradients end at this share of the gradient

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
    : set_(set), n_weights_(set.weights_.size()), weights_(n_weights_ + 1), gradient_(weights_), step_(weights_),
      along_(weights_), curved_(weights_), residual_(weights_), scale_(weights_), margins_(set.size()),
      step_margins_(margins_), products_(margins_) {}

// to_k := y_k weights.x_k
void NewtonMethod::margins(const Vector& weights, std::vector<double>& to) {
    const double bias = static_cast<double>(set_.x_.bias) * weights.back();
    for (std::size_t k = 0; k < to.size(); ++k) {
        const Row row = set_.row(k);
        double total = bias;
        for (int64_t i = 0; i < row.size; ++i)
            total += static_cast<double>(row.values[i]) * weights[static_cast<std::size_t>(row.indices ? row.indices[i] : i)];
        to[k] = static_cast<double>(set_.points_[k].sign) * total;
    }
    visits_ += static_cast<int64_t>(to.size());
}

// to += sum_k steps_k y_k x_k
void NewtonMethod::add_rows(const std::vector<double>& steps, Vector& to) {
    for (std::size_t k = 0; k < steps.size(); ++k) {
        if (steps[k] == 0) continue;
        const double step = static_cast<double>(set_.points_[k].sign) * steps[k];
        add(set_.row(k), step, to.data());
        to.back() += step * static_cast<double>(set_.x_.bias);
    }
    visits_ += static_cast<int64_t>(steps.size());
}

// w - 2 sum c (1 - y w.x) y x over the instances inside the margin; and the diagonal of the Hessian, inverted.
void NewtonMethod::set_gradient() {
    std::vector<double>& steps = products_;
    std::fill(scale_.begin(), scale_.end(), 1.0);
    for (std::size_t k = 0; k < set_.size(); ++k) {
        steps[k] = -2 * set_.points_[k].cost * std::max(0.0, 1 - margins_[k]);
        if (steps[k] == 0) continue;
        const Row row = set_.row(k);
        for (int64_t i = 0; i < row.size; ++i) {
            const double value = static_cast<double>(row.values[i]);
            scale_[static_cast<std::size_t>(row.indices ? row.indices[i] : i)] += 2 * set_.points_[k].cost * value * value;
        }
        const double bias = static_cast<double>(set_.x_.bias);
        scale_.back() += 2 * set_.points_[k].cost * bias * bias;
    }
    for (double& scale : scale_) scale = 1 / scale;
    gradient_ = weights_;
    add_rows(steps, gradient_);
}

// Solves H step = -gradient by preconditioned conjugate gradients, H = I + 2 sum c x x' inside the margin.
void NewtonMethod::set_step(int64_t most_visits) {
    std::fill(step_.begin(), step_.end(), 0.0);
    for (std::size_t f = 0; f < residual_.size(); ++f) {
        residual_[f] = -gradient_[f];
        along_[f] = scale_[f] * residual_[f];
    }
    double size = inner(residual_, along_);
    const double enough = size * kResidual * kResidual;
    while (size > enough && visits_ < most_visits) {
        margins(along_, products_);
        for (std::size_t k = 0; k < products_.size(); ++k) products_[k] *= margins_[k] < 1 ? 2 * set_.points_[k].cost : 0;
        curved_ = along_;
        add_rows(products_, curved_);
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
            const double slack = 1 - margins_[k] - length * step_margins_[k];
            if (slack <= 0) continue;
            value -= 2 * set_.points_[k].cost * slack * step_margins_[k];
            slope += 2 * set_.points_[k].cost * step_margins_[k] * step_margins_[k];
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

// Sets alpha to what the margins make of it, 2 c max(0, 1 - y w.x), and gives the gap of w(alpha).
double NewtonMethod::dual_gap(double& dual) {
    dual = 0;
    for (std::size_t k = 0; k < set_.size(); ++k) {
        const double alpha = 2 * set_.points_[k].cost * std::max(0.0, 1 - margins_[k]);
        set_.points_[k].alpha = products_[k] = alpha;
        dual += alpha - alpha * alpha / (4 * set_.points_[k].cost);
    }
    std::fill(curved_.begin(), curved_.end(), 0.0);
    add_rows(products_, curved_);
    dual -= 0.5 * inner(curved_, curved_);
    margins(curved_, products_);
    double gap = 0;
    for (std::size_t k = 0; k < set_.size(); ++k) {
        const double slack = 1 - products_[k], hinge = std::max(slack, 0.0), alpha = set_.points_[k].alpha;
        const double residual = hinge - alpha / (2 * set_.points_[k].cost);
        gap += set_.points_[k].cost * residual * residual + alpha * (hinge - slack);
    }
    return gap;
}

int64_t NewtonMethod::solve(double goal, int64_t most_visits) {
    std::copy(set_.weights_.begin(), set_.weights_.end(), weights_.begin());
    weights_.back() = static_cast<double>(set_.bias_weight_);
    margins(weights_, margins_);
    for (int step = 0; step < kMostSteps && visits_ < most_visits; ++step) {
        set_gradient();
        set_step(most_visits);
        margins(step_, step_margins_);
        const double length = step_length();
        combine(weights_, length, step_, weights_);
        combine(margins_, length, step_margins_, margins_);
        double dual;
        if (dual_gap(dual) <= goal * dual) break;
    }
    return visits_;
}

}  // namespace pwdismec
