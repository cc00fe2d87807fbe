"""What a path holds, in words: a data set, a model, a training that is not finished, or predictions."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pwdismec.data import Dataset
from pwdismec.data.dataset_manifest import MANIFEST, is_dataset, read_manifest
from pwdismec.data.shown_labels import ShownLabels
from pwdismec.errors import DataError, PwdismecError
from pwdismec.model import Model
from pwdismec.model.gap_band import gap_quantiles, sampled_gaps
from pwdismec.model.model_manifest import RUN, Run, read_record
from pwdismec.model.shard_plan import how_far
from pwdismec.plain_text import aligned
from pwdismec.plain_text import pairs as _pairs
from pwdismec.prediction.files import read_predictions
from pwdismec.prediction.files.predictions import Predictions
from pwdismec.quoting import shown_name

_QUANTILES = (0.5, 0.9, 0.99, 1.0)
_NAMED = 10


Kind: TypeAlias = Literal["data set", "model", "training", "predictions"]


def kind_of(path: Path) -> Kind:
    """What is at a path.

    Raises
    ------
    DataError
        If there is nothing, or a folder of something else.
    """
    if not path.exists():
        raise DataError(path, "no such file or folder")
    if is_dataset(path):
        return "data set"
    if (path / MANIFEST).exists():
        return "model"
    if (path / RUN).exists():
        return "training"
    if path.is_dir():
        raise DataError(path, f"neither a data set nor a model: it has no {MANIFEST}")
    return "predictions"


def describe(path: str | Path) -> str:
    """Several lines about what is at `path`.

    Raises
    ------
    DataError
        If `path` is nothing that pwdismec writes, or is damaged.
    ModelError
        If a model is damaged.
    """
    path = Path(path)
    match kind_of(path):
        case "data set":
            return _dataset(path)
        case "model":
            return _model(Model.open(path))
        case "training":
            return _unfinished(path)
        case "predictions":
            return _predictions(path)


def training_summary(model: Model, *more: tuple[str, str]) -> str:
    """What a training gave: labels, weights, and how near the optimum they are certified to be."""
    shards = model.manifest.shards
    trained = sum(shard.n_trained for shard in shards)
    return _pairs(
        ("labels trained", f"{trained:,}"),
        (
            "labels left out" if model.manifest.run.history else "labels without positives",
            f"{model.n_labels - trained:,}",
        ),
        ("weights kept", f"{model.nnz:,}"),
        *_gaps(model, trained),
        *more,
    )


def change_of_size(before: Model, after: Model) -> str:
    """What a model held before and after something was cut from it."""

    def row(name: str, of: Callable[[Model], int]) -> list[str]:
        old, new = of(before), of(after)
        return [name, f"{old:,}", f"{new:,}", f"{100 * new / old:.1f} %" if old else "–"]

    return aligned(
        [
            ["", "before", "after", ""],
            row("labels", lambda model: sum(entry.n_trained for entry in model.manifest.shards)),
            row("weights", lambda model: model.nnz),
            row("bytes", lambda model: model.bytes),
        ]
    )


def _dataset(path: Path) -> str:
    dataset, manifest = Dataset.open(path), read_manifest(path)
    names = [f"{what}s" for what in ("feature", "label") if f"{what}_names" in manifest.names]
    about = _pairs(
        ("transforms", str(dataset.transforms)),
        ("names of", ", ".join(names) or "nothing"),
        ("URIs of labels", "no" if dataset.label_uris is None else "yes"),
        ("ids of records", "no" if dataset.record_ids is None else "yes"),
        ("made from", ", ".join(manifest.sources) or "arrays"),
        ("fingerprint", manifest.fingerprint[:16]),
    )
    return f"data set {shown_name(path)}\n{about}\n\n{dataset.statistics()}"


def _model(model: Model) -> str:
    shards = list(model.shards())
    lengths = np.concatenate([shard.weights.row_lengths for shard in shards])
    gaps = np.concatenate([shard.certificate.gap for shard in shards])
    epochs = np.concatenate([shard.certificate.epochs for shard in shards])
    entries = model.manifest.shards
    return "\n\n".join(
        [
            f"model {shown_name(model.path)}\n{_run(model.manifest.run)}",
            training_summary(model),
            _pairs(
                ("shards", f"{len(entries):,}"),
                ("bytes", f"{sum(entry.bytes for entry in entries):,}"),
                ("instruction set", ", ".join(sorted({entry.instruction_set for entry in entries}))),
            ),
            aligned(
                [
                    ["per label", "median", "90 %", "99 %", "largest"],
                    ["weights", *_quantiles(lengths, ",.0f")],
                    ["relative gap", *_quantiles(gaps[np.isfinite(gaps)], ".1e")],
                    ["epochs", *_quantiles(epochs, ",.0f")],
                ]
            ),
        ]
    )


def _unfinished(path: Path) -> str:
    run = read_record(path / RUN, Run)
    state = f"{how_far(path, run)}; resume with `pwdismec train … --resume`"
    return f"training that is not finished {shown_name(path)}\n{_run(run)}\n\n{state}"


def _run(run: Run) -> str:
    steps = ["TF-IDF"] * run.tfidf + ["L2 norm"] * run.l2_normalize
    return _pairs(
        ("written by", run.written_by),
        ("trained on", _origin(run)),
        ("features", f"{run.n_features:,}"),
        ("labels", f"{run.n_labels:,}"),
        ("transforms", " + ".join(steps) or "none"),
        ("names of labels", "yes" if run.label_names else "no"),
        ("URIs of labels", "yes" if run.label_uris else "no"),
        ("made of texts", "yes" if run.vectorizer else "no"),
        *((name, _setting(value)) for name, value in run.config.items()),
    )


def _origin(run: Run) -> str:
    if run.dataset_fingerprint is None:
        return "not known"
    return f"{run.n_instances:,} instances, data set {run.dataset_fingerprint[:16]}"


def read_as_predictions(path: Path) -> Predictions:
    """The predictions in a file that may be none of ours.

    Raises
    ------
    PwdismecError
        If it cannot be read as such.
    """
    try:
        return read_predictions(path)
    except DataError as error:
        what = "neither the folder of a data set or model, nor a prediction file"
        raise PwdismecError(f"{error} ({path} is {what})") from error


def _predictions(path: Path) -> str:
    top, n_labels, *_ = read_as_predictions(path)
    held = top.labels >= 0
    scores = top.scores[held]
    return f"predictions {shown_name(path)}\n" + _pairs(
        ("instances", f"{len(held):,}"),
        ("labels", "not said" if n_labels is None else f"{n_labels:,}"),
        ("labels a row, at most", f"{int(held.sum(axis=1).max(initial=0)):,}"),
        ("rows without a prediction", f"{int((~held.any(axis=1)).sum()):,}"),
        ("distinct labels predicted", f"{len(np.unique(top.labels[held])):,}"),
        ("scores", f"{scores.min():.4g} to {scores.max():.4g}" if len(scores) else "none"),
    )


def _gaps(model: Model, n_labels: int) -> list[tuple[str, str]]:
    """How near the optimum the labels are: certified, or by a sample of them."""
    sample = sampled_gaps(model.manifest)
    if not sample:
        return [
            ("worst certified gap", _worst_gap(model)),
            ("beyond the tolerance", _beyond_tolerance(model)),
        ]
    rows = [("certified", f"no; gaps by {len(sample):,} labels taken at random, with 95 % confidence:")]
    for share, value, low, high in gap_quantiles(sample, n_labels):
        upper = "no bound" if math.isinf(high) else f"{high:.1e}"
        rows.append((f"gap of {share:.0%} of labels", f"up to {value:.1e} ({low:.1e} to {upper})"))
    return rows


def _worst_gap(model: Model) -> str:
    gaps = [shard.worst_gap for shard in model.manifest.shards if shard.worst_gap is not None]
    return f"{max(gaps):.2e}" if gaps else "not certified"


def _beyond_tolerance(model: Model) -> str:
    shards = model.manifest.shards
    labels = [label for shard in shards for label in shard.beyond_tolerance]
    if not labels:
        return "no label" if any(shard.worst_gap is not None for shard in shards) else "not known"
    shown = ", ".join(map(ShownLabels(model).brief, labels[:_NAMED]))
    more = f" and {len(labels) - _NAMED:,} more, all in {MANIFEST}" if len(labels) > _NAMED else ""
    return f"{len(labels):,} label{'s' * (len(labels) > 1)}: {shown}{more}"


def _setting(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_setting(inner)}" for name, inner in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _quantiles(values: NDArray[Any], form: str) -> list[str]:
    if not len(values):
        return ["–"] * len(_QUANTILES)
    return [f"{value:{form}}" for value in np.quantile(values, _QUANTILES)]
