"""Accuracy against size: a stored model with ever fewer of its largest weights, on some test instances."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pwdismec.data import Dataset
from pwdismec.metrics import Report
from pwdismec.model import Model
from pwdismec.prediction.scored_blocks import Part, label_blocks
from pwdismec.prediction.search import no_top, search_on
from pwdismec.reporting.compared_runs import measured_like

MAX_INSTANCES = 4096
SHARES = tuple(2.0**-step for step in range(8))


class PruningPoint(NamedTuple):
    """A model with the weights of at least `threshold` alone.

    Attributes
    ----------
    weights
        How many they are, for each trained label.
    report
        The metrics on the instances that were tried.
    """

    threshold: float
    weights: float
    report: Report


def tried_rows(n_instances: int) -> NDArray[np.int64]:
    """The test instances that are tried: all, or of many some, as far apart as can be."""
    return np.linspace(0, n_instances - 1, min(n_instances, MAX_INSTANCES)).round().astype(np.int64)


def pruning_curve(
    model: Model, report: Report, train: Dataset, test: Dataset, jobs: int
) -> list[PruningPoint]:
    """Cut about half of what is left of the model's weights, again and again; the biases stay.

    Parameters
    ----------
    model
        The model; a shard of it is in memory at a time.
    report
        Says how to measure.
    jobs
        Threads, at least 1.
    """
    held_out = test.select_instances(tried_rows(test.n_instances))
    features = model.transforms.bring(held_out.features, held_out.transforms)
    thresholds = _thresholds(model)
    tops = [no_top(features.n_rows, max(report.ks[-1], 5)) for _ in thresholds]
    kept, trained = np.zeros(len(thresholds), np.int64), 0
    for shard in model.shards():
        size = np.abs(shard.weights.stored().values)
        trained += len(shard.label_ids)
        for number, (threshold, top) in enumerate(zip(thresholds, tops, strict=True)):
            weights = shard.weights.where(size >= threshold)
            kept[number] += weights.nnz
            blocks = list(label_blocks([Part(shard.label_ids, weights, shard.bias)], model.n_features))
            search_on(top, blocks, features, jobs)
    return [
        PruningPoint(
            threshold, int(count) / max(trained, 1), measured_like(report, top, held_out.labels, train)
        )
        for threshold, count, top in zip(thresholds, kept, tops, strict=True)
    ]


def _thresholds(model: Model) -> list[float]:
    """Rising, from 0: above each are about so many of the weights as `SHARES` says.

    Non-negative floats order as their bits do, so a histogram of the upper 16 bits finds them within 1 %.
    """
    histogram = np.zeros(1 << 16, np.int64)
    for shard in model.shards():
        bits = np.abs(shard.weights.stored().values).view(np.uint32)
        histogram += np.bincount(bits >> 16, minlength=1 << 16)
    from_bin = np.cumsum(histogram[::-1])[::-1]
    cuts = [int(np.argmax(from_bin <= share * model.nnz)) for share in SHARES[1:]]
    found = [float(np.uint32(cut << 16).view(np.float32)) for cut in cuts]
    return [0.0, *sorted({threshold for threshold in found if 0 < threshold < np.inf})]
