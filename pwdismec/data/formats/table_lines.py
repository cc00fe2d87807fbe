"""Tables of text, row by row: a row may take several lines."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from pwdismec.data.formats.lines import LONGEST_RECORD, lines_of
from pwdismec.errors import DataError
from pwdismec.plain_text import size_text


class TableLines:
    """The lines of a table, decoded. A row, which may take several, is limited as a line of JSON is.

    Attributes
    ----------
    row
        The line that the row under way began in.
    read
        Bytes so far.
    """

    def __init__(self, file: IO[bytes] | io.BufferedIOBase, path: Path) -> None:
        self.path = path
        self.row, self.read = 1, 0
        self._number, self._begin = 0, 0
        self._lines = lines_of(file, path, LONGEST_RECORD)

    def __iter__(self) -> TableLines:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self._number += 1
        self.read += len(line)
        if self.read - self._begin > LONGEST_RECORD:
            said = (
                f"a row of more than {size_text(LONGEST_RECORD)}; expected shorter rows, and quotes in pairs"
            )
            raise DataError(self.path, said, self.row)
        try:
            return line.decode()
        except UnicodeDecodeError as error:
            raise not_utf8(self.path, self._number, error) from error

    def begin_row(self) -> None:
        """What follows is another row."""
        self.row, self._begin = self._number + 1, self.read


def numbered_rows(rows: Iterator[list[str]], lines: TableLines) -> Iterator[tuple[int, list[str]]]:
    """Rows that hold something, each with the line it begins in."""
    while True:
        try:
            row = next(rows, None)
        except csv.Error as error:
            raise DataError(lines.path, f"not well-formed: {error}", lines.row) from error
        if row is None:
            return
        if row:
            yield lines.row, row
        lines.begin_row()


def not_utf8(path: Path, line: int, error: UnicodeDecodeError) -> DataError:
    """The error at a line that is not UTF-8."""
    found = f"byte {error.start + 1} of the line is 0x{error.object[error.start]:02x}"
    return DataError(path, f"{found}; expected UTF-8", line)
