// The loss: whatever depends on it stands here, and kernels ask.
#pragma once

#include <algorithm>
#include <cmath>

namespace pwdismec {

// The squared hinge, of an instance's margin m = y w.x at its cost c > 0 (Hsieh et al. 2008, "A dual coordinate
// descent method for large-scale linear SVM", there L2-SVM; solvers/loss.py has the same in float64):
//
//     value        c l(m) = c max(0, 1 - m)^2         no loss from the margin 1 on
//     derivative   -2c max(0, 1 - m)                  the second is 2c inside the margin, 0 outside
//     conjugate    c l*(-a/c) = a^2 / (4c) - a        where a >= 0; infinite elsewhere
//
// Value, conjugate and a m add up to what the instance contributes to the gap P - D (Fenchel and Young): at least 0,
// and 0 where a = 2c max(0, 1 - m). Coordinate descent keeps slacks 1 - m and alphas in float32, the rest is float64.
struct SquaredHinge {
    static constexpr float kNoLoss = 1;  // the least margin without loss

    template <class T>
    static T slack(T margin) {
        return 1 - margin;
    }

    template <class T>
    static T hinge(T slack) {
        return std::max(T{0}, slack);
    }

    static double value(double margin, double cost = 1) {
        const double short_of = hinge(slack(margin));
        return cost * short_of * short_of;
    }

    // The margin whose value it is, at the cost 1.
    static double margin_of(double value) { return 1.0 - std::sqrt(value); }

    static double derivative(double margin, double cost) { return -second_derivative(cost) * hinge(slack(margin)); }

    // Inside the margin.
    static double second_derivative(double cost) { return 2 * cost; }

    // The conjugate's negative: the instance's term of D.
    static double dual(double alpha, double cost) { return alpha - alpha * alpha / (4 * cost); }

    // The conjugate's second derivative, which the loss adds to |x|^2 on the diagonal of the dual's Hessian.
    static double diagonal(double cost) { return 0.5 / cost; }

    // The nearest alpha whose conjugate is finite.
    template <class T>
    static T feasible(T alpha) {
        return std::max(alpha, T{0});
    }

    // What the instance contributes to the gap, as a sum of parts >= 0, with u = 1 - m:
    //     c (max(0, u) - a / (2c))^2 + a (max(0, u) - u)
    // No cancellation can fake convergence.
    static double gap(float slack, float alpha, float diagonal, double cost) {
        const float short_of = hinge(slack), residual = short_of - alpha * diagonal;
        return static_cast<double>(residual) * static_cast<double>(residual) * cost +
               static_cast<double>(alpha) * static_cast<double>(short_of - slack);
    }

    // A Newton step of one alpha, clipped to what is feasible, and by how much it lets D rise. `curvature` is |x|^2 and
    // the diagonal.
    struct Step {
        float change, rise;
    };
    static Step step(float slack, float alpha, float diagonal, float curvature) {
        const float gradient = alpha * diagonal - slack;
        const float change = feasible(alpha - gradient / curvature) - alpha;
        return {change, -change * (gradient + 0.5f * curvature * change)};
    }
};

// The one that is minimised.
using Loss = SquaredHinge;

}  // namespace pwdismec
