"""All scores of held-out instances, some labels at a time: prediction's own, to the bit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pwdismec.data.csr import CSR
from pwdismec.data.dense import Features
from pwdismec.prediction import Scorer

_CELLS = 1 << 23


class LabelScores(NamedTuple):
    """The scores of some labels for n instances.

    Attributes
    ----------
    label_ids
        int32, shape (m,), ascending.
    scores
        float32, shape (m, n).
    true
        bool, shape (m, n): which instances have the label.
    """

    label_ids: NDArray[np.int32]
    scores: NDArray[np.float32]
    true: NDArray[np.bool_]


def label_scores(
    scorer: Scorer, label_ids: NDArray[np.int32], features: Features, label_instances: CSR, jobs: int
) -> Iterator[LabelScores]:
    """Score labels for every instance.

    Parameters
    ----------
    scorer
        A model's.
    label_ids
        int32, ascending.
    features
        n instances, transformed as the model's training set was.
    label_instances
        The model's labels × n: which instances have each label.
    jobs
        Threads.

    Raises
    ------
    PwdismecError
        If a score overflows.
    """
    step = max(1, _CELLS // max(1, features.n_rows))
    for first in range(0, len(label_ids), step):
        some = label_ids[first : first + step]
        scores = scorer.label_scores(features, some, jobs)
        yield LabelScores(some, scores, _indicator(label_instances.take(some)))


def _indicator(rows: CSR) -> NDArray[np.bool_]:
    indicator = np.zeros((rows.n_rows, rows.n_columns), bool)
    indicator[np.repeat(np.arange(rows.n_rows), rows.row_lengths), rows.stored().indices] = True
    return indicator
