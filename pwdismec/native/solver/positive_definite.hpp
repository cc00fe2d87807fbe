// Small symmetric systems.
#pragma once

#include <vector>

namespace pwdismec {

// Solves A x = b for a positive definite A by Cholesky's factorisation A = U'U, row by row of U, so that every
// inner loop runs along a row. `matrix` is n x n and read from the diagonal on; it becomes U, and `b` x.
void solve_positive_definite(std::vector<double>& matrix, std::vector<double>& b);

}  // namespace pwdismec
