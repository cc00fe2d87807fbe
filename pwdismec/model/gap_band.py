"""How near all labels of a model are to their optima, by the gaps of a sample of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from pwdismec.model.model_manifest import Manifest

_CONFIDENCE: Final = 0.95


class GapQuantile(NamedTuple):
    """The gap that a share of all labels does not exceed.

    Attributes
    ----------
    share
        Of the labels.
    value
        That of the sample.
    low, high
        What that of all labels lies between; 0 and infinity where the sample does not tell.
    """

    share: float
    value: float
    low: float
    high: float


def sampled_gaps(manifest: Manifest) -> list[float]:
    """The relative gaps of the labels that were taken at random; none of a certified or imported model."""
    if not isinstance(manifest.run.config.get("passes"), int):
        return []
    return [gap for shard in manifest.shards for gap in shard.sampled_gaps]


def gap_quantiles(
    gaps: Sequence[float], n_labels: int, shares: Sequence[float] = (0.5, 0.9)
) -> list[GapQuantile]:
    """Quantiles of all labels' gaps, by those of a random sample; all of them hold together with 95 %.

    Parameters
    ----------
    gaps
        Of the sample, at least one.
    n_labels
        Labels in all.
    shares
        Each above 0 and at most 1.

    References
    ----------
    Massart, "The tight constant in the Dvoretzky-Kiefer-Wolfowitz inequality", Annals of Probability 1990:
    with probability 1 − δ the sample's distribution function is nowhere further from the true one than
    √(ln(2/δ) / 2n). Of a sample drawn without replacement it is nearer.
    """
    ordered = np.sort(np.asarray(gaps, np.float64))
    n = len(ordered)
    away = 0.0 if n == n_labels else math.sqrt(math.log(2 / (1 - _CONFIDENCE)) / (2 * n))

    def at(share: float) -> float:
        if share <= 0:
            return 0.0
        return math.inf if share > 1 else float(ordered[max(0, math.ceil(share * n - 1e-9) - 1)])

    return [GapQuantile(share, at(share), at(share - away), at(share + away)) for share in shares]
