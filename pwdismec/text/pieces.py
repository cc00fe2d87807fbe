"""Files of records in pieces, to be parsed and analysed apart from each other; by the file's format."""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Protocol

from pwdismec.data.formats.compression import clear_read_errors, open_to_read
from pwdismec.data.formats.layouts import RecordFile
from pwdismec.data.formats.lines import (
    LONGEST_RECORD,
    LongLine,
    check_is_file,
    pieces_of_lines,
    too_long,
)
from pwdismec.data.formats.table_lines import TableLines, not_utf8, numbered_rows
from pwdismec.errors import ConfigError, DataError, StorageError
from pwdismec.machine import check_fits
from pwdismec.patience import apart_from_damage
from pwdismec.plain_text import counted
from pwdismec.quoting import said_by, shown, shown_names
from pwdismec.text.documents import documents
from pwdismec.text.labelled_lines import labelled_lines
from pwdismec.text.records import Misfit, Record, labels_of_cell, misfit_in, parsed
from pwdismec.text.settings import ID, TextSettings

# Rows of a table in a piece, and bytes after which it has no more: as JSON lines, about a megabyte.
_ROWS = 1000
_BYTES = 1 << 20

# Bytes that Python's objects take for each of Arrow's.
_PYTHONS = 4


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

    @property
    def size(self) -> int:
        """Its bytes in the file, about."""
        ...

    def line(self, number: int) -> int:
        """The line of the file, from 1, that record `number` of the piece, from 0, stands in."""
        ...


def pieces_of(file: RecordFile, settings: TextSettings) -> Generator[Piece, None, None]:
    """The records of a file in their order.

    Parameters
    ----------
    file
        JSON lines, a table (CSV, TSV), Parquet, texts one a line, or a folder of documents; text may be
        compressed.
    settings
        Say which fields there must be, and how a table is written.

    Raises
    ------
    DataError
        If the file cannot be read, or a table is not well-formed or lacks a column.
    ConfigError
        If pyarrow is missing, which Parquet needs.
    """
    if file.format == "annif":
        return documents(file.path, labelled=settings.label_field is not None)
    if file.format == "frame":
        return _table_of_arrow(file, settings)
    check_is_file(file.path)
    if file.format == "xmc-text":
        return labelled_lines(file.path, file.labels if settings.label_field is not None else None)
    if file.format == "csv":
        return _table(file.path, partial(csv.reader, strict=True), settings)
    if file.format == "tsv":
        return _table(file.path, _tab_separated, settings)
    if file.format == "parquet":
        return _parquet(file.path, settings)
    return _json_lines(file.path)


def with_ids(files: Iterable[RecordFile], settings: TextSettings) -> TextSettings:
    """The settings with the field of the records' ids: theirs, or "id", where the first record has it.

    Parameters and errors are those of `pieces_of`, for the first record.
    """
    if settings.id_field == "":
        return settings
    name, without = settings.id_field or ID, settings.model_copy(update={"id_field": None})
    found = name in _first_record(files, without)
    return settings.model_copy(update={"id_field": name}) if found else without


def _first_record(files: Iterable[RecordFile], settings: TextSettings) -> Record:
    for file in files:
        with closing(pieces_of(file, settings)) as pieces:
            for piece in pieces:
                if len(piece):
                    return piece.records()[0]
    return {}


@dataclass(frozen=True)
class _JsonLines:
    path: Path
    first: int
    content: bytes

    def __len__(self) -> int:
        return len(self._numbered)

    def records(self) -> list[Record]:
        return [self._record(number, line) for number, line in self._numbered]

    @property
    def size(self) -> int:
        return len(self.content)

    def line(self, number: int) -> int:
        return self._numbered[number][0]

    @cached_property
    def _numbered(self) -> list[tuple[int, bytes]]:
        """The lines that hold something, with their numbers."""
        lines = enumerate(self.content.split(b"\n"), self.first)
        return [(number, line) for number, line in lines if line and not line.isspace()]

    def _record(self, number: int, line: bytes) -> Record:
        try:
            record = parsed(line.decode())
        except UnicodeDecodeError as error:
            raise not_utf8(self.path, number, error) from error
        except Misfit as error:
            raise DataError(self.path, f"{error}; expected a JSON object", number) from error
        if not isinstance(record, dict):
            raise DataError(self.path, f"{shown(record)}; expected a JSON object", number)
        return record


def _json_lines(path: Path) -> Generator[Piece, None, None]:
    line = 1
    try:
        for text in pieces_of_lines(path, skip_first=False, longest=LONGEST_RECORD):
            content = text.tobytes()
            yield _JsonLines(path, line, content)
            line += content.count(b"\n")
    except LongLine:
        raise DataError(path, too_long(LONGEST_RECORD), line) from None


@dataclass(frozen=True)
class _Rows:
    """Rows of a table; a row may take several lines."""

    path: Path
    lines: Sequence[int]
    found: Sequence[Record]
    size: int

    def __len__(self) -> int:
        return len(self.found)

    def records(self) -> Sequence[Record]:
        return self.found

    def line(self, number: int) -> int:
        return self.lines[number]


def _tab_separated(lines: Iterable[str]) -> Iterator[list[str]]:
    """The cells of each line; quotes are text like any other, as programs that write TSV seldom mean them."""
    for line in lines:
        text = line.removesuffix("\n").removesuffix("\r")
        yield text.split("\t") if text else []


def _table(
    path: Path, rows_of: Callable[[Iterable[str]], Iterator[list[str]]], settings: TextSettings
) -> Generator[Piece, None, None]:
    csv.field_size_limit(LONGEST_RECORD)
    with clear_read_errors(path):
        file = open_to_read(path)
    with file:
        lines = TableLines(file, path)
        rows = numbered_rows(rows_of(lines), lines)
        line, names = (None, settings.columns) if settings.columns else next(rows, (1, []))
        _check_columns(path, names, settings, line)
        expected = f"{len(names)}, as in the header"
        if settings.columns:  # a layout's or the user's
            expected = f"{len(names)}: {', '.join(map(shown, names))}"
        label_field = settings.label_field
        numbers: list[int] = []
        records: list[Record] = []
        begin = lines.read
        for line, row in rows:
            if len(row) != len(names):
                if len(row) == 1 and row[0].isspace():
                    continue
                raise DataError(path, f"{counted(len(row), 'cell')}; expected {expected}", line)
            record: dict[str, Any] = dict(zip(names, row, strict=True))
            if label_field in record:
                try:
                    record[label_field] = labels_of_cell(record[label_field], settings.label_separator)
                except Misfit as misfit:
                    in_field = Misfit(f"field {label_field!r}: {misfit}")
                    raise DataError(path, misfit_in(record, in_field, settings), line) from misfit
            numbers.append(line)
            records.append(record)
            if len(records) == _ROWS or lines.read - begin >= _BYTES:
                yield _Rows(path, numbers, records, lines.read - begin)
                numbers, records, begin = [], [], lines.read
        if records:
            yield _Rows(path, numbers, records, lines.read - begin)


def _check_columns(path: Path, names: Sequence[str], settings: TextSettings, line: int | None) -> None:
    """DataError unless the columns have different names, among them those of the fields."""
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise DataError(path, f"column {shown(twice[0])} twice; expected each name once", line)
    wanted = [field.name for field in settings.fields]
    if settings.label_field is not None:
        wanted.append(settings.label_field)
    if settings.id_field:
        wanted.append(settings.id_field)
    if missing := [name for name in wanted if name not in names]:
        hint = " (--columns names those of a file without a header; --format annif reads Annif's)"
        hint = hint if line is not None else ""
        found = f"no column {shown(missing[0])}; expected it beside {shown_names(names)}{hint}"
        raise DataError(path, found, line)


def _parquet(path: Path, settings: TextSettings) -> Generator[Piece, None, None]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise ConfigError(f"{path}: Parquet needs pyarrow: pip install 'pwdismec[parquet]'") from error
    try:
        with (
            apart_from_damage(path),
            pyarrow.OSFile(os.fsencode(path)) as source,  # as text the name would have to be UTF-8
            pyarrow.parquet.ParquetFile(source) as file,
        ):
            _check_columns(path, file.schema_arrow.names, settings, None)
            yield from _batches(path, file.iter_batches(_ROWS))
    except StorageError:
        raise
    except (pyarrow.ArrowException, OSError, ValueError, OverflowError) as error:
        raise DataError(path, f"damaged, or no Parquet file: {said_by(error)}") from error


def _table_of_arrow(file: RecordFile, settings: TextSettings) -> Generator[Piece, None, None]:
    _check_columns(file.path, file.table.column_names, settings, None)
    yield from _batches(file.path, file.table.to_batches(_ROWS))


def _batches(path: Path, batches: Iterable[Any]) -> Iterator[Piece]:
    """Pieces of Arrow's batches, whose rows are numbered from 1."""
    row = 1
    for batch in batches:
        check_fits(_PYTHONS * batch.nbytes, path, f"{_ROWS} rows", "shorter rows", row)
        step = max(1, _BYTES * len(batch) // max(1, batch.nbytes))
        for start in range(0, len(batch), step):
            records = batch.slice(start, step).to_pylist()
            yield _Rows(path, range(row, row + len(records)), records, _BYTES)
            row += len(records)
