"""Fit a calibration: one pass over the scores of all labels for held-out instances."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from pwdismec.bounds import thread_count
from pwdismec.calibration.calibration import Calibration, reaching
from pwdismec.calibration.counts import ScoreCounts
from pwdismec.calibration.maps import METHODS, ScoreMap
from pwdismec.calibration.positives_groups import group_bounds, group_of
from pwdismec.calibration.reliability import Reliability
from pwdismec.calibration.scoring import label_scores
from pwdismec.calibration.thresholds import best_cut, drawn, scut_fbr
from pwdismec.data.dataset import Dataset
from pwdismec.data.topk import TopK
from pwdismec.errors import ConfigError, DataError
from pwdismec.metrics.hits import find_hits
from pwdismec.model import Model
from pwdismec.prediction import scorer_of
from pwdismec.prediction.dense_features import check_features

FOLDS = 3
"""Parts of the held-out instances: each is judged by what was fitted to the others."""

PLACES = 5
"""Labels an instance whose reliability is told."""


def calibrate(
    model: Model,
    held_out: Dataset,
    *,
    method: str = "isotonic",
    label_counts: NDArray[np.integer] | None = None,
    jobs: int = -1,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Calibration:
    """Fit probabilities by group of labels, and thresholds, to a model's scores of held-out instances.

    Parameters
    ----------
    model
        A model.
    held_out
        Instances that it was not trained on, transformed as its training set was, or raw.
    method
        "isotonic" or "platt".
    label_counts
        Integers, shape (n_labels,): the training positives of each label in the model that the calibration is
        for, if that is another one. They say which group a label is in.
    jobs
        Threads.
    on_progress
        Called with the labels done, and their number.

    Raises
    ------
    ConfigError
        If the method is unknown.
    DataError
        If the data set has other features or labels than the model, fewer than three instances, or no true
        label that the model was trained on.
    """
    if method not in METHODS:
        raise ConfigError(f"method: {method!r}; expected one of {', '.join(METHODS)}")
    of_held_out = _checked(held_out, model).label_counts[: model.n_labels]
    check_features(model.n_features, model.path)
    counts = _training_counts(model)
    positives = np.where(counts > 0, of_held_out, 0)
    if not positives.any():
        raise DataError(held_out.path or "data set", "has no true label that the model was trained on")
    bounds = group_bounds(counts[counts > 0], positives[counts > 0])
    groups = group_of(counts, bounds)
    folds = np.random.default_rng(0).permutation(held_out.n_instances) % FOLDS
    features = model.transforms.bring(held_out.features, held_out.transforms)

    counted, done, n_trained = ScoreCounts(len(bounds), folds), 0, int((counts > 0).sum())
    own, fbr = np.full((2, model.n_labels), np.nan)
    on_progress(done, n_trained)
    scorer, trained = scorer_of(model), np.flatnonzero(counts).astype(np.int32)
    for part in label_scores(scorer, trained, features, held_out.label_instances, thread_count(jobs)):
        counted.add(part, groups[part.label_ids])
        pairs = list(zip(part.scores, part.true, strict=True))
        own[part.label_ids] = [best_cut(scores, true).threshold for scores, true in pairs]
        fbr[part.label_ids] = [scut_fbr(scores, true, folds) for scores, true in pairs]
        done += len(part.label_ids)
        on_progress(done, n_trained)

    maps, lowest = counted.fit(method, None), counted.lowest()
    of_folds = [counted.fit(method, fold) for fold in range(FOLDS)]
    used_by = groups if label_counts is None else group_of(label_counts, bounds)
    shared = _shared_thresholds(counted, maps, of_folds)[used_by]
    (top,) = scorer.predict_blocks([features], PLACES, jobs)
    before, after = _reliability(top, held_out, groups, folds, of_folds)
    return Calibration(
        method,
        used_by.astype(np.uint16),
        maps,
        lowest,
        counted.points(of_folds, range(len(bounds)), held_out.labels.nnz),
        drawn(own, positives, shared),
        np.where(np.isnan(fbr), shared, fbr).astype(np.float32),
        before,
        after,
    )


def _checked(held_out: Dataset, model: Model) -> Dataset:
    found, expected = ((d.n_features, d.n_labels) for d in (held_out, model))
    if found[0] != expected[0] or found[1] < expected[1]:  # labels behind the model's are never predicted
        sizes = "{} features and {} labels".format
        raise DataError(
            held_out.path or "data set", f"{sizes(*found)}; the model {model.path} has {sizes(*expected)}"
        )
    if held_out.n_instances < FOLDS:
        raise DataError(
            held_out.path or "data set", f"{held_out.n_instances} instances; expected {FOLDS} or more"
        )
    return held_out


def _training_counts(model: Model) -> NDArray[np.int64]:
    """Training positives of each label; at least 1 for whatever was trained, as imported models tell none."""
    counts = np.zeros(model.n_labels, np.int64)
    for shard in model.shards():
        counts[shard.label_ids] = np.maximum(1, shard.positives)
    return counts


def _shared_thresholds(
    counted: ScoreCounts, maps: list[ScoreMap], of_folds: list[list[ScoreMap]]
) -> NDArray[np.float32]:
    """Of each group the threshold with which its labels, taken together, have the best F1."""
    lowest = counted.lowest()
    probabilities = [counted.points(of_folds, [g]).probability_for("micro-f1") for g in range(len(maps))]
    return np.concatenate(
        [
            reaching([to_probability], lowest[[group]], probabilities[group])
            for group, to_probability in enumerate(maps)
        ]
    )


def _reliability(
    top: TopK,
    held_out: Dataset,
    groups: NDArray[np.int64],
    folds: NDArray[np.integer],
    of_folds: list[list[ScoreMap]],
) -> tuple[Reliability, Reliability]:
    """Of the best labels: of scores squeezed into 0 … 1, and of probabilities fitted to other instances."""
    true = np.zeros(top.labels.shape, bool)
    hits = find_hits(top.labels, held_out.labels)
    true[hits.rows, hits.places] = True
    stated = np.zeros(top.labels.shape)
    fold_of = np.broadcast_to(folds[:, None], top.labels.shape)
    for fold, maps in enumerate(of_folds):
        for group, to_probability in enumerate(maps):
            here = (fold_of == fold) & (groups[top.labels] == group)
            stated[here] = to_probability(top.scores[here])
    held = top.labels >= 0
    return Reliability.of(expit(top.scores[held].astype(np.float64)), true[held]), Reliability.of(
        stated[held], true[held]
    )
