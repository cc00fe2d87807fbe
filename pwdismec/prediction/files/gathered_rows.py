"""Predictions gathered line by line from text, as arrays: no object of Python's is kept for a row."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from pwdismec.data.strings import Strings
from pwdismec.errors import DataError
from pwdismec.prediction.files.labels import LabelNumbers, Unknown
from pwdismec.prediction.files.predictions import Predictions, RankedRows, check_entries
from pwdismec.quoting import shown


class Gathered:
    """The rows of a file by now.

    Parameters
    ----------
    path
        The file, for errors.
    first_id
        The file's id of label 0.
    known
        Numbers of labels that the file calls by URI or name alone.
    """

    def __init__(self, path: Path, first_id: int, known: LabelNumbers) -> None:
        self._path, self._first_id, self._known = path, first_id, known
        self._lines, self._lengths = array("q"), array("q")
        self._labels, self._scores = array("q"), array("d")
        self._ends, self._ids = array("q", [0]), bytearray()
        self._uris: dict[int, str] = {}
        self._uri_bytes = 0

    @property
    def n_rows(self) -> int:
        return len(self._lengths)

    @property
    def length(self) -> int:
        """Labels of the row under way."""
        return self._lengths[-1]

    def begin(self, record_id: str | None, line: int) -> None:
        """Begin a row; if the first has the id of a record, all must."""
        has_ids = len(self._ends) > 1
        if self._lengths and has_ids != (record_id is not None):
            found, expected = ("none", "one") if record_id is None else (shown(record_id), "none")
            raise DataError(self._path, f"record id: {found}; expected {expected}, as in the first row", line)
        self._lines.append(line)
        self._lengths.append(0)
        if record_id is not None:
            try:
                self._ids += record_id.encode()
            except UnicodeEncodeError as error:
                said = f"record id: {shown(record_id)}: half a surrogate pair; expected text"
                raise DataError(self._path, said, line) from error
            self._ends.append(len(self._ids))

    def add(self, label: int | None, uri: str | None, name: str | None, score: float, line: int) -> None:
        """Add a label to the row; one without a number is told by its URI, or else its name."""
        if label is None:
            try:
                label = self._known.of(uri, name) + self._first_id
            except Unknown as error:
                raise DataError(self._path, f"label: {error}", line) from error
        if uri is not None and self._uris.get(label) != uri:
            if label in self._uris:
                said = f"label {label}: uri {shown(uri)}; in an earlier line it is {shown(self._uris[label])}"
                raise DataError(self._path, said, line)
            self._uris[label] = uri
            self._uri_bytes += len(uri)
        self._labels.append(label)
        self._scores.append(score)
        self._lengths[-1] += 1

    def check_fits(self, line: int) -> None:
        """DataError at a line where the rows so far are more than memory should hold."""
        n_bytes = len(self._ids) + self._uri_bytes
        check_entries(self._path, self.n_rows, len(self._labels), line, n_bytes)

    def predictions(self) -> Predictions:
        """What was gathered, once it is checked."""
        rows = RankedRows.from_lists(self._lengths, self._labels, self._scores)
        top = rows.checked(None, self._path, self._first_id, self._fault)
        ids = None
        if len(self._ends) > 1:
            ids = Strings(np.array(self._ends, np.int64), np.frombuffer(self._ids, np.uint8))
        return Predictions(top, None, ids, self._label_uris())

    def _fault(self, row: int, message: str) -> DataError:
        return DataError(self._path, message, self._lines[row])

    def _label_uris(self) -> Mapping[int, str] | None:
        return {label - self._first_id: uri for label, uri in self._uris.items()} or None
