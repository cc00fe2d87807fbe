"""All scores of held-out instances, some labels at a time: prediction's own, to the bit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pwdismec.data.csr import CSR
from pwdismec.data.dense import Features
from pwdismec.model import Model
from pwdismec.prediction.blocks import LabelBlock, Slice, cut
from pwdismec.prediction.dense_features import DenseFeatures
from pwdismec.prediction.search import check_scores, search

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


def label_scores(model: Model, features: Features, label_instances: CSR, jobs: int) -> Iterator[LabelScores]:
    """Score every trained label for every instance.

    Parameters
    ----------
    model
        A model.
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
    dense = DenseFeatures.of(model.shards(), model.n_features)
    step = max(1, _CELLS // max(1, features.n_rows))
    for number, shard in enumerate(model.shards()):
        for first in range(0, len(shard.label_ids), step):
            part = cut(shard, Slice(number, first, min(first + step, len(shard.label_ids))))
            top = search([LabelBlock.build([part], dense)], features, len(part.label_ids), jobs)
            check_scores(top)
            scores = np.empty((len(part.label_ids), features.n_rows), np.float32)
            scores[np.searchsorted(part.label_ids, top.labels), np.arange(features.n_rows)[:, None]] = (
                top.scores
            )
            yield LabelScores(part.label_ids, scores, _indicator(label_instances.take(part.label_ids)))


def _indicator(rows: CSR) -> NDArray[np.bool_]:
    indicator = np.zeros((rows.n_rows, rows.n_columns), bool)
    indicator[np.repeat(np.arange(rows.n_rows), rows.row_lengths), rows.stored().indices] = True
    return indicator
