"""The mean relative gain of one method over another."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from pwdismec.errors import ConfigError


def mean_relative_gain(values: ArrayLike, baseline: ArrayLike) -> float:
    """The mean over data sets (and k's) of (value − baseline)/baseline, in percent (Eq. 30).

    Parameters
    ----------
    values, baseline
        One metric of two methods on the same data sets, in the same order; equal shapes.

    Raises
    ------
    ConfigError
        If the shapes differ or are empty, or a baseline is not above 0.

    References
    ----------
    Qaraei et al., WWW 2021, Eq. 30.
    """
    ours, theirs = np.asarray(values, np.float64), np.asarray(baseline, np.float64)
    if ours.shape != theirs.shape or not ours.size:
        raise ConfigError(f"relative gain of {ours.shape} values over {theirs.shape}; expected as many, ≥ 1")
    if not (theirs > 0).all():
        raise ConfigError(f"relative gain over {theirs.min():g}; expected baselines above 0")
    return float(100.0 * ((ours - theirs) / theirs).mean())
