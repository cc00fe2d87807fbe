"""A model with only the largest of its weights, in less precision if wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pwdismec.data.csr import CSR
from pwdismec.errors import ConfigError, ModelError
from pwdismec.model.manifest import WeightType
from pwdismec.model.model import Model
from pwdismec.model.shard import Shard
from pwdismec.model.writing import OnShard, check_is_new, with_history, write_model

Criterion: TypeAlias = Callable[[CSR], NDArray[np.bool_]]
"""Which of the stored weights of some labels are kept."""

_INDEX_BYTES = 4

# Manifest and headers of a pruned model grow by what was done, at the most.
_ROOM = 1024
_ROOM_A_SHARD = 64


def prune_model(
    model: Model,
    path: str | Path,
    *,
    threshold: float | None = None,
    keep: int | None = None,
    target: int | None = None,
    dtype: WeightType | None = None,
    on_shard: OnShard | None = None,
) -> Model:
    """Write the model with some of its weights, shard by shard; the bias of a label always stays.

    The certificates remain those of the weights that were trained. Exactly one of three says what is kept:

    Parameters
    ----------
    model
        The model.
    path
        The new model's folder.
    threshold
        Weights of at least this absolute value, as `TrainingConfig.prune` does it.
    keep
        So many a label, the largest in absolute value; of equal ones, the lower feature ids.
    target
        As many, the largest of the whole model, as its files may have bytes; of weights equal to the
        smallest of them, all or none.
    dtype
        What weights are stored as; default, as they are. Those that float16 rounds to zero are cut.
    on_shard
        Called after every shard.

    Raises
    ------
    ConfigError
        If not exactly one of the three is given, or it is out of range.
    ModelError
        If `path` exists, the model takes more than `target` without any weight, or a weight is too large
        for float16.
    """
    check_is_new(Path(path))
    dtype = dtype or model.manifest.run.dtype
    criteria = {"threshold": threshold, "keep": keep, "target": target}
    given = [name for name, value in criteria.items() if value is not None]
    if len(given) != 1:
        raise ConfigError(f"{' and '.join(given) or 'no criterion'}; expected one of {', '.join(criteria)}")
    kept: Criterion
    if keep is not None:
        kept, note = largest(keep), f"pruned to {keep} weights a label"
    else:
        if target is not None:
            threshold = _threshold_for(model, target, dtype)
        assert threshold is not None
        kept, note = at_least(threshold), f"pruned to |w| ≥ {threshold:.6g}"
    notes = [note] * (threshold != 0) + [f"stored as {dtype}"] * (dtype != model.manifest.run.dtype)
    run = with_history(model.manifest.run, notes, model.manifest.run.plan, dtype=dtype)

    def shards() -> Iterator[Shard]:
        for shard in model.shards():
            pruned = replace(shard, weights=shard.weights.where(kept(shard.weights)))
            yield pruned if dtype == "float32" else _halved(pruned, model.path)

    made = write_model(Path(path), run, model.transforms, model.label_names, shards(), on_shard)
    assert target is None or made.bytes <= target
    return made


def at_least(threshold: float) -> Criterion:
    """Weights whose absolute value is not below the threshold.

    Raises
    ------
    ConfigError
        If the threshold is not a finite number, 0 or above.
    """
    if not (np.isfinite(threshold) and threshold >= 0):
        raise ConfigError(f"threshold: {threshold}; expected a finite number, 0 or above")
    return lambda weights: np.abs(weights.stored().values) >= threshold


def largest(count: int) -> Criterion:
    """Each label's `count` largest weights in absolute value; of equal ones, those of lower feature ids.

    Raises
    ------
    ConfigError
        If the count is negative.
    """
    if count < 0:
        raise ConfigError(f"keep: {count}; expected 0 or more weights a label")

    def kept(weights: CSR) -> NDArray[np.bool_]:
        own = weights.stored()
        rows = np.repeat(np.arange(own.n_rows), own.row_lengths)
        # stable: features ascend within a row
        order = np.lexsort((-np.abs(own.values), rows))
        rank = np.arange(own.nnz) - own.indptr[:-1][rows]
        chosen = np.zeros(own.nnz, bool)
        chosen[order[rank < count]] = True
        return chosen

    return kept


def _halved(shard: Shard, path: Path) -> Shard:
    """The weights rounded to float16, without those that become zero."""
    values = shard.weights.stored().values
    with np.errstate(over="ignore"):
        rounded = values.astype(np.float16).astype(np.float32)
    if not np.isfinite(rounded).all():
        place = int(np.argmin(np.isfinite(rounded)))
        label = shard.label_ids[np.searchsorted(shard.weights.stored().indptr, place, side="right") - 1]
        raise ModelError(f"{path}: label {label}: weight {values[place]:g} is too large for float16")
    weights = shard.weights.stored()
    weights = CSR(weights.indptr, weights.indices, rounded, weights.n_columns)
    return replace(shard, weights=weights.where(rounded != 0))


def _threshold_for(model: Model, target: int, dtype: WeightType) -> float:
    """The smallest absolute value whose weights, and the larger ones, fit a model of `target` bytes."""
    run = model.manifest.run
    held = model.nnz * (_INDEX_BYTES + np.dtype(run.dtype).itemsize)
    without = model.bytes - held + _ROOM + _ROOM_A_SHARD * len(model.manifest.shards)
    count = (target - without) // (_INDEX_BYTES + np.dtype(dtype).itemsize)
    if count < 0:
        raise ModelError(
            f"{model.path}: target: {target:,} bytes; without any weight the model takes {without:,}"
        )
    return 0.0 if count >= model.nnz else _smallest_of_largest(model, count)


def _smallest_of_largest(model: Model, count: int) -> float:
    """The least float32 t that at most `count` absolute weights reach, by two histograms.

    Non-negative floats order as their bits do, so the upper 16 bits are found first, then the lower.
    """
    upper = np.zeros(1 << 16, np.int64)
    for bits in _absolute_bits(model):
        upper += np.bincount(bits >> 16, minlength=1 << 16)
    first, above = _cut_of(upper, count)
    if first == 0:
        return 0.0
    lower = np.zeros(1 << 16, np.int64)
    for bits in _absolute_bits(model):
        lower += np.bincount(bits[bits >> 16 == first - 1] & 0xFFFF, minlength=1 << 16)
    second, _ = _cut_of(lower, count - above)
    return float(np.uint32(((first - 1) << 16) + second).view(np.float32))


def _cut_of(histogram: NDArray[np.int64], count: int) -> tuple[int, int]:
    """The least bin such that it and those above hold at most `count`, and how many they hold."""
    from_top = np.concatenate([np.cumsum(histogram[::-1])[::-1], [0]])
    first = int(np.argmax(from_top <= count))
    return first, int(from_top[first])


def _absolute_bits(model: Model) -> Iterator[NDArray[np.uint32]]:
    for shard in model.shards():
        yield np.abs(shard.weights.stored().values).view(np.uint32)
