"""A model with only the largest of its weights; fitted again, and in less precision, if wanted."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import numpy as np

from pwdismec.data.csr import CSR
from pwdismec.data.dataset import Dataset
from pwdismec.errors import ConfigError, ModelError
from pwdismec.model import Model, Shard
from pwdismec.model.beside import Beside
from pwdismec.model.model_manifest import WeightType
from pwdismec.model.model_writer import model_output, with_history, write_model
from pwdismec.pruning.criteria import Criterion, at_least, largest, threshold_for
from pwdismec.pruning.loss_budget import within_loss
from pwdismec.pruning.origin import Origin
from pwdismec.pruning.shard_changes import OnLabels, changed

Step: TypeAlias = Callable[[Shard], Shard]


def prune_model(
    model: Model,
    path: str | Path,
    *,
    threshold: float | None = None,
    keep: int | None = None,
    target: int | None = None,
    loss: float | None = None,
    dataset: Dataset | None = None,
    refit: bool = False,
    dtype: WeightType | None = None,
    jobs: int = -1,
    overwrite: bool = False,
    on_labels: OnLabels | None = None,
) -> Model:
    """Write the model with some of its weights; the bias of a label always stays.

    Exactly one of the first four says what is kept. Certificates remain those of the weights that were
    trained, or with `refit` are those of the problem restricted to the features that were kept.

    Parameters
    ----------
    model
        The model.
    path
        The new model's folder, or that of a model if `overwrite`.
    threshold
        Weights of at least this absolute value, as `TrainingConfig.prune` does it.
    keep
        So many a label, the largest in absolute value; of equal ones, the lower feature ids.
    target
        As many, the largest of the whole model, as its files may have bytes; of weights equal to the
        smallest of them, all or none.
    loss
        So few a label, the largest, that its objective is at most by this share above that of all its
        weights in `model` (`within_loss`); 0.01 is one percent.
    dataset
        What the model was trained on; for `loss` and `refit`.
    refit
        Whether the weights that were kept, and the bias, are trained again, the others being 0.
    dtype
        What weights are stored as; default, as they are. Those that float16 rounds to zero are cut.
    jobs
        Threads, for `loss` and `refit`; −1 for every core. The model is the same whatever their number.
    overwrite
        Replace a model that is at `path`, once the new one is whole.
    on_labels
        Called whenever more labels are done.

    Raises
    ------
    ConfigError
        If not exactly one of the four is given, a value is out of range, or `dataset` is missing or not
        needed.
    DataError
        If `dataset` is not what the model was trained on.
    ModelError
        If the model takes more than `target` without any weight, a weight is too large for
        float16, or the model does not say how it was trained.
    OutputError
        If `path` exists and is not to be replaced, or must not be (`pwdismec.outputs`).
    """
    read = [model.path, None if dataset is None else dataset.path]
    folder = model_output(path, read, overwrite=overwrite)
    dtype = dtype or model.manifest.run.dtype
    _check_one({"threshold": threshold, "keep": keep, "target": target, "loss": loss})
    _check_needed(dataset, refit or loss is not None)
    origin = None if dataset is None else Origin.of(model, dataset)
    if target is not None:
        threshold = threshold_for(model, target, dtype, refitted=refit)
    kept, note = _criterion(threshold, keep, loss, origin)
    notes = [note] * (threshold != 0)
    steps: list[Step] = [lambda piece: replace(piece, weights=piece.weights.where(kept(piece)))]
    if refit and origin is not None:
        steps.append(origin.refit)
        notes.append("fitted again on the features that stayed, which its certificates are of")
    if dtype == "float16":
        steps.append(lambda piece: halved(piece, model.path))
    notes += [f"stored as {dtype}"] * (dtype != model.manifest.run.dtype)

    def change(piece: Shard) -> Shard:
        for step in steps:
            piece = step(piece)
        return piece

    run = with_history(model.manifest.run, notes, model.manifest.run.plan, dtype=dtype)
    with closing(changed(model, change, origin, jobs, on_labels)) as shards:
        made = write_model(folder, run, Beside.of(model), shards, overwrite=overwrite)
    assert target is None or made.bytes <= target
    return made


def _check_one(criteria: dict[str, float | None]) -> None:
    given = [name for name, value in criteria.items() if value is not None]
    if len(given) != 1:
        raise ConfigError(f"{' and '.join(given) or 'no criterion'}; expected one of {', '.join(criteria)}")


def _check_needed(dataset: Dataset | None, needed: bool) -> None:
    if needed and dataset is None:
        raise ConfigError("dataset: missing; loss and refit take the one that the model was trained on")
    if not needed and dataset is not None:
        raise ConfigError("dataset: given, but only loss and refit take one")


def _criterion(
    threshold: float | None, keep: int | None, loss: float | None, origin: Origin | None
) -> tuple[Criterion, str]:
    """The one that is not None, and what the new model says of it."""
    if threshold is not None:
        return at_least(threshold), f"pruned to |w| ≥ {threshold:.6g}"
    if keep is not None:
        return largest(keep), f"pruned to {keep} weights a label"
    assert loss is not None and origin is not None
    return within_loss(loss, origin.objective), f"pruned to a loss at most {100 * loss:g} % larger"


def halved(shard: Shard, path: Path) -> Shard:
    """The weights rounded to float16, without those that become zero.

    Raises
    ------
    ModelError
        If one is too large; `path` names the model.
    """
    weights = shard.weights.stored()
    with np.errstate(over="ignore"):
        rounded = weights.values.astype(np.float16).astype(np.float32)
    if not np.isfinite(rounded).all():
        place = int(np.argmin(np.isfinite(rounded)))
        label = shard.label_ids[np.searchsorted(weights.indptr, place, side="right") - 1]
        raise ModelError(f"{path}: label {label}: weight {weights.values[place]:g} is too large for float16")
    weights = CSR(weights.indptr, weights.indices, rounded, weights.n_columns)
    return replace(shard, weights=weights.where(rounded != 0))
