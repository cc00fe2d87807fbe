"""Blocks of labels in the form that scoring reads: weights feature by feature."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pwdismec import native
from pwdismec.data.csr import CSR
from pwdismec.data.mapping import release, zeros
from pwdismec.prediction.dense_features import DenseFeatures, LabelWeights

# Of a block: a label's place in it fits uint16.
MAX_LABELS = int(native.MOST_LABELS)
# A block is what must be in memory at once if memory is scarce. Smaller ones make lists so short that an
# instance by itself takes longer.
MAX_WEIGHTS = 1 << 21


class Part(NamedTuple):
    """The `LabelWeights` of a range of another's labels."""

    label_ids: NDArray[np.int32]
    weights: CSR
    bias: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class LabelBlock:
    """The classifiers of up to 65,536 labels by feature.

    Attributes
    ----------
    dense
        The features that most labels have a weight of; the same for all of a model's blocks.
    label_ids
        int32, shape (n_labels,), ascending.
    bias
        float32, shape (n_labels,).
    dense_weights
        uint32, shape (n_labels · n_dense + 16,): every label's weights of dense features, 32 labels after
        32. Of these, feature by feature, 16 words with the upper halves of the weights' bits, rounded to the
        nearest: of label j in the lower, of j + 16 in the upper half of word j; behind them all as many words
        with the weights' lower halves, to be added with their sign. Fewer than 32 labels, the last, have
        whole weights, of a feature label by label. Behind them 16 zeros, for vectors to read beyond.
    dense_bounds
        float32, two for each 32 labels: the most of the labels' Euclidean norms of what is rounded away of
        their weights of dense features, and of these weights; never less than they are. Of fewer labels
        infinite.
    starts
        uint32, shape (n_features + 1,). Feature f's list is ``lists[starts[f]:starts[f + 1]]``; a dense
        feature's is empty.
    lists
        uint32: words. A list is its weights, float32, and behind them a place in `label_ids` for each,
        uint16, filled up to a whole word.
    """

    dense: DenseFeatures
    label_ids: NDArray[np.int32]
    bias: NDArray[np.float32]
    dense_weights: NDArray[np.uint32]
    dense_bounds: NDArray[np.float32]
    starts: NDArray[np.uint32]
    lists: NDArray[np.uint32]

    @classmethod
    def build(cls, parts: Iterable[LabelWeights], dense: DenseFeatures) -> LabelBlock:
        """Turn the classifiers of `parts`, disjoint sets of labels, round.

        `parts` is gone through twice, and of a part no weights are kept.
        """
        part_ids, part_bias, lengths = [], [], np.zeros(dense.n_features, np.int64)
        for part in parts:
            part_ids.append(part.label_ids)
            part_bias.append(part.bias)
            lengths += part.weights.column_counts()
        ids = np.concatenate(part_ids)
        order = np.argsort(ids)
        label_ids, n_labels = ids[order], len(ids)
        lengths[dense.ids] = 0
        starts = np.zeros(dense.n_features + 1, np.uint32)
        np.cumsum(lengths + (lengths + 1) // 2, out=starts[1:])

        lists, filled = zeros(int(starts[-1]), np.uint32), np.zeros(dense.n_features, np.uint32)
        dense_weights = zeros(n_labels * len(dense.ids) + native.DENSE_PADDING, np.uint32)
        for part in parts:
            csr = part.weights
            rows = csr.indptr, csr.indices, csr.values
            places = np.searchsorted(label_ids, part.label_ids).astype(np.uint16)
            native.fill_postings(*rows, places, dense.kernel, n_labels, starts, filled, lists, dense_weights)
        bounds = np.empty(2 * -(-n_labels // native.DENSE_TILE), np.float32)
        native.dense_bounds(dense_weights, len(dense.ids), n_labels, bounds)
        return cls(dense, label_ids, np.concatenate(part_bias)[order], dense_weights, bounds, starts, lists)

    def lowered(self, thresholds: NDArray[np.float32]) -> LabelBlock:
        """The same with the threshold of each label, by its id, taken from its bias."""
        return replace(self, bias=self.bias - thresholds[self.label_ids])

    @cached_property
    def kernel(self) -> native.LabelBlock:
        """The same in the form that the kernel takes."""
        return native.LabelBlock(
            self.starts,
            self.lists,
            self.dense_weights,
            self.dense_bounds,
            self.bias,
            self.label_ids,
        )

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
        return (
            self.label_ids,
            self.bias,
            self.dense_weights,
            self.dense_bounds,
            self.starts,
            self.lists,
        )


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
        About as many weights a block holds at most; parts are cut to it.
    """
    blocks: list[list[Slice]] = []
    labels_left, weights_left = 0, 0
    for part, (n_labels, n_weights) in enumerate(sizes):
        start = 0
        while start < n_labels:
            if labels_left < 1 or weights_left * n_labels < n_weights:  # not one more
                blocks.append([])
                labels_left, weights_left = max_labels, max_weights
            taken = min(n_labels - start, labels_left, weights_left * n_labels // max(1, n_weights))
            taken = max(1, taken)  # a label of more weights has a block of its own
            blocks[-1].append(Slice(part, start, start + taken))
            start += taken
            labels_left -= taken
            weights_left -= taken * n_weights // n_labels
    return blocks


def label_blocks(
    parts: Iterable[LabelWeights],
    n_features: int,
    max_labels: int = MAX_LABELS,
    max_weights: int = MAX_WEIGHTS,
) -> Iterator[LabelBlock]:
    """The parts, in order, as blocks that `plan_blocks` makes of them."""
    parts = list(parts)
    dense = DenseFeatures.of(parts, n_features)
    sizes = [(len(part.label_ids), part.weights.nnz) for part in parts]
    for slices in plan_blocks(sizes, max_labels, max_weights):
        yield LabelBlock.build([cut(parts[s.part], s) for s in slices], dense)


def cut(part: LabelWeights, where: Slice) -> Part:
    """Some labels of a part, as views."""
    rows = slice(where.start, where.stop)
    return Part(part.label_ids[rows], part.weights.rows(where.start, where.stop), part.bias[rows])
