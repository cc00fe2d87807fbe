"""CSV: a line for each predicted label, ``row,record,rank,uri,label,id,score``, best first."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Any, NamedTuple

from pwdismec.data.formats.compression import open_to_read
from pwdismec.data.formats.lines import LONGEST_RECORD
from pwdismec.data.formats.tables import TableLines, numbered_rows
from pwdismec.data.topk import TopK
from pwdismec.errors import DataError
from pwdismec.files import file_to_write
from pwdismec.prediction.files.encoding import Buffer, append_files
from pwdismec.prediction.files.gathering import Gathered
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
        before: _Line | None = None
        for line, cells in rows:
            if len(cells) != len(names):
                raise DataError(path, f"{len(cells)} cells; expected {len(names)}, as in the header", line)
            record = dict(zip(names, cells, strict=True))
            before = _add(gathered, _Line(record, line), before, path, first_id)
            gathered.check_fits(line)
    return gathered.predictions()


class _Line(NamedTuple):
    cells: dict[str, str]
    number: int

    @property
    def is_empty(self) -> bool:
        """Whether it says that its row has no labels."""
        return not any(self.cells.get(column) for column in _OF_LABELS)


def _add(gathered: Gathered, line: _Line, before: _Line | None, path: Path, first_id: int) -> _Line:
    """Add what a line says to its row, which it may begin."""
    cells, number = line
    last = gathered.n_rows + first_id - 1
    row = _whole(path, "row", cells["row"], number)
    if row not in (last + 1, *([] if before is None else [last])):
        also = "" if before is None else f"{last} or "
        raise DataError(path, f"row: {row}; expected {also}{last + 1}", number)
    if row > last:
        place = 1
        gathered.begin(cells.get("record"), number)
    else:
        assert before is not None
        place = gathered.length + 1
        if cells.get("record") != before.cells.get("record"):
            expected = f"expected {shown(before.cells['record'])}, as in the line before"
            raise DataError(path, f"record: {shown(cells['record'])}; {expected}, of the same row", number)
        if line.is_empty or before.is_empty:
            raise DataError(path, f"row: {row}: a line without a label is not its only one", number)
    if line.is_empty:
        return line
    rank = cells.get("rank")
    if rank is not None and rank != str(place):
        raise DataError(path, f"rank: {shown(rank)}; expected {place}", number)
    if not _NUMBER.fullmatch(cells["score"]):
        raise DataError(path, f"score: {shown(cells['score'])}; expected a finite number", number)
    label = _whole(path, "id", cells["id"], number) if cells.get("id") else None
    uri, name = cells.get("uri") or None, cells.get("label") or None
    gathered.add(label, uri, name, float(cells["score"]), number)
    return line


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
