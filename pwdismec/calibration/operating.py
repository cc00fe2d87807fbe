"""What sets of labels above each probability have shown, and which gives the best micro-F1, or a precision.

One probability for all labels is enough for micro-F1 where probabilities are
right: the best is half the F1 it gives (Lipton, Elkan and Naryanaswamy, ECML
PKDD 2014).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pwdismec.errors import ConfigError

STEPS = 1000
"""Probabilities looked at: 0.001, 0.002, … 1."""


@dataclass(frozen=True, eq=False)
class OperatingPoints:
    """Counts of held-out pairs of instance and label, by the least probability asked of them.

    Attributes
    ----------
    counts
        int64, shape (STEPS + 1, 2). Row i: pairs of a probability of i/STEPS or more, and how many of them
        are true.
    n_true
        True pairs, those of labels without a classifier included.
    """

    counts: NDArray[np.int64]
    n_true: int

    @classmethod
    def of(
        cls,
        probabilities: NDArray[np.floating],
        totals: NDArray[np.integer],
        positives: NDArray[np.integer],
        n_true: int,
    ) -> OperatingPoints:
        """Of some pairs, counted: how many have each probability, and how many of those are true."""
        steps = np.floor(np.asarray(probabilities, np.float64) * STEPS + 1e-9).astype(np.int64)
        counted = np.stack([np.bincount(steps, w, STEPS + 1) for w in (totals, positives)], 1)
        return cls(np.cumsum(counted[::-1], axis=0)[::-1].round().astype(np.int64), n_true)

    def probability_for(self, sets: str) -> float:
        """The least probability to be asked of labels in sets of the best micro-F1, or of a precision.

        Parameters
        ----------
        sets
            "micro-f1", or "precision=P".

        Raises
        ------
        ConfigError
            If it is neither, or no probability gives that precision.
        """
        return self._step_for(sets) / STEPS

    def describe(self, sets: str) -> str:
        """Probability, micro-F1, precision and recall of such sets on the held-out instances."""
        step = self._step_for(sets)
        precision, recall, f1 = (100 * v[step] for v in (self._precision, self._recall, self._f1))
        return (
            f"labels of probability {step / STEPS:g} or more; held out: "
            f"micro-F1 {f1:.2f}, precision {precision:.2f}, recall {recall:.2f}"
        )

    def _step_for(self, sets: str) -> int:
        if sets == "micro-f1":
            return 1 + int(self._f1[1:].argmax())
        wish = _wished_precision(sets)
        good = np.flatnonzero((self._precision[1:] >= wish) & (self.counts[1:, 0] > 0))
        if not len(good):
            best = float(self._precision[1:].max())
            raise ConfigError(f"sets: {sets}: on held-out instances no sets have more than {best:.3f}")
        return 1 + int(good[0])

    @property
    def _precision(self) -> NDArray[np.float64]:
        return np.asarray(self.counts[:, 1] / np.maximum(1, self.counts[:, 0]), np.float64)

    @property
    def _recall(self) -> NDArray[np.float64]:
        return np.asarray(self.counts[:, 1] / max(1, self.n_true), np.float64)

    @property
    def _f1(self) -> NDArray[np.float64]:
        return np.asarray(2 * self.counts[:, 1] / np.maximum(1, self.counts[:, 0] + self.n_true), np.float64)


def _wished_precision(sets: str) -> float:
    name, _, value = sets.partition("=")
    try:
        wish = float(value)
    except ValueError:
        wish = -1.0
    if name != "precision" or not 0 < wish <= 1:
        raise ConfigError(
            f"sets: {sets!r}; expected micro-f1, macro-f1, scutfbr, or precision= a share up to 1"
        )
    return wish
