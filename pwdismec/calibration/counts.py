"""All pairs of held-out instance and label, counted by group, part and score.

Scores are counted in bins so fine that nothing is lost, so that any number of
pairs can be fitted to. A bin is what float32 scores with the same upper 16 bits
share: 1/128 to 1/256 of the score wide, on any scale.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pwdismec.calibration.maps import ScoreMap, fit
from pwdismec.calibration.operating import OperatingPoints
from pwdismec.calibration.scoring import LabelScores

N_BINS = 1 << 16
_SIGN = np.uint32(1 << 31)


def bin_of(scores: NDArray[np.float32]) -> NDArray[np.int64]:
    """The bin of each score, rising with it."""
    bits = (np.ascontiguousarray(scores, np.float32) + np.float32(0)).view(np.uint32)  # −0 is 0
    ordered = np.where(bits & _SIGN, ~bits, bits | _SIGN)
    return (ordered >> np.uint32(16)).astype(np.int64)


def centre_of(bins: NDArray[np.integer]) -> NDArray[np.float32]:
    """The score in the middle of each bin."""
    ordered = (np.asarray(bins).astype(np.uint32) << np.uint32(16)) | np.uint32(1 << 15)
    return np.where(ordered & _SIGN, ordered ^ _SIGN, ~ordered).astype(np.uint32).view(np.float32)


class ScoreCounts:
    """How many pairs have each score, and how many of them are true.

    Parameters
    ----------
    n_groups
        Of labels.
    folds
        Integers, shape (n,): the part of each instance, 0 … n_folds − 1.
    """

    def __init__(self, n_groups: int, folds: NDArray[np.integer]) -> None:
        self._folds = folds
        self._n_folds = int(folds.max()) + 1
        self._totals = np.zeros((n_groups, self._n_folds, N_BINS), np.int64)
        self._positives = np.zeros_like(self._totals)

    def add(self, part: LabelScores, groups: NDArray[np.integer]) -> None:
        """Count the pairs of some labels; `groups`, integers of shape (m,), says where each belongs."""
        for group in np.unique(groups):
            here = groups == group
            places = self._folds * N_BINS + bin_of(part.scores[here])
            for counts, chosen in ((self._totals, places), (self._positives, places[part.true[here]])):
                counted = np.bincount(chosen.reshape(-1), minlength=self._n_folds * N_BINS)
                counts[group] += counted.reshape(self._n_folds, N_BINS)

    def fit(self, method: str, without: int | None) -> list[ScoreMap]:
        """A map for each group, fitted to all parts but one."""
        parts = [fold for fold in range(self._n_folds) if fold != without]
        maps = []
        for totals, positives in zip(self._totals, self._positives, strict=True):
            counted = totals[parts].sum(axis=0)
            held = np.flatnonzero(counted)
            maps.append(fit(method, centre_of(held), positives[parts].sum(axis=0)[held], counted[held]))
        return maps

    def lowest(self) -> NDArray[np.float64]:
        """The lowest score of each group, but for the width of a bin: float64, shape (n_groups,)."""
        return centre_of((self._totals.sum(axis=1) > 0).argmax(axis=1)).astype(np.float64)

    def points(
        self, maps: Sequence[Sequence[ScoreMap]], groups: Sequence[int], n_true: int | None = None
    ) -> OperatingPoints:
        """What sets of the labels of some groups show.

        Parameters
        ----------
        maps
            For each part, what was fitted to the others, by group.
        groups
            Whose labels.
        n_true
            True pairs, if labels without scores are to count.
        """
        stated, totals, positives = [], [], []
        for group in groups:
            for fold, of_fold in enumerate(maps):
                held = np.flatnonzero(self._totals[group, fold])
                stated.append(of_fold[group](centre_of(held)))
                totals.append(self._totals[group, fold, held])
                positives.append(self._positives[group, fold, held])
        true = np.concatenate(positives)
        return OperatingPoints.of(
            np.concatenate(stated),
            np.concatenate(totals),
            true,
            int(true.sum()) if n_true is None else n_true,
        )
