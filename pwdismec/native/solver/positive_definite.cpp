#include "solver/positive_definite.hpp"

#include <cmath>
#include <cstddef>

namespace pwdismec {

void solve_positive_definite(std::vector<double>& matrix, std::vector<double>& b) {
    const std::size_t n = b.size();
    for (std::size_t p = 0; p < n; ++p) {
        double* pivot = matrix.data() + p * n;
        const double inverse = 1 / std::sqrt(pivot[p]);
        for (std::size_t j = p; j < n; ++j) pivot[j] *= inverse;
        for (std::size_t i = p + 1; i < n; ++i) {
            const double factor = pivot[i];
            if (factor == 0) continue;
            double* row = matrix.data() + i * n;
            for (std::size_t j = i; j < n; ++j) row[j] -= factor * pivot[j];
        }
        b[p] *= inverse;
        for (std::size_t j = p + 1; j < n; ++j) b[j] -= pivot[j] * b[p];
    }
    for (std::size_t p = n; p-- > 0;) {
        const double* pivot = matrix.data() + p * n;
        for (std::size_t j = p + 1; j < n; ++j) b[p] -= pivot[j] * b[j];
        b[p] /= pivot[p];
    }
}

}  // namespace pwdismec
