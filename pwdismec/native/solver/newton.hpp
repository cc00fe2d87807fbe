// A modified finite Newton method, for the few working sets on which coordinate descent does not get there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pwdismec {

class WorkingSet;

// Keerthi and DeCoste (JMLR 2005, "A modified finite Newton method for fast solution of large scale linear
// SVMs"): the least-squares problem of the instances inside the margin is solved, and the step to its solution
// is cut by an exact line search. Where costs are large against the features' scale it takes some ten steps,
// and coordinate descent thousands of sweeps. With few features or few instances inside, the least-squares
// problem is solved by elimination, which no condition number slows down, else by conjugate gradients. All in
// float64. It is a least-squares problem because the loss is quadratic inside the margin: of loss.hpp, this is what
// the method relies on.
//
// Where costs are so large that the margins are all but hard, a step from afar runs at once into instances that
// it did not know of, and the line search leaves next to nothing of it. Costs then begin again where the
// problem is easy and rise by steps to their own values, each solution near the next.
//
// The weights are Newton's own and not w(alpha), which would magnify their error by the Hessian's largest
// eigenvalue; alpha is what they make of it, and certifies them.
class NewtonMethod {
public:
    explicit NewtonMethod(WorkingSet& set);

    // As WorkingSet::solve; leaves weights and alpha in the set.
    int64_t solve(double goal, int64_t most_visits);

private:
    using Vector = std::vector<double>;  // weights by local number, the constant feature's last

    double margin(std::size_t k, const Vector& weights) const;
    void margins(const Vector& weights, std::vector<double>& to);
    void add_row(std::size_t k, double step, Vector& to) const;
    void add_rows(const std::vector<double>& steps, Vector& to);
    void cut_costs(double most);
    void set_gradient();
    void set_step(int64_t most_visits);
    void eliminate_features();
    void know(std::size_t k);
    void eliminate_instances();
    void conjugate_gradients(int64_t most_visits);
    double step_length() const;
    double dual_gap(double& dual);

    WorkingSet& set_;
    const std::size_t n_weights_;
    int64_t visits_ = 0;
    double values_a_row_, lowest_cost_;
    Vector weights_, gradient_, step_, along_, curved_, residual_, scale_;
    std::vector<double> margins_, step_margins_, products_, costs_;  // by instance: y w.x
    std::vector<std::size_t> inside_;  // the margin
    std::vector<double> matrix_, multipliers_;

    // Inner products of instances that once were inside, by the order in which they came.
    std::vector<std::size_t> known_, place_;
    std::vector<std::vector<double>> inner_products_;
};

}  // namespace pwdismec
