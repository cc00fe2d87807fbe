"""The exact top k of every instance over blocks of labels."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from pwdismec import native
from pwdismec.data.csr import CSR
from pwdismec.data.topk import TopK
from pwdismec.prediction.blocks import LabelBlock

# Instances a thread takes at a time: each block's lists are walked this often before the next block's.
_ROWS_A_TASK = 256


def search(blocks: Sequence[LabelBlock], features: CSR, top_k: int, jobs: int) -> TopK:
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
    labels = np.full((n, top_k), -1, np.int32)
    scores = np.full((n, top_k), -np.inf, np.float32)

    def search_rows(start: int) -> None:
        rows = slice(start, min(start + step, n))
        for block in blocks:
            native.score_top_k(
                block.starts,
                block.labels,
                block.weights,
                block.bias,
                block.label_ids,
                features.indptr[rows.start : rows.stop + 1],
                features.indices,
                features.values,
                labels[rows],
                scores[rows],
            )

    step = max(1, min(_ROWS_A_TASK, -(-n // jobs)))
    with ThreadPoolExecutor(jobs) as threads:
        list(threads.map(search_rows, range(0, n, step)))
    return TopK(labels, scores)
