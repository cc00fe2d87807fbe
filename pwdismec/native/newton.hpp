// A modified finite Newton method, for the few working sets on which coordinate descent does not get there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pwdismec {

class WorkingSet;

// Keerthi and DeCoste (JMLR 2005, "A modified finite Newton method for fast solution of large scale linear
// SVMs"): the least-squares problem of the instances inside the margin is solved by conjugate gradients, and
// the step to its solution is cut by an exact line search. Where costs are large against the features' scale
// it takes some ten steps, and coordinate descent thousands of sweeps. All in float64.
class NewtonMethod {
public:
    explicit NewtonMethod(WorkingSet& set);

    // As WorkingSet::solve; leaves alpha in the set.
    int64_t solve(double goal, int64_t most_visits);

private:
    using Vector = std::vector<double>;  // weights by local number, the constant feature's last

    void margins(const Vector& weights, std::vector<double>& to);
    void add_rows(const std::vector<double>& steps, Vector& to);
    void set_gradient();
    void set_step(int64_t most_visits);
    double step_length() const;
    double dual_gap(double& dual);

    WorkingSet& set_;
    const std::size_t n_weights_;
    int64_t visits_ = 0;
    Vector weights_, gradient_, step_, along_, curved_, residual_, scale_;
    std::vector<double> margins_, step_margins_, products_;  // by instance: y w.x
};

}  // namespace pwdismec
