"""Blocks of labels in the form that scoring reads: inverted lists, feature by feature."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from pwdismec import native
from pwdismec.data.csr import CSR
from pwdismec.data.mapping import release, zeros

# A block's float32 scores fit a core's L2 cache, and a label's place in it fits uint16.
MAX_LABELS = 1 << 16
# A block is what must be in memory at once if memory is scarce: 6 bytes a weight. Smaller ones make lists so
# short that an instance by itself takes longer.
MAX_WEIGHTS = 1 << 23


class LabelWeights(Protocol):
    """The classifiers of some labels; a shard of a model is one.

    Attributes
    ----------
    label_ids
        int32, shape (n,).
    weights
        float32, n × features.
    bias
        float32, shape (n,); added to the label's score.
    """

    @property
    def label_ids(self) -> NDArray[np.int32]: ...
    @property
    def weights(self) -> CSR: ...
    @property
    def bias(self) -> NDArray[np.float32]: ...


class Part(NamedTuple):
    """The `LabelWeights` of a range of another's labels."""

    label_ids: NDArray[np.int32]
    weights: CSR
    bias: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class LabelBlock:
    """The classifiers of up to 65,536 labels as inverted lists.

    Attributes
    ----------
    label_ids
        int32, shape (n_labels,), ascending.
    bias
        float32, shape (n_labels,).
    starts
        uint32, shape (n_features + 1,). Feature f's list is ``lists[starts[f]:starts[f + 1]]``.
    lists
        uint32: words. A list is its weights, float32, and behind them a place in `label_ids` for each,
        uint16, filled up to a whole word. One of `n_labels` words has a weight for each label, no places.
    """

    label_ids: NDArray[np.int32]
    bias: NDArray[np.float32]
    starts: NDArray[np.uint32]
    lists: NDArray[np.uint32]

    @classmethod
    def build(cls, parts: Iterable[LabelWeights], n_features: int) -> LabelBlock:
        """Turn the classifiers of `parts`, disjoint sets of labels, into inverted lists.

        `parts` is gone through twice, and of a part no weights are kept.

        A list of half the block's labels or more is filled up with zeros to a full one: reading on without
        looking up labels is faster than skipping.
        """
        part_ids, part_bias, lengths = [], [], np.zeros(n_features, np.int64)
        for part in parts:
            part_ids.append(part.label_ids)
            part_bias.append(part.bias)
            lengths += part.weights.column_counts()
        ids = np.concatenate(part_ids)
        order = np.argsort(ids)
        label_ids, n_labels = ids[order], len(ids)
        words = np.where(2 * lengths >= n_labels, n_labels, lengths + (lengths + 1) // 2)
        starts = np.zeros(n_features + 1, np.uint32)
        np.cumsum(words, out=starts[1:])

        lists, filled = zeros(int(starts[-1]), np.uint32), np.zeros(n_features, np.uint32)
        for part in parts:
            csr = part.weights
            places = np.searchsorted(label_ids, part.label_ids).astype(np.uint16)
            native.fill_postings(csr.indptr, csr.indices, csr.values, places, starts, n_labels, filled, lists)
        return cls(label_ids, np.concatenate(part_bias)[order], starts, lists)

    def lowered(self, thresholds: NDArray[np.float32]) -> LabelBlock:
        """The same with the threshold of each label, by its id, taken from its bias."""
        return replace(self, bias=self.bias - thresholds[self.label_ids])

    @cached_property
    def kernel(self) -> native.LabelBlock:
        """The same in the form that the kernel takes."""
        return native.LabelBlock(self.starts, self.lists, self.bias, self.label_ids)

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return sum(array.nbytes for array in self._arrays)

    def release(self) -> None:
        """Give mapped memory back to the system until the block is used again."""
        for array in self._arrays:
            release(array)

    @property
    def _arrays(self) -> tuple[NDArray[np.generic], ...]:
        return self.label_ids, self.bias, self.starts, self.lists


class Slice(NamedTuple):
    """The labels start … stop − 1 of a part."""

    part: int
    start: int
    stop: int


def plan_blocks(
    sizes: Sequence[tuple[int, int]], max_labels: int = MAX_LABELS, max_weights: int = MAX_WEIGHTS
) -> list[list[Slice]]:
    """Which parts make which block.

    Parameters
    ----------
    sizes
        The labels and weights of each part.
    max_labels
        Labels a block holds at most.
    max_weights
        About as many weights a block holds at most. A part of more than that, or of more labels, is cut.
    """
    blocks: list[list[Slice]] = []
    gathered, gathered_weights = max_labels, max_weights
    for part, (n_labels, n_weights) in enumerate(sizes):
        step = max(1, min(max_labels, max_weights * n_labels // max(1, n_weights)))
        for start in range(0, n_labels, step):
            stop = min(start + step, n_labels)
            share = n_weights * (stop - start) // n_labels
            if gathered + stop - start > max_labels or gathered_weights + share > max_weights:
                blocks.append([])
                gathered = gathered_weights = 0
            blocks[-1].append(Slice(part, start, stop))
            gathered += stop - start
            gathered_weights += share
    return blocks


def label_blocks(
    parts: Iterable[LabelWeights],
    n_features: int,
    max_labels: int = MAX_LABELS,
    max_weights: int = MAX_WEIGHTS,
) -> Iterator[LabelBlock]:
    """The parts, in order, as blocks that `plan_blocks` makes of them."""
    parts = list(parts)
    sizes = [(len(part.label_ids), part.weights.nnz) for part in parts]
    for slices in plan_blocks(sizes, max_labels, max_weights):
        yield LabelBlock.build([cut(parts[s.part], s) for s in slices], n_features)


def cut(part: LabelWeights, where: Slice) -> Part:
    """Some labels of a part, as views."""
    rows = slice(where.start, where.stop)
    return Part(part.label_ids[rows], part.weights.rows(where.start, where.stop), part.bias[rows])
