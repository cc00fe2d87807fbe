"""NumPy's archive: arrays ``labels`` (int32, n × k), ``scores`` (float32, n × k) and ``n_labels``.

Not a sparse score matrix: that would lose the ranks of equal scores, and scores of zero.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from pwdismec.data.topk import TopK
from pwdismec.errors import DataError
from pwdismec.prediction.files.predictions import Predictions, RankedRows

_UNREADABLE = (zipfile.BadZipFile, zlib.error, ValueError, KeyError, EOFError, NotImplementedError)


@contextmanager
def writing(path: Path, n_labels: int) -> Iterator[Callable[[TopK], None]]:
    """A function that takes rows; they are kept in memory and written to `path` at the end."""
    parts = [TopK(np.zeros((0, 0), np.int32), np.zeros((0, 0), np.float32))]
    yield parts.append
    parts = parts[1:] or parts
    with path.open("wb") as file:
        np.savez(
            file,
            labels=np.concatenate([part.labels for part in parts]),
            scores=np.concatenate([part.scores for part in parts]),
            n_labels=np.int64(n_labels),
        )


def read(path: Path) -> Predictions:
    """The predictions in the file.

    Raises
    ------
    DataError
        If an array is missing, has another form, or does not hold rankings.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            labels, scores, n_labels = (archive[name] for name in ("labels", "scores", "n_labels"))
    except _UNREADABLE as error:
        raise DataError(path, f"not an npz of labels, scores and n_labels: {error}") from error
    if n_labels.shape != () or n_labels.dtype != np.int64:
        raise DataError(path, "n_labels: expected one int64 number")
    if labels.dtype != np.int32 or scores.dtype != np.float32:
        raise DataError(
            path, f"labels are {labels.dtype} and scores {scores.dtype}, expected int32 and float32"
        )
    if labels.ndim != 2 or labels.shape != scores.shape:
        raise DataError(
            path, f"labels of shape {labels.shape}, scores of {scores.shape}, expected n × k both"
        )

    def fault(row: int, message: str) -> DataError:
        return DataError(path, f"row {row + 1}: {message}")

    left = labels == -1
    astray = (left != np.isneginf(scores)) | (np.logical_or.accumulate(left, axis=1) & ~left)
    if astray.any():
        row = int(astray.any(axis=1).argmax())
        raise fault(row, "places left hold label −1 and score −inf, after all others")
    top = TopK(labels, scores)
    RankedRows.from_top(top).checked(int(n_labels), fault)
    return Predictions(top, int(n_labels))
