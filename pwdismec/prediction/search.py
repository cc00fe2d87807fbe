"""The exact top k of every instance over blocks of labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from pwdismec import native
from pwdismec.data.dense import Dense, Features
from pwdismec.data.topk import TopK
from pwdismec.errors import ModelError, PwdismecError
from pwdismec.parallel.threads import Threads
from pwdismec.prediction.scored_blocks import LabelBlock

# Instances a thread takes at a time: for as many a block's weights are gone through before the next block's.
# Of long ones fewer, by their values.
_ROWS_A_TASK = 1024
_VALUES_A_TASK = 1 << 17

# What a thread keeps for scoring besides scores (native/prediction/score.hpp): its stack and the like, and a
# task's values, taken apart.
_BYTES_A_THREAD = 1 << 19
_BYTES_A_VALUE = 12


def no_top(n_rows: int, top_k: int) -> TopK:
    """The best of no labels."""
    return TopK(np.full((n_rows, top_k), -1, np.int32), np.full((n_rows, top_k), -np.inf, np.float32))


def search(blocks: Sequence[LabelBlock], features: Features, top_k: int, jobs: int) -> TopK:
    """Score every label of `blocks` for every instance and keep each instance's best.

    Parameters
    ----------
    blocks
        Disjoint sets of labels, all of the same dense features.
    features
        float32, instances × features; column ids below the blocks' number of features.
    top_k
        Places an instance, at least 1.
    jobs
        Threads, at least 1. Each takes ranges of instances; the result does not depend on it.
    """
    top = no_top(features.n_rows, top_k)
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

    def search_rows(rows: slice) -> None:
        part = features.rows(rows.start, rows.stop)
        instances = part.to_csr() if isinstance(part, Dense) else part
        x = instances.indptr, instances.indices, instances.values
        try:
            native.score_top_k(dense, kernels, *x, top.labels[rows], top.scores[rows])
        except RuntimeError as error:
            raise ModelError(
                f"the prediction index is damaged: {error}; delete it, and it is built anew"
            ) from error

    if not blocks:
        return
    dense, kernels = blocks[0].dense.kernel, [block.kernel for block in blocks]
    tasks = list(_tasks(features, -(-features.n_rows // jobs)))
    if len(tasks) == 1:  # a thread of its own would take longer to start than an instance takes
        search_rows(tasks[0])
    else:
        with Threads(jobs) as threads:
            list(threads.map(search_rows, tasks))


def _tasks(features: Features, max_rows: int) -> Iterator[slice]:
    """Consecutive ranges of rows of so many values at the most, or one row."""
    start = 0
    while start < features.n_rows:
        if isinstance(features, Dense):
            enough = start + _VALUES_A_TASK // max(1, features.n_columns)
        else:
            indptr = features.indptr
            enough = int(np.searchsorted(indptr, indptr[start] + _VALUES_A_TASK, "right")) - 1
        stop = max(start + 1, min(start + max_rows, start + _ROWS_A_TASK, enough, features.n_rows))
        yield slice(start, stop)
        start = stop


def memory_of_search(blocks: Sequence[LabelBlock], features: Features, jobs: int) -> int:
    """Bytes that `search_on` takes besides blocks, instances and results, at most."""
    n_labels = max((len(block.label_ids) for block in blocks), default=0)
    rows = values = 0
    for task in _tasks(features, features.n_rows):
        rows, values = (
            max(rows, task.stop - task.start),
            max(values, features.rows(task.start, task.stop).nnz),
        )
    scores = max(n_labels, min(rows * n_labels, native.MOST_SCORES)) + native.MOST_LABELS
    sparse_form = 8 * rows + 4 * values if isinstance(features, Dense) else 0
    return jobs * (_BYTES_A_THREAD + 4 * scores + _BYTES_A_VALUE * values + sparse_form)


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
        what = "its feature values, or the model's weights, are too large"
        raise PwdismecError(f"instance {row}: a score overflows float32; {what}")
