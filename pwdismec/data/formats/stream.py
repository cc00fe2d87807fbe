"""Instances from a stream that is read once, such as standard input: text in one of the text formats."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from pwdismec.bounds import thread_count
from pwdismec.data.csr import CSR
from pwdismec.data.formats.compression import clear_read_errors
from pwdismec.data.formats.faults import MOST_COLUMNS, RowIds
from pwdismec.data.formats.header import check_columns, looks_like_header, parse_header
from pwdismec.data.formats.lines import LONGEST_HEADER, LONGEST_LINE, pieces_of_stream
from pwdismec.data.formats.rows import RowFile
from pwdismec.data.formats.source import FirstIds, OneBased
from pwdismec.errors import DataError


class StreamedInstances:
    """The features of instances, their labels left aside; iterating reads the stream, once.

    The first line tells the format: a header of three numbers, of two, or none (svmlight).

    Parameters
    ----------
    stream
        Bytes of text, not compressed.
    name
        What errors call it.
    one_based
        Whether the ids start at one.
    n_features
        How many a header must say there are; without one there may be more.

    Attributes
    ----------
    n_instances
        As the header says; None if there is none.

    Raises
    ------
    DataError
        If there is nothing to read, or the header does not fit.
    """

    def __init__(self, stream: IO[bytes], name: str, *, one_based: OneBased, n_features: int) -> None:
        path = Path(name)
        with clear_read_errors(path):
            line = stream.readline(LONGEST_LINE + 1).removeprefix(BOM_UTF8)
        if not line:
            raise DataError(path, "the input is empty")
        self.n_instances: int | None = None
        found, n_labels, begun = MOST_COLUMNS, MOST_COLUMNS, line
        self._format = "svmlight"
        if looks_like_header(line):
            self._format = "xmc-pair" if len(line[:LONGEST_HEADER].split()) == 2 else "xmc"
            names = ("rows", "features", "labels")[: 2 + (self._format == "xmc")]
            self.n_instances, found, *rest = parse_header(path, line.rstrip(b"\r\n"), names)
            check_columns(path, "features", found, n_features, line=1)
            n_labels, begun = (*rest, MOST_COLUMNS)[0], b""
        first = FirstIds.of(one_based)
        ids = RowIds(first.feature, found, n_labels, first.label)
        texts = pieces_of_stream(stream, path, begun)
        self._rows = RowFile(path, self.n_instances, ids, thread_count(-1), texts)

    def __iter__(self) -> Iterator[CSR]:
        if self._format == "xmc-pair":
            return self._rows.sparse()
        return (features for features, _ in self._rows.labelled(comments=self._format == "svmlight"))
