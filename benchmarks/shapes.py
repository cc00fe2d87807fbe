"""Synthetic sets in the shape of public ones: sizes, stored values a row, labels a row, power-law labels.

N, D, L and labels a row are those of the Extreme Classification Repository's table of data sets
(http://manikvarma.org/downloads/XC/XMLRepository.html, read in the page's version of 2021 and in
configs/; TIBKAT's were counted). The repository does not say how many features a row has: those figures are
of the order that papers quote, and were not checked against the files.

The instances are `pwdismec.data.synthetic`'s true labels and words. Three of its parameters are found so that
the shape is met: words and labels drawn a row, so that so many different ones are left, and the power law's
exponent, so that the rarest label is drawn about once (the repository's sets have no label without a training
instance).
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import numpy as np

from pwdismec.data.csr import CSR, row_chunks
from pwdismec.data.synthetic import CHUNK_ROWS, SyntheticBlock, SyntheticSource
from pwdismec.data.transforms import Transforms

_CHUNK = 1 << 22


@dataclass(frozen=True)
class Shape:
    """What a set is to look like; `propensity` names its A and B."""

    name: str
    n_instances: int
    n_features: int
    n_labels: int
    labels_per_instance: float
    features_per_instance: float
    propensity: str = "default"

    @property
    def exponent(self) -> float:
        """The power law under which the rarest label is drawn once, by bisection."""
        ranks = np.arange(1.0, self.n_labels + 1)
        low, high = 0.0, 2.0
        for _ in range(40):
            middle = (low + high) / 2
            shares = ranks**-middle
            rarest = self.n_instances * self.labels_per_instance * shares[-1] / shares.sum()
            low, high = (middle, high) if rarest > 1 else (low, middle)
        return low


SHAPES = {
    shape.propensity: shape
    for shape in (
        Shape("EURLex-4K", 15_539, 5_000, 3_993, 5.31, 237, "eurlex-4k"),
        Shape("Wiki10-31K", 14_146, 101_938, 30_938, 18.64, 673, "wiki10-31k"),
        Shape("TIBKAT", 90_452, 200_247, 35_116, 2.85, 97, "tibkat"),
        Shape("Amazon-670K", 490_449, 135_909, 670_091, 5.45, 76, "amazon-670k"),
        Shape("Wikipedia-500K", 1_813_391, 2_381_304, 501_070, 4.77, 385, "wikipedia-500k"),
    )
}


class ShapedSet(NamedTuple):
    """Features with TF-IDF and rows of norm 1; instances x labels, binary; what was done to the features."""

    features: CSR
    labels: CSR
    transforms: Transforms


def make(shape: Shape, scale: float = 1.0, seed: int = 0, threads: int = 2) -> ShapedSet:
    """A set of this shape with `scale` times the instances, in which labels keep their share.

    It is made straight into its final arrays; beside them, a chunk's worth of work a thread is held.
    """
    source = _source(shape, max(3, round(shape.n_instances * scale)), seed)
    features, labels = _gather(source, shape.features_per_instance, threads)
    transforms = Transforms.fit(features, tfidf=True)
    for start, stop in row_chunks(features.indptr, _CHUNK):
        part = features.rows(start, stop)
        part.values[part.indptr[0] : part.indptr[-1]] = transforms.apply(part).values
    return ShapedSet(features, labels, transforms)


def _gather(source: SyntheticSource, features_per_instance: float, threads: int) -> tuple[CSR, CSR]:
    """All rows; room that is not needed is never touched, so it takes no memory."""
    room = int(1.1 * source.n_instances * features_per_instance) + 100_000
    indptr = np.zeros(source.n_instances + 1, np.int64)
    indices, data = np.empty(room, np.int32), np.empty(room, np.float32)
    row, labels = 0, []
    for block in _blocks(source, threads):
        part = block.features.stored()
        span = slice(indptr[row], indptr[row] + part.nnz)
        indices[span], data[span] = part.indices, part.values
        indptr[row + 1 : row + part.n_rows + 1] = indptr[row] + part.indptr[1:]
        row += part.n_rows
        labels.append(block.true_labels)
    features = CSR(indptr, indices[: indptr[-1]], data[: indptr[-1]], source.n_features)
    return features, CSR.concatenate(labels, source.n_labels)


def _blocks(source: SyntheticSource, threads: int) -> Iterator[SyntheticBlock]:
    """The source's blocks in order, as many at a time as there are threads."""
    starts = iter(range(0, source.n_instances, CHUNK_ROWS))
    with ThreadPoolExecutor(threads) as pool:
        while some := list(islice(starts, threads)):
            yield from pool.map(lambda start: next(source.blocks(start, start + CHUNK_ROWS)), some)


def _source(shape: Shape, n_instances: int, seed: int) -> SyntheticSource:
    """The source whose rows have as many different labels and words as the shape's, within a hundredth."""
    labels, words = shape.labels_per_instance, shape.features_per_instance
    for _ in range(20):
        source = SyntheticSource(
            n_instances,
            shape.n_features,
            shape.n_labels,
            labels_per_instance=labels,
            words_per_instance=words,
            exponent=shape.exponent,
            seed=seed,
        )
        sample = next(source.blocks())
        more_labels = shape.labels_per_instance * sample.features.n_rows / sample.true_labels.nnz
        more_words = shape.features_per_instance * sample.features.n_rows / sample.features.nnz
        if max(abs(more_labels - 1), abs(more_words - 1)) < 0.01:
            break
        labels, words = labels * more_labels, words * more_words
    return source
