"""The propensity of a label: how likely it is to be in the data where it is true (Jain et al. 2016)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pwdismec.bounds import real_number
from pwdismec.errors import ConfigError


class PropensityParameters(NamedTuple):
    """A and B of the propensity model."""

    a: float
    b: float


_COMMON = PropensityParameters(0.55, 1.5)
_WIKIPEDIA = PropensityParameters(0.5, 0.4)
_AMAZON = PropensityParameters(0.6, 2.6)

PRESETS: Mapping[str, PropensityParameters] = MappingProxyType(
    {
        "default": _COMMON,
        "amazon-3m": _AMAZON,
        "amazon-670k": _AMAZON,
        "amazoncat-13k": _COMMON,
        "bibtex": _COMMON,
        "delicious": _COMMON,
        "eurlex-4k": _COMMON,
        "lf-amazon-131k": _AMAZON,
        "lf-amazontitles-131k": _AMAZON,
        "lf-amazontitles-1.3m": _AMAZON,
        "lf-wikiseealso-320k": _COMMON,
        "lf-wikiseealsotitles-320k": _COMMON,
        "lf-wikipedia-500k": _WIKIPEDIA,
        "lf-wikititles-500k": _WIKIPEDIA,
        "mediamill": _COMMON,
        "tibkat": _COMMON,
        "wiki10-31k": _COMMON,
        "wikilshtc-325k": _WIKIPEDIA,
        "wikipedia-500k": _WIKIPEDIA,
    }
)
"""A and B by data set, as the Extreme Classification Repository's tools set them."""


def preset(name: str) -> PropensityParameters:
    """A and B for the data set `name`, in upper or lower case.

    Raises
    ------
    ConfigError
        If there is no such preset; the message lists those there are.
    """
    try:
        return PRESETS[name.lower()]
    except KeyError:
        raise ConfigError(f"propensity preset {name!r}; expected one of {', '.join(PRESETS)}") from None


def checked_parameters(a: float, b: float) -> PropensityParameters:
    """A and B as floats, if the model is defined for them.

    Raises
    ------
    ConfigError
        If `a` is no finite number or below 0, or `b` none or not above 0 (at B = 0 a label without
        positives would have the propensity 0).
    """
    return PropensityParameters(
        real_number("propensity A", a, lambda value: 0 <= value < math.inf, "a finite number ≥ 0"),
        real_number("propensity B", b, lambda value: 0 < value < math.inf, "a finite number > 0"),
    )


def inverse_propensities(
    label_counts: ArrayLike, n_instances: int, a: float = _COMMON.a, b: float = _COMMON.b
) -> NDArray[np.float64]:
    """1/p_j = 1 + C (n_j + B)^−A with C = (log N − 1)(B + 1)^A: the gain of a hit in PSP and PSnDCG.

    Parameters
    ----------
    label_counts
        Integers, shape (n_labels,): n_j, the training instances that carry label j. 0 is allowed.
    n_instances
        N, the number of training instances.
    a, b
        A and B; see `PRESETS`.

    Returns
    -------
    float64, shape (n_labels,). At least 1 and finite. At n_j = 1 it is log N whatever A and B are.
    For N < e, that is one or two instances, C would be negative and p above 1 (or, at N = n_j = 1,
    infinite): there C is taken as 0, so that every p is 1 and nothing counts as missing.

    Raises
    ------
    ConfigError
        If a count is negative, N is below 1, A or B is out of range, or so extreme that 1/p is not
        finite.

    References
    ----------
    Jain, Prabhu and Varma, "Extreme Multi-label Loss Functions for Recommendation, Tagging, Ranking &
    Other Missing Label Applications", KDD 2016. The logarithm is the natural one.
    """
    a, b = checked_parameters(a, b)
    if n_instances < 1:
        raise ConfigError(f"n_instances = {n_instances}; expected at least 1")
    counts = np.asarray(label_counts, np.float64)
    if counts.size and counts.min() < 0:
        raise ConfigError(f"label_counts: {counts.min():g} at label {counts.argmin()}; expected counts ≥ 0")
    c = max(math.log(n_instances) - 1.0, 0.0)
    with np.errstate(over="ignore"):
        inverse: NDArray[np.float64] = 1.0 + c * np.power((b + 1.0) / (counts + b), a)
    if not np.isfinite(inverse).all():
        raise ConfigError(f"propensity A = {a}, B = {b}: too extreme, 1/p is not finite for every label")
    return inverse


def propensities(
    label_counts: ArrayLike, n_instances: int, a: float = _COMMON.a, b: float = _COMMON.b
) -> NDArray[np.float64]:
    """p_j = 1/(1 + C e^(−A log(n_j + B))): the probability that a true label j is observed.

    Parameters, errors and source are those of `inverse_propensities`.

    Returns
    -------
    float64, shape (n_labels,), within (0, 1].
    """
    return 1.0 / inverse_propensities(label_counts, n_instances, a, b)
