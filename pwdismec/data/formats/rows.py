"""A text file's rows, parsed piece by piece over threads, with line numbers and row counts kept."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pwdismec import native
from pwdismec.data.csr import CSR
from pwdismec.data.formats.faults import MOST_ROWS, RowIds, describe
from pwdismec.data.formats.lines import LONGEST_LINE, LongLine, pieces_of_lines, too_long
from pwdismec.errors import DataError
from pwdismec.parallel import in_threads


class _Piece(NamedTuple):
    arrays: list[NDArray[Any]]  # the first is a row's offsets
    n_lines: int  # before the fault, if there is one
    fault: str | None


@dataclass(frozen=True)
class RowFile:
    """Where the rows are and what they may hold.

    Attributes
    ----------
    n_rows
        What the header in the first line says; None if there is no header.
    texts
        The rows' text in pieces of whole lines, where it does not come from the file at `path`.
    """

    path: Path
    n_rows: int | None
    ids: RowIds
    threads: int
    texts: Iterator[NDArray[np.uint8]] | None = None

    def sparse(self, *, positive: bool = False) -> Generator[CSR, None, None]:
        """Rows of `id:value …`; `positive` demands values above zero."""

        def parse(text: NDArray[np.uint8]) -> tuple[Any, ...]:
            return native.parse_sparse_rows(text, self.ids.n_columns, self.ids.first_id, positive)

        for indptr, indices, values in self._parsed(parse):
            yield CSR(indptr, indices, values, self.ids.n_columns)

    def labelled(self, *, comments: bool) -> Iterator[tuple[CSR, CSR]]:
        """Rows of `label,label,… feature:value …`, as features and labels; `comments` start with #."""

        def parse(text: NDArray[np.uint8]) -> tuple[Any, ...]:
            ids = self.ids
            return native.parse_labelled_rows(
                text, ids.n_columns, ids.n_labels, ids.first_id, ids.first_label, comments
            )

        for indptr, indices, values, label_indptr, labels in self._parsed(parse):
            features = CSR(indptr, indices, values, self.ids.n_columns)
            yield features, CSR(label_indptr, labels, None, self.ids.n_labels)

    def ranked(self) -> Iterator[list[NDArray[Any]]]:
        """Rows of `id:value …` in an order that means something, as offsets, ids of the file, values."""

        def parse(text: NDArray[np.uint8]) -> tuple[Any, ...]:
            return native.parse_ranked_rows(text, self.ids.n_columns + self.ids.first_id)

        return self._parsed(parse)

    def _parsed(self, parse: Callable[[NDArray[np.uint8]], tuple[Any, ...]]) -> Iterator[list[NDArray[Any]]]:
        """The arrays of each piece in order; the file's first fault is raised when its piece's turn comes."""

        def parse_piece(text: NDArray[np.uint8]) -> _Piece:
            *arrays, n_lines, fault = parse(text)
            return _Piece(arrays, n_lines, fault and describe(fault, text, self.ids))

        has_header = self.n_rows is not None
        lines, rows = int(has_header), 0
        texts = self.texts or pieces_of_lines(self.path, skip_first=has_header)
        try:
            late = (DataError, LongLine)
            for piece in in_threads(parse_piece, texts, self.threads, size_of=len, late=late):
                lines += piece.n_lines
                rows += len(piece.arrays[0]) - 1
                at_fault = piece.fault is not None
                # A faulty row behind the last one the header announces is first of all one row too many.
                if self.n_rows is not None and rows + at_fault > self.n_rows:
                    message = f"more rows than the {self.n_rows} that the header says"
                    raise DataError(self.path, message, self.n_rows + 2)
                if piece.fault is not None:
                    raise DataError(self.path, piece.fault, lines + 1)
                if rows > MOST_ROWS:
                    raise DataError(self.path, f"more than {MOST_ROWS} rows, which is the most", lines)
                yield piece.arrays
        except LongLine:
            raise DataError(self.path, too_long(LONGEST_LINE), lines + 1) from None
        if self.n_rows is not None and rows < self.n_rows:
            raise DataError(self.path, f"the header says {self.n_rows} rows, the file holds {rows}", 1)
