"""Power-law multi-label data whose true labels and propensities are known.

Labels have a frequency that falls as a power of their rank, and belong to
groups. A label and a group each have a topic: a few features, some likelier
than others. An instance has a few labels, often of one group; its words come
from its labels' topics, from their groups' topics, and from a background that
is the same for all. Then labels go missing as Jain et al. (KDD 2016) found
them to: instance i keeps its true label j with probability p_j,

    p_j = 1 / (1 + C (n_j + B)^-A),   C = (log N - 1) (B + 1)^A,

n_j being the expected number of instances that truly have it.

Topics are not stored: the feature at a place of a topic is a hash of label,
place and seed. So any chunk of rows can be made by itself, in memory that
does not depend on the number of instances.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pwdismec.data.csr import CSR
from pwdismec.data.dataset import Dataset
from pwdismec.errors import ConfigError

CHUNK_ROWS = 8192

# The nature of the data, chosen so that a linear one-vs-rest classifier's first label is true for about three
# quarters of the instances (4,000 instances, 1,000 labels), and labels that went missing hurt the tail.
_GROUP_SIZE = 20
_TOGETHER = 0.5  # of an instance's further labels, those of the first one's group
_TOPIC_SIZE = 10
_BACKGROUND = 0.75  # of all words
_SHARED = 0.3  # of the words that labels give, those from the group's topic


class SyntheticBlock(NamedTuple):
    """Consecutive instances.

    Attributes
    ----------
    features
        Word counts, n x n_features.
    labels
        The labels observed, n x n_labels.
    true_labels
        All labels, n x n_labels.
    """

    features: CSR
    labels: CSR
    true_labels: CSR


class SyntheticData(NamedTuple):
    """A whole data set in memory; both parts share the features (word counts, no transforms).

    Attributes
    ----------
    observed
        With the labels that were kept.
    true
        With all labels.
    propensities
        float64, shape (n_labels,): the probability with which a label is kept.
    """

    observed: Dataset
    true: Dataset
    propensities: NDArray[np.float64]


@dataclass(frozen=True)
class SyntheticSource:
    """What to generate; iterating gives blocks of `CHUNK_ROWS` instances, any of them again at will.

    The same parameters give the same data (with the same version of NumPy). Memory is a few arrays of
    n_labels and n_features plus a block, so sizes of 10^6 x 10^6 x 10^6 are fine.

    Attributes
    ----------
    n_instances, n_features, n_labels
        Sizes.
    labels_per_instance
        Mean number of true labels drawn for an instance, at least 1; those drawn twice count once.
    words_per_instance
        Mean number of words drawn; a word's count is its feature's value.
    exponent
        A label's frequency is proportional to (1 + rank)^-exponent.
    a, b
        A and B of the propensity model.
    seed
        Which data.

    Raises
    ------
    ConfigError
        If a parameter is out of range.
    """

    n_instances: int
    n_features: int
    n_labels: int
    labels_per_instance: float = 4.0
    words_per_instance: float = 50.0
    exponent: float = 0.9
    a: float = 0.55
    b: float = 1.5
    seed: int = 0

    def __post_init__(self) -> None:
        least = {
            "n_instances": 3,  # below e, log N - 1 is negative
            "n_features": 1,
            "n_labels": 1,
            "labels_per_instance": 1,
            "words_per_instance": 0,
            "exponent": 0,
            "a": 0,
            "b": 0,
            "seed": 0,
        }
        for name, smallest in least.items():
            value = getattr(self, name)
            if not smallest <= value < 2**31:
                raise ConfigError(f"{name}: {value}; expected at least {smallest} and less than 2^31")

    def __iter__(self) -> Iterator[SyntheticBlock]:
        return self.blocks()

    def blocks(self, start: int = 0, stop: int | None = None) -> Iterator[SyntheticBlock]:
        """Instances start … stop − 1 (default: to the last), in order.

        `convert` takes the observed labels; for the true ones, give it
        ``(block._replace(labels=block.true_labels) for block in source.blocks())``.
        """
        stop = self.n_instances if stop is None else min(stop, self.n_instances)
        for chunk in range(start // CHUNK_ROWS, -(-stop // CHUNK_ROWS)):
            first = chunk * CHUNK_ROWS
            block = self._chunk(chunk)
            rows = max(start - first, 0), min(stop - first, CHUNK_ROWS)
            yield SyntheticBlock(*(matrix.rows(*rows) for matrix in block))

    @cached_property
    def propensities(self) -> NDArray[np.float64]:
        """float64, shape (n_labels,): the probability with which a true label is observed."""
        counts = self.n_instances * np.minimum(1.0, self.labels_per_instance * self._frequencies)
        c = (np.log(self.n_instances) - 1) * (self.b + 1) ** self.a
        propensities: NDArray[np.float64] = 1 / (1 + c * (counts + self.b) ** -self.a)
        return propensities

    @cached_property
    def _frequencies(self) -> NDArray[np.float64]:
        """Of each label among all draws. Ranks are in random order, so that groups mix them."""
        ranks = self._generator(0).permutation(self.n_labels)
        weights = (1.0 + ranks) ** -self.exponent
        frequencies: NDArray[np.float64] = weights / weights.sum()
        return frequencies

    @cached_property
    def _cumulated(self) -> NDArray[np.float64]:
        return np.concatenate([[0.0], np.cumsum(self._frequencies)])

    @cached_property
    def _feature_ids(self) -> NDArray[np.int32]:
        """By rank: common features are not those with low ids."""
        return self._generator(1).permutation(self.n_features).astype(np.int32)

    def _generator(self, *key: int) -> np.random.Generator:
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))

    def _chunk(self, chunk: int) -> SyntheticBlock:
        rng = self._generator(2, chunk)
        true_labels = self._draw_labels(rng)
        kept = rng.random(true_labels.nnz) < self.propensities[true_labels.indices]
        kept_before = np.concatenate([[0], np.cumsum(kept)])
        observed = CSR(kept_before[true_labels.indptr], true_labels.indices[kept], None, self.n_labels)
        return SyntheticBlock(self._draw_features(rng, true_labels), observed, true_labels)

    def _draw_labels(self, rng: np.random.Generator) -> CSR:
        """A first label by frequency; of the others, a part from its group, the rest by frequency."""
        further = rng.poisson(self.labels_per_instance - 1, CHUNK_ROWS)
        first = self._labels_at(rng.random(CHUNK_ROWS))
        rows = np.repeat(np.arange(CHUNK_ROWS), further)
        group = first[rows] // _GROUP_SIZE
        low = self._cumulated[group * _GROUP_SIZE]
        high = self._cumulated[np.minimum((group + 1) * _GROUP_SIZE, self.n_labels)]
        together = rng.random(len(rows)) < _TOGETHER
        others = self._labels_at(
            np.where(together, low, 0) + rng.random(len(rows)) * np.where(together, high - low, 1)
        )
        rows = np.concatenate([np.arange(CHUNK_ROWS), rows])
        return replace(_counted(rows, np.concatenate([first, others]), self.n_labels), data=None)

    def _labels_at(self, where: NDArray[np.float64]) -> NDArray[np.int64]:
        """The labels at these places of the cumulated frequencies."""
        return np.minimum(np.searchsorted(self._cumulated, where, side="right") - 1, self.n_labels - 1)

    def _draw_features(self, rng: np.random.Generator, labels: CSR) -> CSR:
        """Words from the background and from the topics of an instance's labels, counted."""
        words = rng.poisson(self.words_per_instance, CHUNK_ROWS)
        rows = np.repeat(np.arange(CHUNK_ROWS), words)
        n = len(rows)
        pick = (rng.random(n) * labels.row_lengths[rows]).astype(np.int64)
        owner = labels.indices[labels.indptr[rows] + pick].astype(np.int64)
        shared = rng.random(n) < _SHARED
        owner = np.where(shared, self.n_labels + owner // _GROUP_SIZE, owner)
        place = (_TOPIC_SIZE * rng.random(n) ** 2).astype(np.int64)  # the first places are the likelier
        topical = self._topic_ranks(owner, place)
        background = (self.n_features ** rng.random(n) - 1).astype(np.int64)  # Zipf's law
        ranks = np.where(rng.random(n) < _BACKGROUND, background, topical)
        return _counted(rows, self._feature_ids[np.minimum(ranks, self.n_features - 1)], self.n_features)

    def _topic_ranks(self, owner: NDArray[np.int64], place: NDArray[np.int64]) -> NDArray[np.int64]:
        """The rank of the feature at a place of a topic: a hash of all three, commoner ranks likelier."""
        key = _mix(owner.astype(np.uint64) * np.uint64(_TOPIC_SIZE) + place.astype(np.uint64))
        uniform = _mix(key + np.uint64(self.seed)) / 2.0**64
        return (self.n_features * uniform**2).astype(np.int64)


def synthetic(
    n_instances: int,
    n_features: int,
    n_labels: int,
    *,
    labels_per_instance: float = 4.0,
    words_per_instance: float = 50.0,
    exponent: float = 0.9,
    a: float = 0.55,
    b: float = 1.5,
    seed: int = 0,
) -> SyntheticData:
    """A whole synthetic data set in memory; the parameters are those of `SyntheticSource`.

    Raises
    ------
    ConfigError
        If a parameter is out of range.
    """
    source = SyntheticSource(
        n_instances, n_features, n_labels, labels_per_instance, words_per_instance, exponent, a, b, seed
    )
    features, labels, true_labels = zip(*source, strict=True)
    whole = CSR.concatenate(features, n_features)
    observed, true = (
        Dataset.from_arrays(whole, CSR.concatenate(parts, n_labels)) for parts in (labels, true_labels)
    )
    return SyntheticData(observed, true, source.propensities)


def _counted(rows: NDArray[np.int64], columns: NDArray[np.integer], n_columns: int) -> CSR:
    """How often each pair of a row (below `CHUNK_ROWS`) and a column occurs."""
    pairs = np.sort(rows * n_columns + columns)
    starts = np.flatnonzero(np.diff(pairs, prepend=-1))
    counts = np.diff(starts, append=len(pairs)).astype(np.float32)
    row, column = np.divmod(pairs[starts], n_columns)
    indptr = np.searchsorted(row, np.arange(CHUNK_ROWS + 1)).astype(np.int64)
    return CSR(indptr, column.astype(np.int32), counts, n_columns)


def _mix(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): every bit depends on all bits."""
    x = x + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
