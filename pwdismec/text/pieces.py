"""Files of records in pieces, to be parsed and analysed apart from each other; by the file's suffix."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from pwdismec.data.formats.compression import COMPRESSIONS, clear_read_errors, open_to_read
from pwdismec.data.formats.lines import check_is_file, pieces_of_lines
from pwdismec.errors import ConfigError, DataError
from pwdismec.text.records import Record, shown

FORMATS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".tsv": "tsv", ".parquet": "parquet"}

# Rows of a table in a piece: as JSON lines, about a megabyte.
_ROWS = 1000


class Piece(Protocol):
    """Consecutive records of a file."""

    @property
    def path(self) -> Path: ...

    def __len__(self) -> int:
        """The number of its records."""
        ...

    def records(self) -> Sequence[Record]:
        """The records, parsed; DataError at the first that is not well-formed."""
        ...

    def line(self, number: int) -> int:
        """The line of the file, from 1, that record `number` of the piece, from 0, stands in."""
        ...


def format_of(path: Path) -> str | None:
    """Which of `FORMATS` a file is by its suffix, before that of a compression; None for none."""
    name = path.with_suffix("") if path.suffix in COMPRESSIONS else path
    return FORMATS.get(name.suffix)


def pieces_of(path: Path, label_field: str | None, separator: str) -> Iterator[Piece]:
    """The records of a file in their order.

    Parameters
    ----------
    path
        JSON lines, a table (CSV, TSV), or Parquet; text may be compressed.
    label_field, separator
        The column of a table whose cells are lists, and what stands between their items.

    Raises
    ------
    DataError
        If the file cannot be read, or a table is not well-formed.
    ConfigError
        If its suffix is none of `FORMATS`, or pyarrow is missing, which Parquet needs.
    """
    check_is_file(path)
    format = format_of(path)
    if format == "jsonl":
        return _json_lines(path)
    if format in ("csv", "tsv"):
        return _table(path, "," if format == "csv" else "\t", label_field, separator)
    if format == "parquet":
        return _parquet(path)
    raise ConfigError(f"{path}: suffix {path.suffix!r}; expected a file of records: {', '.join(FORMATS)}")


@dataclass(frozen=True)
class _JsonLines:
    path: Path
    first: int
    content: bytes

    def __len__(self) -> int:
        return self.content.removesuffix(b"\n").count(b"\n") + 1

    def records(self) -> list[Record]:
        lines = self.content.removesuffix(b"\n").split(b"\n")
        return [self._record(line, number) for number, line in enumerate(lines)]

    def line(self, number: int) -> int:
        return self.first + number

    def _record(self, line: bytes, number: int) -> Record:
        try:
            record = json.loads(line.decode("utf-8-sig" if self.line(number) == 1 else "utf-8"))
        except UnicodeDecodeError as error:
            raise _not_utf8(self.path, self.line(number), error) from error
        except (ValueError, RecursionError) as error:
            found = f"not JSON: {error}" if line.strip() else "an empty line"
            raise DataError(self.path, f"{found}; expected a JSON object", self.line(number)) from error
        if not isinstance(record, dict):
            raise DataError(self.path, f"{shown(record)}; expected a JSON object", self.line(number))
        return record


def _not_utf8(path: Path, line: int, error: UnicodeDecodeError) -> DataError:
    found = f"byte {error.start + 1} of the line is 0x{error.object[error.start]:02x}"
    return DataError(path, f"{found}; expected UTF-8", line)


def _json_lines(path: Path) -> Iterator[Piece]:
    line = 1
    for text in pieces_of_lines(path, skip_first=False):
        content = text.tobytes()
        yield _JsonLines(path, line, content)
        line += content.count(b"\n")


@dataclass(frozen=True)
class _Rows:
    """Rows of a table; a row may take several lines."""

    path: Path
    lines: Sequence[int]
    found: Sequence[Record]

    def __len__(self) -> int:
        return len(self.found)

    def records(self) -> Sequence[Record]:
        return self.found

    def line(self, number: int) -> int:
        return self.lines[number]


def _table(path: Path, delimiter: str, label_field: str | None, separator: str) -> Iterator[Piece]:
    csv.field_size_limit(sys.maxsize)
    with clear_read_errors(path):
        file = open_to_read(path)
    with file:
        rows = csv.reader(_decoded(file, path), delimiter=delimiter, strict=True)
        numbered = _numbered(rows, path)
        _, names = next(numbered, (1, []))
        if len(set(names)) < len(names):
            raise DataError(path, f"columns {names}: expected each name once", 1)
        while some := list(islice(numbered, _ROWS)):
            records = []
            for line, row in some:
                if len(row) != len(names):
                    raise DataError(path, f"{len(row)} cells; expected {len(names)}, as in the header", line)
                record: dict[str, Any] = dict(zip(names, row, strict=True))
                if label_field in record:
                    labels = record[label_field].split(separator)
                    record[label_field] = [label.strip() for label in labels] if labels != [""] else []
                records.append(record)
            yield _Rows(path, [line for line, _ in some], records)


def _decoded(file: io.BufferedIOBase, path: Path) -> Iterator[str]:
    number = 1
    while True:
        with clear_read_errors(path):
            line = file.readline()
        if not line:
            return
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise _not_utf8(path, number, error) from error
        number += 1


def _numbered(rows: Any, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Rows that hold something, each with the line it begins in."""
    line = 1
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            raise DataError(path, f"not well-formed: {error}", line) from error
        if row:
            yield line, row
        line = rows.line_num + 1


def _parquet(path: Path) -> Iterator[Piece]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise ConfigError(f"{path}: Parquet needs pyarrow: pip install 'pwdismec[parquet]'") from error
    row = 1
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(_ROWS):
                records = batch.to_pylist()
                yield _Rows(path, range(row, row + len(records)), records)
                row += len(records)
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(path, f"damaged, or no Parquet file: {error}") from error
