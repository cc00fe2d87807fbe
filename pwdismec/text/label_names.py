"""The names of records' labels, from a file of the user."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pwdismec.data.formats.compression import clear_read_errors, open_to_read, without_compression
from pwdismec.data.formats.lines import LONGEST_RECORD, check_is_file, lines_of
from pwdismec.data.formats.table_lines import TableLines, numbered_rows
from pwdismec.data.names import MAX_NAMES, GivenNames, read_given_names
from pwdismec.errors import DataError
from pwdismec.plain_text import counted, size_text
from pwdismec.quoting import shown, shown_name
from pwdismec.text.records import without_brackets


def numbered(path: Path, labels: Sequence[str], n_labels: int | None = None) -> GivenNames:
    """The names of labels that are numbers, and their URIs if the file has any: of label 0 the first in it.

    Parameters
    ----------
    labels
        Those that there must be names for.
    n_labels
        How many names there must be; None if nothing says that.

    Raises
    ------
    DataError
        If the file cannot be read, or has another number of names, or none for a label.
    """
    given = read_given_names(path, n_labels, "labels")
    last = len(given.names) - 1
    for label in labels:
        if int(label) > last:
            expected = f"expected labels from 0 to {last}, as the file has {last + 1} names"
            raise DataError(path, f"no name for label {shown(label)}; {expected}")
    return given


def is_vocabulary(path: Path) -> bool:
    """Whether a file of names has a label with each: CSV by its suffix, or a tab in the first line.

    Raises
    ------
    DataError
        If the file cannot be read.
    """
    check_is_file(path)
    suffix = without_compression(path).suffix.lower()
    if suffix in (".csv", ".json", ".jsonl", ".ndjson"):
        return suffix == ".csv"
    with clear_read_errors(path), open_to_read(path) as file:
        return b"\t" in next((line for line in lines_of(file, path, MAX_NAMES) if line.strip()), b"")


def named(path: Path, labels: Sequence[str], language: str | None = None) -> tuple[list[str], list[str]]:
    """The names in a vocabulary: lines LABEL<TAB>NAME, or by its suffix CSV with a header, as Annif has it.

    Parameters
    ----------
    language
        Of a CSV with several columns of names, label_fi and others, the one to take: "fi".

    Returns
    -------
    The names, a label that has none being its own; and what is to be said of such labels.

    Raises
    ------
    DataError
        If the file cannot be read, or gives a label two names.
    """
    check_is_file(path)
    is_csv = without_compression(path).suffix.lower() == ".csv"
    if language is not None and not is_csv:
        raise DataError(
            path, "names in one language; expected CSV where a language is given (--label-language)"
        )
    wanted, names = set(labels), dict[str, str]()
    for number, label, name in _csv_entries(path, language) if is_csv else _tsv_entries(path):
        label = without_brackets(label)
        if label in wanted and names.setdefault(label, name) != name:
            said = f"label {shown(label)} has the name {shown(names[label])} in an earlier line"
            raise DataError(path, said, number)
    unnamed = [label for label in labels if label not in names]
    if not unnamed:
        return [names[label] for label in labels], []
    note = f"{path}: no name for {len(unnamed):,} of {len(labels):,} labels, such as {shown_name(unnamed[0])}"
    return [names.get(label, label) for label in labels], [f"{note}; they are their own names"]


def vocabulary(path: Path, language: str | None = None) -> Iterator[tuple[str, str]]:
    """The labels and names in a vocabulary; file and errors are those of `named`."""
    is_csv = without_compression(path).suffix.lower() == ".csv"
    for _, label, name in _csv_entries(path, language) if is_csv else _tsv_entries(path):
        yield without_brackets(label), name


def by_name(labels: Sequence[str], known: Iterable[tuple[str, str]]) -> tuple[dict[str, str], list[str]]:
    """Labels that are none of the known ones but the name of one: that one by label; and names of several."""
    called: dict[str, str | None] = {}  # by name; None if several are called so
    uris = set[str]()
    for uri, name in known:
        uris.add(uri)
        called[name] = uri if called.get(name, uri) == uri else None
    named = [(label, called[label]) for label in labels if label in called and label not in uris]
    return {label: uri for label, uri in named if uri is not None}, [
        label for label, uri in named if uri is None
    ]


def _tsv_entries(path: Path) -> Iterator[tuple[int, str, str]]:
    """The line, label and name of each; further columns, such as a notation, are not looked at."""
    n_bytes = 0
    with clear_read_errors(path), open_to_read(path) as file:
        for number, line in enumerate(lines_of(file, path, MAX_NAMES), 1):
            n_bytes += len(line)
            if n_bytes > MAX_NAMES:
                raise DataError(path, f"more than {size_text(MAX_NAMES)}; expected a smaller file", number)
            try:
                text = line.decode().removesuffix("\n").removesuffix("\r")
            except UnicodeDecodeError as error:
                raise DataError(path, f"not UTF-8: {error.reason}", number) from error
            if not text.strip(" \t"):  # other spaces may be a name
                continue
            label, name, *_ = [*text.split("\t"), ""]
            if not (label and name):
                raise DataError(path, f"{shown(text)}; expected a label, a tab and its name", number)
            yield number, label, name


def _csv_entries(path: Path, language: str | None) -> Iterator[tuple[int, str, str]]:
    """The same of a table with the columns uri and label_XX; a label may have no name in a language."""
    csv.field_size_limit(LONGEST_RECORD)
    with clear_read_errors(path), open_to_read(path) as file:
        lines = TableLines(file, path)
        rows = numbered_rows(csv.reader(lines, strict=True), lines)
        _, header = next(rows, (1, list[str]()))
        place = _column_of_names(path, header, language)
        for number, row in rows:
            if len(row) != len(header):
                raise DataError(
                    path, f"{counted(len(row), 'cell')}; expected {len(header)}, as in the header", number
                )
            label, name = row[header.index("uri")], row[place]
            if not label:
                raise DataError(path, f"no uri for {shown(name)}; expected one", number)
            if name:
                yield number, label, name


def _column_of_names(path: Path, header: Sequence[str], language: str | None) -> int:
    """Where the names stand, by the columns of a vocabulary."""
    found = {name.removeprefix("label_"): i for i, name in enumerate(header) if name.startswith("label_")}
    if "uri" not in header or not found:
        said = f"columns {', '.join(map(shown, header[:20]))}; expected uri, and label_ with a language"
        raise DataError(path, said, 1)
    if language is None and len(found) == 1:
        return next(iter(found.values()))
    if language not in found:
        asked = "names in several languages" if language is None else f"no column label_{language}"
        expected = f"expected --label-language, one of {', '.join(map(shown, list(found)[:20]))}"
        raise DataError(path, f"{asked}; {expected}", 1)
    return found[language]
