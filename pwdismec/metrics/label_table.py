"""The metrics taken apart by label: columns with a number for each, and the file of them."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pwdismec.errors import ConfigError, DataError
from pwdismec.files import clear_os_errors, replacing_file
from pwdismec.quoting import shown

LabelTable: TypeAlias = dict[str, NDArray[Any]]
"""Columns by name, each of shape (n_labels,)."""

_FORMATS = {"": "csv", ".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl"}
_BREAKS = frozenset("\t\n\r")

_CHUNK = 10_000


def set_columns(
    hits: NDArray[np.int64], predicted: NDArray[np.int64], true: NDArray[np.int64], at: str = ""
) -> LabelTable:
    """What predictions of a label were worth; precision, recall and F1 in percent, 0 where nothing is asked.

    Parameters
    ----------
    hits, predicted, true
        int64, shape (n_labels,): rows in which each label is predicted rightly, predicted, and true.
    at
        Behind the columns' names.
    """
    columns = {
        "predicted": predicted,
        "hits": hits,
        "precision": 100.0 * ratio(hits, predicted),
        "recall": 100.0 * ratio(hits, true),
        "F1": 100.0 * ratio(2 * hits, predicted + true),
    }
    return {f"{name}{at}": column for name, column in columns.items()}


def ratio(part: ArrayLike, whole: ArrayLike) -> NDArray[np.float64]:
    """``part / whole``, 0 where both are."""
    divisor = np.asarray(whole, np.float64)
    return np.asarray(part, np.float64) / np.where(divisor > 0, divisor, 1.0)


def table_format(path: Path) -> str:
    """How a file is written, by its suffix: "csv" (also without one), "tsv" or "jsonl"; else ConfigError."""
    if path.suffix not in _FORMATS:
        raise ConfigError(f"{path}: expected a name that ends in .csv, .tsv or .jsonl")
    return _FORMATS[path.suffix]


def write_label_table(
    path: Path,
    table: LabelTable,
    format: str,
    *,
    uris: Sequence[str] | None,
    names: Sequence[str] | None,
    first_id: int = 0,
    overwrite: bool = False,
) -> None:
    """Write a line for each label: its number, its URI and name where they are known, and the columns.

    Parameters
    ----------
    format
        As `table_format` gives it.
    uris, names
        By label; later labels than these have empty ones.
    first_id
        What the first label's number is written as.

    Raises
    ------
    OutputError
        If a file is there and is not to be replaced.
    PwdismecError
        If it cannot be written.
    """
    known = {column: texts for column, texts in (("uri", uris), ("label", names)) if texts is not None}
    with (
        replacing_file(path, overwrite=overwrite) as aside,
        clear_os_errors(path),
        aside.open("w", encoding="utf-8", newline="") as file,
    ):
        header = ("id", *known, *table)
        rows = _rows(table, list(known.values()), first_id)
        if format == "jsonl":
            _write_lines(file, header, rows)
        elif format == "tsv":
            file.write("\t".join(header) + "\n")
            file.writelines(_tab_separated(path, row) for row in rows)
        else:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(header)
            writer.writerows(rows)


def _tab_separated(path: Path, row: Sequence[Any]) -> str:
    """A line of TSV, where quotes are text like any other, as the readers take them."""
    cells = list(map(str, row))
    if broken := [cell for cell in cells if not cell.isprintable() and _BREAKS.intersection(cell)]:
        raise DataError(
            path, f"{shown(broken[0])} has a tab or line break; expected a name in .csv or .jsonl"
        )
    return "\t".join(cells) + "\n"


def _write_lines(file: IO[str], header: Sequence[str], rows: Iterator[Sequence[Any]]) -> None:
    for row in rows:
        file.write(json.dumps(dict(zip(header, row, strict=True)), ensure_ascii=False) + "\n")


def _rows(table: LabelTable, texts: Sequence[Sequence[str]], first_id: int) -> Iterator[Sequence[Any]]:
    n_labels = len(next(iter(table.values())))
    for start in range(0, n_labels, _CHUNK):
        labels = range(start, min(start + _CHUNK, n_labels))
        columns = [column[labels.start : labels.stop].tolist() for column in table.values()]
        named = ([of[label] if label < len(of) else "" for label in labels] for of in texts)
        ids = range(labels.start + first_id, labels.stop + first_id)
        yield from zip(ids, *named, *columns, strict=True)
