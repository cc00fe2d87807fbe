"""Blocks of labels in the form that scoring reads: inverted lists, feature by feature."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from pwdismec import native
from pwdismec.data.csr import CSR

# A block's float32 scores fit a core's L2 cache, and a label's place in it fits uint16.
MAX_LABELS = 1 << 16


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
        int64, shape (n_features + 1,). Feature f's list is ``starts[f]:starts[f + 1]``.
    labels
        uint16. Places in `label_ids`. A list as long as the block is positional: its i-th weight is that
        of label i, and its part of `labels` means nothing.
    weights
        float32, aligned with `labels`.
    """

    label_ids: NDArray[np.int32]
    bias: NDArray[np.float32]
    starts: NDArray[np.int64]
    labels: NDArray[np.uint16]
    weights: NDArray[np.float32]

    @classmethod
    def build(cls, parts: list[Part], n_features: int) -> LabelBlock:
        """Turn the classifiers of `parts`, disjoint sets of labels, into inverted lists.

        A list of more than half the block's labels is filled up with zeros to a full one: reading on
        without looking up labels is faster than skipping.
        """
        ids = np.concatenate([part.label_ids for part in parts])
        order = np.argsort(ids)
        label_ids, n_labels = ids[order], len(ids)
        lengths = np.zeros(n_features, np.int64)
        for part in parts:
            lengths += part.weights.column_counts()
        lengths[2 * lengths > n_labels] = n_labels
        starts = np.zeros(n_features + 1, np.int64)
        np.cumsum(lengths, out=starts[1:])

        labels = np.zeros(starts[-1], np.uint16)
        weights = np.zeros(starts[-1], np.float32)
        following = starts[:-1].copy()
        for part in parts:
            csr = part.weights
            places = np.searchsorted(label_ids, part.label_ids).astype(np.uint16)
            native.fill_postings(
                csr.indptr, csr.indices, csr.values, places, starts, n_labels, following, labels, weights
            )
        bias = np.concatenate([part.bias for part in parts])[order]
        return cls(label_ids, bias, starts, labels, weights)


def label_blocks(
    parts: Iterable[LabelWeights], n_features: int, max_labels: int = MAX_LABELS
) -> Iterator[LabelBlock]:
    """Blocks of whole parts, each of at most `max_labels` labels (a part larger than that is cut)."""
    gathered: list[Part] = []
    n_gathered = 0
    for part in _cut(parts, max_labels):
        if gathered and n_gathered + len(part.label_ids) > max_labels:
            yield LabelBlock.build(gathered, n_features)
            gathered, n_gathered = [], 0
        gathered.append(part)
        n_gathered += len(part.label_ids)
    if gathered:
        yield LabelBlock.build(gathered, n_features)


def _cut(parts: Iterable[LabelWeights], max_labels: int) -> Iterator[Part]:
    for part in parts:
        n_labels = len(part.label_ids)
        for start in range(0, n_labels, max_labels):
            stop = min(start + max_labels, n_labels)
            yield Part(part.label_ids[start:stop], part.weights.rows(start, stop), part.bias[start:stop])
