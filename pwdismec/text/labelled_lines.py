"""Texts, one a line, beside a file with the labels of each, as the XMC repository and PECOS have them."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pwdismec.data.formats.lines import LONGEST_RECORD, LongLine, pieces_of_lines, too_long
from pwdismec.data.formats.pair import label_rows
from pwdismec.data.formats.source import no_labels
from pwdismec.data.formats.table_lines import not_utf8
from pwdismec.errors import DataError
from pwdismec.text.records import Record


@dataclass(frozen=True)
class LabelledLines:
    """A piece of the texts, and their labels; an empty line is a text, too."""

    path: Path
    first: int
    content: Sequence[bytes]
    labels: Sequence[list[int]] | None

    def __len__(self) -> int:
        return len(self.content)

    def records(self) -> list[Record]:
        texts = [self._text(number, line) for number, line in enumerate(self.content, self.first)]
        if self.labels is None:
            return [{"text": text} for text in texts]
        return [{"text": text, "labels": ids} for text, ids in zip(texts, self.labels, strict=True)]

    @property
    def size(self) -> int:
        return sum(map(len, self.content))

    def line(self, number: int) -> int:
        return self.first + number

    def _text(self, number: int, line: bytes) -> str:
        try:
            return line.decode()
        except UnicodeDecodeError as error:
            raise not_utf8(self.path, number, error) from error


def labelled_lines(path: Path, labels: Path | None) -> Generator[LabelledLines, None, None]:
    """The records of a file of texts; without `labels` they have none.

    Raises
    ------
    DataError
        If a file cannot be read, or there are not as many texts as rows of labels.
    """
    rows = None if labels is None else _Labels(labels, path)
    line = 1
    try:
        for text in pieces_of_lines(path, skip_first=False, longest=LONGEST_RECORD):
            lines = text.tobytes().removesuffix(b"\n").split(b"\n")
            content = [each.removesuffix(b"\r") for each in lines]
            yield LabelledLines(path, line, content, None if rows is None else rows.next(len(content), line))
            line += len(content)
    except LongLine:
        raise DataError(path, too_long(LONGEST_RECORD), line) from None
    if rows is not None:
        rows.end(line - 1)


class _Labels:
    """The label rows beside texts, in the order of the texts."""

    def __init__(self, path: Path, texts: Path) -> None:
        self._path, self._texts = path, texts
        self.n_rows, self._blocks = label_rows(path)
        self._rows = no_labels(0, 0)

    def next(self, count: int, line: int) -> list[list[int]]:
        """Those of the next `count` texts, the first of which stands in `line`."""
        found: list[list[int]] = []
        while len(found) < count:
            if self._rows.n_rows == 0:
                more = next(self._blocks, None)
                if more is None:
                    found_more = f"more than the {self.n_rows} texts that {self._path} has labels for"
                    raise DataError(self._texts, found_more, line + len(found))
                self._rows = more
            n = min(count - len(found), self._rows.n_rows)
            part = self._rows.rows(0, n)
            ids = part.indices[part.indptr[0] : part.indptr[-1]]
            found += [some.tolist() for some in np.split(ids, part.indptr[1:-1] - part.indptr[0])]
            self._rows = self._rows.rows(n, self._rows.n_rows)
        return found

    def end(self, n_texts: int) -> None:
        """DataError unless there were as many texts."""
        if n_texts < self.n_rows:
            raise DataError(self._texts, f"{n_texts} texts; {self._path} has labels for {self.n_rows}")
        for _ in self._blocks:  # to the end, where something may be wrong
            pass
