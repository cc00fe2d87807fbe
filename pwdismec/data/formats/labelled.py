"""Features and labels in one text file: the XMC repository's format, and multi-label svmlight."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pwdismec.data.csr import CSR
from pwdismec.data.formats.faults import MOST_COLUMNS, RowIds
from pwdismec.data.formats.header import check_columns, read_header
from pwdismec.data.formats.rows import RowFile
from pwdismec.data.formats.source import Block, FirstIds


class XmcSource:
    """A header `N D L`, then a row a line. A `Source`."""

    format = "xmc"

    def __init__(
        self, path: Path, first: FirstIds, n_features: int | None, n_labels: int | None, threads: int
    ) -> None:
        self.paths = (path,)
        self.n_instances, self.n_features, self.n_labels = read_header(path, ("rows", "features", "labels"))
        check_columns(path, "features", self.n_features, n_features, line=1)
        check_columns(path, "labels", self.n_labels, n_labels, line=1)
        ids = RowIds(first.feature, self.n_features, self.n_labels, first.label)
        self._rows = RowFile(path, self.n_instances, ids, threads)

    def __iter__(self) -> Iterator[Block]:
        return (Block(*pair) for pair in self._rows.labelled(comments=False))


class SvmlightSource:
    """No header, and comments after #. A `Source` of at least the features and labels that are known."""

    format = "svmlight"

    def __init__(
        self, path: Path, first: FirstIds, n_features: int | None, n_labels: int | None, threads: int
    ) -> None:
        self.paths: tuple[Path, ...] = (path,)
        self.n_instances: int | None = None
        self.n_features: int | None = None
        self.n_labels: int | None = None
        self._known = n_features or 0, n_labels or 0
        self._first = first
        self._threads = threads

    def __iter__(self) -> Iterator[Block]:
        ids = RowIds(self._first.feature, MOST_COLUMNS, MOST_COLUMNS, self._first.label)
        n_instances, (n_features, n_labels) = 0, self._known
        for features, labels in RowFile(self.paths[0], None, ids, self._threads).labelled(comments=True):
            n_instances += features.n_rows
            n_features = max(n_features, _columns_used(features))
            n_labels = max(n_labels, _columns_used(labels))
            yield Block(_with_columns(features, n_features), _with_columns(labels, n_labels))
        self.n_instances, self.n_features, self.n_labels = n_instances, n_features, n_labels


def _columns_used(rows: CSR) -> int:
    return int(rows.indices.max(initial=-1)) + 1


def _with_columns(rows: CSR, n_columns: int) -> CSR:
    return CSR(rows.indptr, rows.indices, rows.data, n_columns)
