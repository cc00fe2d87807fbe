"""The loss that solvers minimise, in plain NumPy and float64: the squared hinge.

Of an instance's margin m = y wᵀx at its cost c > 0 (Hsieh et al., ICML 2008,
there L2-SVM; ``native/solver/loss.hpp`` has the same for the kernels):

    value        c ℓ(m) = c max(0, 1 − m)²         no loss from the margin 1 on
    derivative   −2c max(0, 1 − m)
    conjugate    c ℓ*(−α/c) = α²/(4c) − α          where α ≥ 0; infinite elsewhere

With these, over the instances i,

    P(w) =  ½‖w‖² + Σ c_i ℓ(y_i wᵀx_i)
    D(α) = −½‖w(α)‖² − Σ c_i ℓ*(−α_i/c_i),    w(α) = Σ α_i y_i x_i,

and P(w) ≥ D(α) for all w and α (Fenchel and Young): value, conjugate and αm
add up to 0 or more, and to 0 where α is −c ℓ'(m).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


def value(margins: Vector) -> Vector:
    """ℓ(m); float64, as long as `margins`."""
    return np.maximum(0.0, 1.0 - margins) ** 2


def derivative(margins: Vector) -> Vector:
    """ℓ'(m); float64, as long as `margins`."""
    return -2.0 * np.maximum(0.0, 1.0 - margins)


def conjugate(alpha: Vector, c: Vector) -> Vector:
    """What the conjugate is at α, c ℓ*(−α/c); float64, as long as `alpha`.

    Raises
    ------
    ValueError
        If an α is negative: D would bound nothing.
    """
    if np.any(alpha < 0):
        raise ValueError(f"alpha: the least is {alpha.min()}; expected none below 0")
    return alpha**2 / (4.0 * c) - alpha


def best_scale(alpha: Vector, c: Vector, sq_norm: float) -> float:
    """The s ≥ 0 for which D(sα) is the largest; `sq_norm` is ‖w(α)‖².

    D(sα) = sΣα − ½s²(‖w(α)‖² + Σα²/(2c)) is a parabola in s.
    """
    curvature = sq_norm + (alpha**2 / (2.0 * c)).sum()
    return float(alpha.sum() / curvature) if curvature > 0 else 0.0
