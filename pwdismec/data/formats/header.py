"""The first line of the XMC repository's files: how many rows and columns follow."""

from __future__ import annotations

import re
from pathlib import Path

from pwdismec.data.formats.faults import MOST_COLUMNS, not_text, shown
from pwdismec.data.formats.lines import LONGEST_HEADER, first_line
from pwdismec.errors import DataError


def looks_like_header(line: bytes) -> bool:
    """Whether the line can only be meant as a header: several fields, and no colon in them."""
    start = line[:LONGEST_HEADER]
    return len(start.split()) > 1 and b":" not in start and not start.lstrip().startswith(b"#")


def looks_like_header_with_commas(line: bytes) -> bool:
    """Whether the line is two or three numbers divided by commas, and nothing else: a header, or a row."""
    return re.fullmatch(rb"\s*[0-9]+(?:\s*,\s*[0-9]+){1,2}\s*", line) is not None


def read_header(path: Path, names: tuple[str, ...]) -> tuple[int, ...]:
    """The numbers of the header, which are called `names` (rows first).

    Raises
    ------
    DataError
        If the first line is not that many numbers, or one is too large.
    """
    return parse_header(path, first_line(path), names)


def parse_header(path: Path, line: bytes, names: tuple[str, ...]) -> tuple[int, ...]:
    """As `read_header`, of a first line that has been read."""
    fields = line[: LONGEST_HEADER + 1].split()
    expected = f"a header of {len(names)} numbers, {' '.join(names)}"
    is_whole = len(line) <= LONGEST_HEADER
    if unreadable := not_text(line):
        raise DataError(path, unreadable, 1)
    if not is_whole or len(fields) != len(names) or not all(field.isdigit() for field in fields):
        raise DataError(path, f"{shown(line)}; expected {expected}", 1)
    numbers = tuple(int(field) for field in fields)
    for name, number in zip(names, numbers, strict=True):
        if number > MOST_COLUMNS:
            raise DataError(path, f"{name} {number}; expected at most {MOST_COLUMNS}", 1)
    return numbers


def check_columns(path: Path, noun: str, found: int, expected: int | None, line: int | None = None) -> None:
    """A `DataError` if a data set has another number of features (or labels) than it must have."""
    if expected is not None and found != expected:
        raise DataError(
            path, f"{found} {noun}; expected {expected}: a data set with other {noun} than the model's", line
        )
