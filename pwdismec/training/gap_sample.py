"""The gaps of a sample of labels, where training leaves their certificates out."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pwdismec.solvers import PreparedProblem, Solution
from pwdismec.training.config import TrainingConfig

_SHARE: Final = 0.01
_LEAST: Final = 200
_AT_ONCE: Final = 128  # whose weights are held before they are pruned


class GapSample:
    """Labels taken at random, whose gaps tell those of all, if training leaves certificates out.

    Parameters
    ----------
    prepared, config
        What is trained, and how.
    label_counts
        int64, shape (n_labels,): training positives.
    """

    def __init__(
        self, prepared: PreparedProblem, config: TrainingConfig, label_counts: NDArray[np.int64]
    ) -> None:
        self._prepared = prepared
        certified = config.passes is None
        self._labels = label_counts[:0] if certified else sampled_labels(label_counts, config.seed)

    def measured(self, label_ids: NDArray[np.int32], solution: Solution) -> Solution:
        """The solution of some labels, with the certificates of those that are in the sample.

        They share passes, so the more labels come at once the better.
        """
        chosen = np.flatnonzero(np.isin(label_ids, self._labels))
        primal, dual = solution.certificate.primal.copy(), solution.certificate.dual.copy()
        for first in range(0, len(chosen), _AT_ONCE):
            places = chosen[first : first + _AT_ONCE]
            measured = self._prepared.certificate(label_ids[places])
            primal[places], dual[places] = measured.primal, measured.dual
        return replace(solution, certificate=replace(solution.certificate, primal=primal, dual=dual))


def sampled_labels(label_counts: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """A hundredth of the labels that have a positive, but 200 at least, at random; ascending."""
    trained = np.flatnonzero(label_counts)
    size = min(len(trained), max(_LEAST, round(_SHARE * len(trained))))
    return np.sort(np.random.default_rng(seed).choice(trained, size, replace=False))
