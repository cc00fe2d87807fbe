"""Models in memory, and their best labels by plain NumPy: what predictions are held against."""

from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp

from pwdismec.data.csr import CSR
from pwdismec.data.topk import TopK
from pwdismec.data.transforms import Transforms
from pwdismec.prediction.scored_blocks import Part


@dataclass
class FakeModel:
    """A model whose shards are consecutive ranges of its trained labels."""

    n_features: int
    label_ids: np.ndarray
    weights: np.ndarray
    bias: np.ndarray
    shard_size: int = 3
    transforms: Transforms = field(default_factory=Transforms)

    def shards(self):
        for start in range(0, len(self.label_ids), self.shard_size):
            rows = slice(start, start + self.shard_size)
            yield Part(
                self.label_ids[rows], CSR.from_scipy(sp.csr_matrix(self.weights[rows])), self.bias[rows]
            )


def ranked(scores: np.ndarray, label_ids: np.ndarray, top_k: int) -> TopK:
    """A stable sort of every row by (−score, label id), padded to `top_k`."""
    by_id = np.argsort(label_ids)
    order = by_id[np.argsort(-scores[:, by_id], axis=1, kind="stable")][:, :top_k]
    shape = (len(scores), top_k)
    best = TopK(np.full(shape, -1, np.int32), np.full(shape, -np.inf, np.float32))
    best.labels[:, : order.shape[1]] = label_ids[order]
    best.scores[:, : order.shape[1]] = np.take_along_axis(scores, order, axis=1)
    return best


def sequential_float32(x: np.ndarray, weights: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """One feature after another, last those that an eighth of the labels have."""
    scores = np.repeat(bias[None, :], len(x), axis=0)
    dense = 8 * (weights != 0).sum(axis=0) >= max(1, len(weights))
    for feature in [*np.flatnonzero(~dense), *np.flatnonzero(dense)]:
        scores += np.outer(x[:, feature], weights[:, feature])
    return scores


def assert_same(found: TopK, expected: TopK) -> None:
    np.testing.assert_array_equal(found.labels, expected.labels)
    np.testing.assert_array_equal(found.scores, expected.scores)
