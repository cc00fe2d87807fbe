"""The names of records' labels, from a file of the user."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pwdismec.data.formats.compression import clear_read_errors, open_to_read
from pwdismec.data.formats.lines import check_is_file, lines_of
from pwdismec.data.names import MAX_NAMES, GivenNames, read_given_names
from pwdismec.errors import DataError
from pwdismec.quoting import shown, shown_name
from pwdismec.sizes import size_text
from pwdismec.text.records import without_brackets


def numbered(path: Path, labels: Sequence[str]) -> GivenNames:
    """The names of labels that are numbers, and their URIs if the file has any: of label 0 the first in it.

    Raises
    ------
    DataError
        If the file cannot be read, or a label is no number of a name.
    """
    names, uris = read_given_names(path, None, "labels")
    for label in labels:
        if not (label.isascii() and label.isdigit() and len(label) < 20 and int(label) < len(names)):
            expected = f"expected labels from 0 to {len(names) - 1}, as the file has {len(names)} names"
            raise DataError(path, f"no name for label {shown(label)}; {expected}")
    numbers = [int(label) for label in labels]
    return GivenNames([names[i] for i in numbers], None if uris is None else [uris[i] for i in numbers])


def named(path: Path, labels: Sequence[str]) -> tuple[list[str], list[str]]:
    """The names in a file of lines LABEL<TAB>NAME, of which further columns are not looked at.

    Returns
    -------
    The names, a label that has none being its own; and what is to be said of such labels.

    Raises
    ------
    DataError
        If the file cannot be read, or gives a label two names.
    """
    check_is_file(path)
    wanted, names, n_bytes = set(labels), dict[str, str](), 0
    with clear_read_errors(path), open_to_read(path) as file:
        for number, line in enumerate(lines_of(file, path, MAX_NAMES), 1):
            n_bytes += len(line)
            if n_bytes > MAX_NAMES:
                raise DataError(path, f"more than {size_text(MAX_NAMES)}; expected a smaller file", number)
            try:
                text = line.decode().removesuffix("\n").removesuffix("\r")
            except UnicodeDecodeError as error:
                raise DataError(path, f"not UTF-8: {error.reason}", number) from error
            label, name, *_ = [*text.split("\t"), ""]
            if not (label and name):
                raise DataError(path, f"{shown(text)}; expected a label, a tab and its name", number)
            label = without_brackets(label)
            if label in wanted and names.setdefault(label, name) != name:
                said = f"label {shown(label)} has the name {shown(names[label])} in an earlier line"
                raise DataError(path, said, number)
    unnamed = [label for label in labels if label not in names]
    if not unnamed:
        return [names[label] for label in labels], []
    note = f"{path}: no name for {len(unnamed):,} of {len(labels):,} labels, such as {shown_name(unnamed[0])}"
    return [names.get(label, label) for label in labels], [f"{note}; they are their own names"]
