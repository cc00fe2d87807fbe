"""What a prediction file holds, and what makes it one."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pwdismec.data.strings import Strings
from pwdismec.data.topk import TopK
from pwdismec.errors import DataError
from pwdismec.machine import check_fits

_LARGEST_ID = np.iinfo(np.int32).max


class Predictions(NamedTuple):
    """The content of a prediction file.

    Attributes
    ----------
    top
        Labels and scores, best first; as many places as the longest row has.
    n_labels
        Number of labels of the data, predicted or not; None where the format does not say (JSONL, CSV).
    record_ids
        What the source calls each instance; None where the file does not say.
    label_uris
        What the source calls the labels, by number, those that the file tells it of; None if of none.
    """

    top: TopK
    n_labels: int | None
    record_ids: Strings | None = None
    label_uris: Mapping[int, str] | None = None


def check_entries(path: Path, n_rows: int, n_entries: int, line: int, n_bytes: int = 0) -> None:
    """DataError at the line of a file where the predictions so far are more than memory should hold."""
    needed = 32 * n_rows + 32 * n_entries + 2 * n_bytes
    check_fits(needed, path, f"the predictions up to here, {n_entries},", "fewer", line)


class RankedRows(NamedTuple):
    """Rows of different lengths, one behind the other: how text holds predictions.

    Attributes
    ----------
    lengths
        int64, shape (n,).
    labels
        Integers, shape (sum of lengths,); wide enough that a label out of range can be reported.
    scores
        float32, aligned with `labels`.
    """

    lengths: NDArray[np.int64]
    labels: NDArray[np.integer]
    scores: NDArray[np.float32]

    @classmethod
    def from_top(cls, top: TopK) -> RankedRows:
        """The places that are not left over."""
        held = top.labels != -1
        return cls(held.sum(axis=1), top.labels[held], top.scores[held])

    @classmethod
    def from_lists(cls, lengths: array[int], labels: array[int], scores: array[float]) -> RankedRows:
        with np.errstate(over="ignore"):  # a score past float32 becomes inf and is refused as such
            values = np.array(scores, np.float64).astype(np.float32)
        return cls(np.array(lengths, np.int64), np.array(labels, np.int64), values)

    @classmethod
    def concatenate(cls, pieces: list[RankedRows]) -> RankedRows:
        """The rows of one piece after those of another."""
        none = cls(np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float32))
        return cls(*(np.concatenate(arrays) for arrays in zip(none, *pieces, strict=True)))

    def checked(
        self, n_labels: int | None, path: Path, first_id: int, fault: Callable[[int, str], DataError]
    ) -> TopK:
        """The rows as a table, the best first, once each has distinct labels.

        Others write the labels of a row in the order of their ids; of equal scores the first stays the first.

        Parameters
        ----------
        n_labels
            How many labels there are; None: any label will do.
        path
            The file.
        first_id
            The file's id of label 0.
        fault
            Makes the error from a row, counted from 0, and a message.

        Raises
        ------
        DataError
            If a label is out of range or twice in one row, a score is not finite, or one row is so long that
            a table of all is beyond memory.
        """
        row_of = np.repeat(np.arange(len(self.lengths)), self.lengths)

        def refuse(bad: NDArray[np.intp], message: str) -> None:
            if len(bad):
                place = int(bad[0])
                raise fault(
                    int(row_of[place]), message.format(label=self.labels[place], score=self.scores[place])
                )

        last = (_LARGEST_ID if n_labels is None else n_labels) - 1 + first_id
        outside = (self.labels < first_id) | (self.labels > last)
        refuse(np.flatnonzero(outside), f"label {{label}}; expected a label id from {first_id} to {last}")
        refuse(
            np.flatnonzero(~np.isfinite(self.scores)),
            "label {label}: score {score}; expected a finite number",
        )
        width = int(self.lengths.max(initial=0))
        what = f"{len(self.lengths)} rows, in a table as wide as the longest, {width} labels,"
        check_fits(8 * len(self.lengths) * width, path, what, "rows of about the same length")
        top = self._best_first(row_of)._table(row_of, first_id)
        ordered = np.sort(top.labels, axis=1)
        twice = np.argwhere((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0))
        if len(twice):
            row, place = twice[0]
            raise fault(int(row), f"label {ordered[row, place] + first_id} occurs twice in one row")
        return top

    def _best_first(self, row_of: NDArray[np.int64]) -> RankedRows:
        rising = (row_of[1:] == row_of[:-1]) & (self.scores[1:] > self.scores[:-1])
        if not rising.any():
            return self
        order = np.lexsort((-self.scores, row_of))
        return RankedRows(self.lengths, self.labels[order], self.scores[order])

    def _table(self, row_of: NDArray[np.int64], first_id: int) -> TopK:
        n, width = len(self.lengths), int(self.lengths.max(initial=0))
        places = np.arange(len(row_of)) - np.repeat(np.cumsum(self.lengths) - self.lengths, self.lengths)
        top = TopK(np.full((n, width), -1, np.int32), np.full((n, width), -np.inf, np.float32))
        top.labels[row_of, places] = self.labels - first_id
        top.scores[row_of, places] = self.scores
        return top
