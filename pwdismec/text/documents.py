"""Annif's corpora of long documents: a folder with a .txt file each, and a .tsv or .key file of subjects."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pwdismec.data.formats.compression import clear_read_errors, open_to_read
from pwdismec.data.formats.folders import documents_in
from pwdismec.data.formats.lines import LONGEST_RECORD, PIECE_SIZE, check_is_file
from pwdismec.errors import DataError
from pwdismec.plain_text import size_text
from pwdismec.text.records import Record, without_brackets

# Documents of a piece, at most.
_FILES = 1000


@dataclass(frozen=True)
class Documents:
    """A piece of the documents; the line of one is its number, from 1, in the order of the names."""

    path: Path
    first: int
    files: Sequence[tuple[Path, Path | None]]
    size: int
    labelled: bool

    def __len__(self) -> int:
        return len(self.files)

    def records(self) -> list[Record]:
        return [self._record(*file) for file in self.files]

    def line(self, number: int) -> int:
        return self.first + number

    def _record(self, text: Path, subjects: Path | None) -> Record:
        record: dict[str, Any] = {"id": text.stem, "text": _whole_text(text)}
        if self.labelled:
            if subjects is None:
                expected = f"expected {text.stem}.tsv or {text.stem}.key beside it, perhaps empty"
                raise DataError(text, f"a document without subjects; {expected}")
            lines = _whole_text(subjects).splitlines()
            record["subjects"] = [_subject(line) for line in lines if line and not line.isspace()]
        return record


def _subject(line: str) -> str | dict[str, str]:
    """A subject as a record has it, of a line of `<uri>`, a tab and a label, or of a label alone."""
    called, label, *_ = [*map(str.strip, line.split("\t")), ""]
    if called.startswith("<") and (uri := without_brackets(called)) != called:
        return {"uri": uri, "label": label} if label else uri
    return called or line.strip()


def documents(folder: Path, *, labelled: bool) -> Generator[Documents, None, None]:
    """The documents of a folder, in the order of their names.

    Parameters
    ----------
    labelled
        Whether each must have a file of subjects.

    Raises
    ------
    DataError
        If there is none, or a file is no text, or a link that leads out of the folder.
    """
    first, size, files = 1, 0, list[tuple[Path, Path | None]]()
    for text, subjects in documents_in(folder):
        files.append((text, subjects))
        size += text.stat().st_size
        if size >= PIECE_SIZE or len(files) == _FILES:
            yield Documents(folder, first, files, size, labelled)
            first, size, files = first + len(files), 0, []
    if files:
        yield Documents(folder, first, files, size, labelled)
    elif first == 1:
        raise DataError(folder, "no .txt file; expected documents")


def _whole_text(path: Path) -> str:
    """The text of a document, without a byte order mark; DataError if it is too long, or not UTF-8."""
    if path.is_file() and path.stat().st_size == 0:
        return ""
    check_is_file(path)
    with clear_read_errors(path), open_to_read(path) as file:
        content = file.read(LONGEST_RECORD + 1)
    if len(content) > LONGEST_RECORD:
        raise DataError(path, f"more than {size_text(LONGEST_RECORD)}; expected a shorter document")
    content = content.removeprefix(BOM_UTF8)
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = f"byte 0x{content[error.start]:02x} is not UTF-8"
        raise DataError(path, f"{found}; expected UTF-8", line) from error
