"""The exact top k of every instance over blocks of labels."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from pwdismec import native
from pwdismec.data.dense import Dense, Features
from pwdismec.data.topk import TopK
from pwdismec.errors import PwdismecError
from pwdismec.prediction.blocks import LabelBlock

# Instances a thread takes at a time: each block's lists are walked this often before the next block's.
_ROWS_A_TASK = 256


def search(blocks: Sequence[LabelBlock], features: Features, top_k: int, jobs: int) -> TopK:
    """Score every label of `blocks` for every instance and keep each instance's best.

    Parameters
    ----------
    blocks
        Disjoint sets of labels.
    features
        float32, instances × features; column ids below the blocks' number of features.
    top_k
        Places an instance, at least 1.
    jobs
        Threads, at least 1. Each takes ranges of instances; the result does not depend on it.
    """
    n = features.n_rows
    top = TopK(np.full((n, top_k), -1, np.int32), np.full((n, top_k), -np.inf, np.float32))
    search_on(top, blocks, features, jobs)
    return top


def search_on(top: TopK, blocks: Sequence[LabelBlock], features: Features, jobs: int) -> None:
    """Let the labels of `blocks` compete with the best so far.

    Parameters
    ----------
    top
        The best of other labels, changed in place: rows best first, places left −1 and −inf. Labels may
        come in any number of calls; the result is that of one.
    blocks, features, jobs
        As in `search`.
    """
    n = features.n_rows

    def search_rows(start: int) -> None:
        rows = slice(start, min(start + step, n))
        part = features.rows(rows.start, rows.stop)
        instances = part.to_csr() if isinstance(part, Dense) else part
        for block in blocks:
            native.score_top_k(
                block.starts,
                block.labels,
                block.weights,
                block.bias,
                block.label_ids,
                instances.indptr,
                instances.indices,
                instances.values,
                top.labels[rows],
                top.scores[rows],
            )

    step = max(1, min(_ROWS_A_TASK, -(-n // jobs)))
    with ThreadPoolExecutor(jobs) as threads:
        list(threads.map(search_rows, range(0, n, step)))


def check_scores(top: TopK, first: int = 0) -> None:
    """Refuse a score that overflowed; `first` is the number of the first instance.

    Raises
    ------
    PwdismecError
        Naming the instance.
    """
    overflowed = ((top.labels >= 0) & ~np.isfinite(top.scores)).any(axis=1)
    if overflowed.any():
        row = first + int(overflowed.argmax())
        raise PwdismecError(f"instance {row}: a score overflows float32; its feature values are too large")
