"""How far stated probabilities are from what came true."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

N_BINS = 15


@dataclass(frozen=True)
class Reliability:
    """Pairs of instance and label in bins of equal width, by stated probability; empty bins are left out.

    Attributes
    ----------
    counts
        Pairs of each bin.
    stated
        The mean probability stated.
    true
        The share that was true.
    """

    counts: tuple[int, ...]
    stated: tuple[float, ...]
    true: tuple[float, ...]

    @classmethod
    def of(cls, probabilities: NDArray[np.floating], true: NDArray[np.bool_]) -> Reliability:
        """Of some pairs: the probabilities stated, and whether each is true, both of shape (n,)."""
        bins = np.minimum((np.asarray(probabilities) * N_BINS).astype(np.int64), N_BINS - 1)
        counts, stated, hits = (np.bincount(bins, w, N_BINS) for w in (None, probabilities, true))
        held = counts > 0
        return cls(
            tuple(counts[held].tolist()),
            tuple((stated[held] / counts[held]).tolist()),
            tuple((hits[held] / counts[held]).tolist()),
        )

    @property
    def error(self) -> float:
        """The expected calibration error: over pairs, the mean distance of `stated` and `true` of their bin.

        Notes
        -----
        Naeini, Cooper and Hauskrecht, AAAI 2015. Over an instance's best k it is ECE@k of Ullah et al.,
        KDD 2025: over all pairs, nearly all of which are false and known to be, it would say nothing.
        """
        counts = np.array(self.counts)
        apart = np.abs(np.array(self.stated) - np.array(self.true))
        return float((counts * apart).sum() / max(1, counts.sum()))

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)
