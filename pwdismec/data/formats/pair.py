"""Features and labels in two text files of the XMC repository: `trn_X_Xf.txt` and `trn_X_Y.txt`."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path

from pwdismec.data.csr import CSR
from pwdismec.data.formats.faults import RowIds
from pwdismec.data.formats.header import check_columns, read_header
from pwdismec.data.formats.rows import RowFile
from pwdismec.data.formats.source import Block, FirstIds, no_labels
from pwdismec.data.formats.sparse_npz import labels_in
from pwdismec.errors import DataError


class PairSource:
    """Headers `N D` and `N L`, then rows of `feature:value …` and `label:1 …`. A `Source`.

    The labels' file may be missing: instances to predict for. A label's value must be above zero; what
    counts is that it is there.
    """

    format = "xmc-pair"

    def __init__(
        self,
        paths: tuple[Path, ...],
        first: FirstIds,
        n_features: int | None,
        n_labels: int | None,
        threads: int,
    ) -> None:
        self.paths = paths
        self.n_instances, self.n_features = read_header(paths[0], ("rows", "features"))
        check_columns(paths[0], "features", self.n_features, n_features, line=1)
        feature_ids = RowIds(first.feature, self.n_features)
        self._features = RowFile(paths[0], self.n_instances, feature_ids, threads)
        self._labels: RowFile | None = None
        self.n_labels = n_labels or 0
        if len(paths) > 1:
            n_rows, self.n_labels = read_header(paths[1], ("rows", "labels"))
            check_columns(paths[1], "labels", self.n_labels, n_labels, line=1)
            if n_rows != self.n_instances:
                raise DataError(paths[1], f"{n_rows} rows, but {paths[0]} has {self.n_instances}", 1)
            label_ids = RowIds(first.label, self.n_labels, column="label")
            self._labels = RowFile(paths[1], n_rows, label_ids, threads)

    def __iter__(self) -> Iterator[Block]:
        features = self._features.sparse()
        if self._labels is None:
            return (Block(rows, no_labels(rows.n_rows, self.n_labels)) for rows in features)
        return _side_by_side(features, self._labels.sparse(positive=True))


def label_count(path: Path) -> int:
    """How many labels a file of labels alone says there are; parameters and errors are `label_rows`'."""
    if path.suffix.lower() == ".npz":
        return labels_in(path).n_columns
    return read_header(path, ("rows", "labels"))[1]


def label_rows(path: Path) -> tuple[int, Iterator[CSR]]:
    """How many rows a file of labels alone has, and blocks of them; a text file of this format, or `.npz`.

    Raises
    ------
    DataError
        If its header is wrong; while the blocks are taken, at the first row that is not well-formed.
    """
    if path.suffix.lower() == ".npz":
        labels = labels_in(path)
        return labels.n_rows, iter([labels])
    n_rows, n_labels = read_header(path, ("rows", "labels"))
    return n_rows, RowFile(path, n_rows, RowIds(0, n_labels, column="label"), 1).sparse(positive=True)


def _side_by_side(
    features: Generator[CSR, None, None], labels: Generator[CSR, None, None]
) -> Iterator[Block]:
    """Blocks from two streams of one total length whose cuts are at different rows."""
    label_rows = no_labels(0, 0)
    # A fault in one file ends the other's threads now. The garbage collector might do it in any thread, even
    # in one that is just starting and has to be joined.
    with closing(features), closing(labels):
        for rows in features:
            start = 0
            while start < rows.n_rows:
                while label_rows.n_rows == 0:
                    label_rows = next(labels)
                count = min(rows.n_rows - start, label_rows.n_rows)
                some_labels = label_rows.rows(0, count)
                yield Block(
                    _own_offsets(rows.rows(start, start + count)),
                    _own_offsets(CSR(some_labels.indptr, some_labels.indices, None, some_labels.n_columns)),
                )
                label_rows = label_rows.rows(count, label_rows.n_rows)
                start += count
        for _ in labels:  # to the end: there may be a row too many
            pass


def _own_offsets(rows: CSR) -> CSR:
    """The same rows with offsets that start at 0; ids and values are not copied."""
    start, stop = rows.indptr[0], rows.indptr[-1]
    data = None if rows.data is None else rows.data[start:stop]
    return CSR(rows.indptr - start, rows.indices[start:stop], data, rows.n_columns)
