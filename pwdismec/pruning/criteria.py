"""Which weights stay: the largest in absolute value, as many as a criterion says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pwdismec.bounds import real_number, whole_number
from pwdismec.data.csr import CSR
from pwdismec.errors import ModelError
from pwdismec.model import Model, Shard
from pwdismec.model.model_manifest import WeightType

Criterion: TypeAlias = Callable[[Shard], NDArray[np.bool_]]
"""Which of the stored weights of some labels are kept."""

_INDEX_BYTES = 4

# Manifest and headers of a pruned model grow by what was done, at the most, and by the labels that a refit
# leaves beyond the tolerance, each a line of the manifest.
_ROOM = 1024
_ROOM_A_SHARD = 64
_ROOM_A_LABEL = 16


def at_least(threshold: float) -> Criterion:
    """Weights whose absolute value is not below the threshold.

    Raises
    ------
    ConfigError
        If the threshold is not a finite number, 0 or above.
    """
    expected = "a finite number, 0 or above"
    threshold = real_number("threshold", threshold, lambda value: 0 <= value < np.inf, expected)
    return lambda shard: np.abs(shard.weights.stored().values) >= threshold


def largest(count: int) -> Criterion:
    """Each label's `count` largest weights in absolute value; of equal ones, those of lower feature ids.

    Raises
    ------
    ConfigError
        If the count is no whole number, 0 or above.
    """
    count = whole_number("keep", count, 0)
    return lambda shard: ranks(shard.weights) < count


def threshold_for(model: Model, target: int, dtype: WeightType, *, refitted: bool) -> float:
    """The smallest absolute value whose weights, and the larger ones, fit a model of `target` bytes.

    `refitted` says that they are going to be trained again.

    Raises
    ------
    ModelError
        If a model takes more without any weight.
    """
    entries = model.manifest.shards
    held = model.nnz * (_INDEX_BYTES + np.dtype(model.manifest.run.dtype).itemsize)
    without = model.bytes - held + _ROOM + _ROOM_A_SHARD * len(entries)
    if refitted:
        without += _ROOM_A_LABEL * sum(entry.n_trained for entry in entries)
    count = (target - without) // (_INDEX_BYTES + np.dtype(dtype).itemsize)
    if count < 0:
        raise ModelError(
            f"{model.path}: target: {target:,} bytes; without any weight the model takes {without:,}"
        )
    return 0.0 if count >= model.nnz else _smallest_of_largest(model, count)


def ranks(weights: CSR) -> NDArray[np.int64]:
    """int64, shape (nnz,): how many weights of the same label go before each; the largest has rank 0."""
    own = weights.stored()
    rows = np.repeat(np.arange(own.n_rows), own.row_lengths)
    # stable: features ascend within a row
    order = np.lexsort((-np.abs(own.values), rows))
    found = np.empty(own.nnz, np.int64)
    found[order] = np.arange(own.nnz) - own.indptr[:-1][rows]
    return found


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
