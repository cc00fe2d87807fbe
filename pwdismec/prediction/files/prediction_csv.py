"""CSV: a line for each predicted label, ``row,record,rank,uri,label,id,score``, best first."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Any

from pwdismec.data.formats.compression import open_to_read
from pwdismec.data.formats.lines import LONGEST_RECORD
from pwdismec.data.formats.table_lines import TableLines, numbered_rows
from pwdismec.data.topk import TopK
from pwdismec.errors import DataError
from pwdismec.files import file_to_write
from pwdismec.plain_text import counted
from pwdismec.prediction.files.encoding import Buffer, append_files
from pwdismec.prediction.files.gathered_rows import Gathered
from pwdismec.prediction.files.labels import LabelNumbers, LabelTexts
from pwdismec.prediction.files.predictions import Predictions
from pwdismec.quoting import shown, shown_names

COLUMNS = ("row", "record", "rank", "uri", "label", "id", "score")

_OF_LABELS = COLUMNS[2:]
_WHOLE = re.compile(r"\d{1,18}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True)
class CsvEncoder:
    """Lines of CSV as RFC 4180 has it; a row without labels has one that is else empty. An `Encoder`."""

    texts: LabelTexts
    has_record_ids: bool
    first_id: int = 0
    parts = ("rows",)

    def encode(self, top: TopK, first: int, record_ids: Sequence[str] | None) -> tuple[Buffer, ...]:
        out = io.StringIO(newline="")
        csv.writer(out).writerows(self._lines(top, first + self.first_id, record_ids))
        return (out.getvalue().encode(),)

    def assemble(self, parts: Sequence[Sequence[Path]], out: Path, n_instances: int) -> None:
        absent = {"record": not self.has_record_ids, "uri": self.texts.uris is None}
        absent["label"] = self.texts.names is None
        header = ",".join(column for column in COLUMNS if not absent.get(column, False))
        with file_to_write(out) as file:
            file.write(f"{header}\r\n".encode())
            append_files(file, parts[0])

    def _lines(self, top: TopK, first: int, record_ids: Sequence[str] | None) -> Iterator[list[Any]]:
        uris, names = self.texts
        nothing = [""] * (3 + (uris is not None) + (names is not None))
        # As text first: the fewest digits that read back as the same float32.
        pairs = zip(top.labels.tolist(), top.scores.astype("U").tolist(), strict=True)
        ids = repeat(None, len(top.labels)) if record_ids is None else record_ids
        for row, (record_id, (labels, scores)) in enumerate(zip(ids, pairs, strict=True), first):
            begin: list[Any] = [row] if record_id is None else [row, record_id]
            if not labels or labels[0] < 0:
                yield begin + nothing
            for rank, (label, score) in enumerate(zip(labels, scores, strict=True), 1):
                if label < 0:
                    break
                called = [texts[label] for texts in (uris, names) if texts is not None]
                yield [*begin, rank, *called, label + self.first_id, float(score)]


def looks_like(first_line: bytes) -> bool:
    """Whether a file that begins so is a table of predictions."""
    return {b"row", b"score"} <= set(first_line.replace(b'"', b"").split(b","))


def read(path: Path, first_id: int, known: LabelNumbers) -> Predictions:
    """The predictions in the file, which may be compressed (by its suffix).

    Rows follow each other, each with the number `first_id` or one more than the row before. Labels are told
    by their ids; those that have none by their URIs, or else their names.

    Raises
    ------
    DataError
        If the header or a line is not of this form, a label has two URIs, or none that is known and no id.
    """
    csv.field_size_limit(LONGEST_RECORD)
    gathered = Gathered(path, first_id, known)
    with open_to_read(path) as file:
        lines = TableLines(file, path)
        rows = numbered_rows(csv.reader(lines, strict=True), lines)
        line, names = next(rows, (1, []))
        _check_header(path, names, line)
        table = _Table(path, first_id, gathered)
        for line, cells in rows:
            if len(cells) != len(names):
                raise DataError(
                    path, f"{counted(len(cells), 'cell')}; expected {len(names)}, as in the header", line
                )
            table.add(dict(zip(names, cells, strict=True)), line)
    return gathered.predictions()


class _Table:
    """The lines by now, of which each belongs to the row of the one before or to the next."""

    def __init__(self, path: Path, first_id: int, gathered: Gathered) -> None:
        self._path, self._gathered = path, gathered
        self._row = first_id - 1
        self._record: str | None = None
        self._is_empty = False  # whether the last line says that its row has no labels

    def add(self, cells: dict[str, str], line: int) -> None:
        self._gathered.check_fits(line)
        row = _whole(self._path, "row", cells["row"], line)
        is_empty = not cells["score"] and not any(cells.get(column) for column in _OF_LABELS)
        if row == self._row + 1:
            self._row, self._record = row, cells.get("record")
            self._gathered.begin(self._record, line)
        else:
            self._check_continues(row, is_empty, cells, line)
        self._is_empty = is_empty
        if is_empty:
            return
        place, rank = self._gathered.length + 1, cells.get("rank")
        if rank is not None and rank != str(place):
            raise DataError(self._path, f"rank: {shown(rank)}; expected {place}", line)
        if not _NUMBER.fullmatch(cells["score"]):
            raise DataError(self._path, f"score: {shown(cells['score'])}; expected a finite number", line)
        label = _whole(self._path, "id", cells["id"], line) if cells.get("id") else None
        uri, name = cells.get("uri") or None, cells.get("label") or None
        self._gathered.add(label, uri, name, float(cells["score"]), line)

    def _check_continues(self, row: int, is_empty: bool, cells: dict[str, str], line: int) -> None:
        """DataError unless a line is one more of the row under way."""
        if row != self._row or not self._gathered.n_rows:
            also = f"{self._row} or " if self._gathered.n_rows else ""
            raise DataError(self._path, f"row: {row}; expected {also}{self._row + 1}", line)
        record = cells.get("record")
        if record != self._record:
            expected = f"expected {shown(self._record)}, as in the line before"
            raise DataError(self._path, f"record: {shown(record)}; {expected}, of the same row", line)
        if is_empty or self._is_empty:
            raise DataError(self._path, f"row: {row}: a line without a label is not its only one", line)


def _check_header(path: Path, names: list[str], line: int) -> None:
    for name in names:
        if name not in COLUMNS or names.count(name) > 1:
            expected = f"expected {', '.join(COLUMNS)}, each once at most"
            raise DataError(path, f"column {shown(name)}; {expected}", line)
    if not {"id", "uri", "label"} & set(names):
        raise DataError(path, f"no column 'id'; expected it beside {shown_names(names)}", line)


def _whole(path: Path, field: str, text: str, line: int) -> int:
    if not _WHOLE.fullmatch(text):
        raise DataError(path, f"{field}: {shown(text)}; expected a whole number", line)
    return int(text)
