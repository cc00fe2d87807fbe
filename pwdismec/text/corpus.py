"""Counted records set aside on disk until the vectoriser is fitted to all of them; then their rows."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pwdismec.data.csr import CSR
from pwdismec.data.formats.parallel import map_in_order
from pwdismec.data.formats.source import Block
from pwdismec.errors import DataError
from pwdismec.text.chunks import Chunk
from pwdismec.text.counting import Counts, in_columns
from pwdismec.text.settings import TextSettings
from pwdismec.text.vectorizer import TextVectorizer, hashed


class _Ids:
    """Numbers for names in the order in which they come, and how many training records have each."""

    def __init__(self) -> None:
        self._ids: defaultdict[str, int] = defaultdict()
        self._ids.default_factory = self._ids.__len__
        self.frequencies = np.zeros(0, np.int64)

    def add(self, names: Sequence[str], frequencies: NDArray[np.int64]) -> NDArray[np.int64]:
        """The numbers of different names, with so many more records having each."""
        ids = np.fromiter(map(self._ids.__getitem__, names), np.int64, len(names))
        if len(self._ids) > len(self.frequencies):
            larger = np.zeros(2 * len(self._ids), np.int64)
            larger[: len(self.frequencies)] = self.frequencies
            self.frequencies = larger
        self.frequencies[ids] += frequencies
        return ids

    def sorted(self, at_least: int) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64]]:
        """The names that so many records have, in order; their frequencies; each number's place, or −1."""
        names = list(self._ids)
        frequencies = self.frequencies[: len(names)]
        kept = sorted(np.flatnonzero(frequencies >= at_least).tolist(), key=names.__getitem__)
        places = np.full(len(names), -1, np.int64)
        places[kept] = np.arange(len(kept))
        return [names[i] for i in kept], frequencies[kept], places


class _Hashed:
    """The same for terms whose numbers are their hashes."""

    def __init__(self, bits: int) -> None:
        self.frequencies = np.zeros(2**bits, np.int64)

    def add(self, counts: Counts, training: NDArray[np.bool_]) -> CSR:
        columns = hashed(counts.terms, len(self.frequencies))
        matrix = in_columns(counts.matrix, columns, len(self.frequencies))
        np.add.at(self.frequencies, matrix.take(np.flatnonzero(training)).indices, 1)
        return matrix


class _Stored(NamedTuple):
    features: CSR
    labels: CSR
    held_out: NDArray[np.bool_]


class Corpus:
    """Records that a vectoriser is fitted to; those held out do not count for it.

    Use as a context: its file is gone at the end.

    Parameters
    ----------
    settings
        What the features are.
    folder
        Where its temporary file may be.
    """

    def __init__(self, settings: TextSettings, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._settings = settings
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (closed by __exit__)
        self._n_chunks = 0
        self._terms: _Ids | _Hashed = _Ids() if settings.hashing is None else _Hashed(settings.hashing)
        self._labels = _Ids()
        self.n_records = {False: 0, True: 0}  # held out or not
        self.n_labels = {False: 0, True: 0}

    def __enter__(self) -> Corpus:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, chunk: Chunk) -> None:
        """Set a chunk's records aside, behind those that are there."""
        training = ~chunk.held_out
        if isinstance(self._terms, _Hashed):
            features = self._terms.add(chunk.terms, training)
        else:
            features = _numbered(chunk.terms, training, self._terms)
        labels = _numbered(chunk.labels, training, self._labels)
        for array in (features.indptr, features.indices, features.values, labels.indptr, labels.indices):
            np.save(self._file, array)
        np.save(self._file, chunk.held_out)
        self._n_chunks += 1
        for held_out in (False, True):
            rows = np.flatnonzero(chunk.held_out == held_out)
            self.n_records[held_out] += len(rows)
            self.n_labels[held_out] += int(labels.row_lengths[rows].sum())

    def fit(self, path: Path) -> FittedCorpus:
        """The vectoriser of the training records added; terms and labels are in sorted order.

        Raises
        ------
        DataError
            If no record is for training, or no term is left; it names `path`.
        """
        n_records = self.n_records[False]
        if n_records == 0:
            raise DataError(path, "no record for training; expected at least one")
        labels, _, label_places = self._labels.sorted(1)
        if isinstance(self._terms, _Hashed):
            terms, frequencies = None, self._terms.frequencies
            places = np.arange(len(frequencies))
        else:
            terms, frequencies, places = self._terms.sorted(self._settings.min_df)
            if not terms:
                raise DataError(
                    path,
                    f"an empty vocabulary: no term is in {self._settings.min_df} of {n_records} records; "
                    "expected text, or a smaller min_df",
                )
        vectorizer = TextVectorizer.of(self._settings, terms, frequencies, n_records, labels)
        return FittedCorpus(self, vectorizer, places, label_places)

    def stored(self) -> Iterator[_Stored]:
        """The chunks, from the first."""
        self._file.seek(0)
        for _ in range(self._n_chunks):
            f_indptr, f_indices, f_data, l_indptr, l_indices, held_out = (
                np.load(self._file, allow_pickle=False) for _ in range(6)
            )
            yield _Stored(CSR(f_indptr, f_indices, f_data, 0), CSR(l_indptr, l_indices, None, 0), held_out)


class FittedCorpus(NamedTuple):
    """A corpus whose vectoriser is known.

    Attributes
    ----------
    places, label_places
        The feature and the label that each number became, or −1.
    """

    corpus: Corpus
    vectorizer: TextVectorizer
    places: NDArray[np.integer]
    label_places: NDArray[np.integer]

    def blocks(self, held_out: bool, jobs: int | None = None) -> Iterator[Block]:
        """Term counts and label sets of the records for training, or of those held out; over threads."""
        return map_in_order(lambda stored: self._block(stored, held_out), self.corpus.stored(), jobs)

    def _block(self, stored: _Stored, held_out: bool) -> Block:
        rows = np.flatnonzero(stored.held_out == held_out)
        return Block(
            in_columns(stored.features.take(rows), self.places, self.vectorizer.n_features),
            label_sets(stored.labels.take(rows), self.label_places, len(self.vectorizer.labels)),
        )


def blocks_like(vectorizer: TextVectorizer, chunks: Iterable[Chunk]) -> Iterator[Block]:
    """Term counts and label sets of chunks with a training set's columns; other labels are left out."""
    ids = {label: i for i, label in enumerate(vectorizer.labels)}
    for chunk in chunks:
        label_places = np.fromiter((ids.get(name, -1) for name in chunk.labels.terms), np.int64)
        yield Block(
            in_columns(chunk.terms.matrix, vectorizer.columns_of(chunk.terms.terms), vectorizer.n_features),
            label_sets(chunk.labels.matrix, label_places, len(ids)),
        )


def label_sets(labels: CSR, places: NDArray[np.integer], n_labels: int) -> CSR:
    """Label sets with label i at ``places[i]``, left out if that is negative."""
    own = labels.stored()
    ones = np.ones(own.nnz, np.float32)
    moved = in_columns(CSR(own.indptr, own.indices, ones, own.n_columns), places, n_labels)
    return CSR(moved.indptr, moved.indices, None, n_labels)


def _numbered(counts: Counts, training: NDArray[np.bool_], ids: _Ids) -> CSR:
    """The counts with the numbers of `ids` for columns, not ascending."""
    frequencies = counts.matrix.take(np.flatnonzero(training)).column_counts()
    numbers = ids.add(counts.terms, frequencies)
    matrix = counts.matrix.stored()
    return CSR(matrix.indptr, numbers[matrix.indices].astype(np.int32), matrix.data, 0)
