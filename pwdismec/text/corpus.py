"""Counted records set aside on disk until the vectoriser is fitted to all of them; then their rows."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pwdismec import native
from pwdismec.data.csr import CSR
from pwdismec.data.strings import Strings
from pwdismec.errors import DataError
from pwdismec.machine import check_fits
from pwdismec.parallel import in_threads
from pwdismec.text.chunks import Chunk
from pwdismec.text.counting import in_columns
from pwdismec.text.numbers import Counts, Translation, grown
from pwdismec.text.settings import TextSettings
from pwdismec.text.vectorizer import TextVectorizer, hashed

# Records of which nothing can be told yet, and the share of more that is nearly all.
_FEW, _NEARLY_ALL = 3, 0.9

# Of a label that is a number: its text, what refers to it, its name and URI.
_BYTES_OF_A_LABEL = 256


class _Known:
    """Numbers for names in the order in which they come, and how many training records have each."""

    def __init__(self) -> None:
        self._ids: defaultdict[str, int] = defaultdict()
        self._ids.default_factory = self._ids.__len__
        self._translation = Translation(self._numbers)
        self._frequencies = np.zeros(0, np.int64)
        self._same: dict[int, int] = {}

    def merge(self, same: Mapping[str, str]) -> None:
        """Take names for others: their numbers get the places of those."""
        self._same = {self._ids[name]: self._ids[other] for name, other in same.items()}
        self._frequencies = grown(self._frequencies, len(self._ids))
        for number, other in self._same.items():
            self._frequencies[other] += self._frequencies[number]
            self._frequencies[number] = 0

    def add(self, process: str, counts: Counts, training: NDArray[np.bool_]) -> CSR:
        """The counts with these numbers for columns, not ascending."""
        numbers = self._translation.of(process, counts)
        self._frequencies = grown(self._frequencies, len(self._ids))
        matrix = counts.matrix.stored()
        numbered = CSR(matrix.indptr, numbers[matrix.indices], matrix.data, 0)
        _count_training(numbered, training, self._frequencies)
        return numbered

    def sorted(self, at_least: int) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64]]:
        """The names that so many records have, in order; their frequencies; each number's place, or −1."""
        names = list(self._ids)
        frequencies = self._frequencies[: len(names)]
        kept = sorted(np.flatnonzero(frequencies >= at_least).tolist(), key=names.__getitem__)
        places = np.full(len(names), -1, np.int64)
        places[kept] = np.arange(len(kept))
        self._place_same(places)
        return [names[i] for i in kept], frequencies[kept], places

    def others(self, places: NDArray[np.int64]) -> list[str]:
        """The names without a place, in order; they get the next places."""
        names = list(self._ids)
        left = set(np.flatnonzero(places < 0).tolist()) - self._same.keys()
        others = sorted(left, key=names.__getitem__)
        n_placed = int(places.max(initial=-1)) + 1
        places[others] = np.arange(n_placed, n_placed + len(others))
        self._place_same(places)
        return [names[i] for i in others]

    def _place_same(self, places: NDArray[np.int64]) -> None:
        for number, other in self._same.items():
            places[number] = places[other]

    def numbered(self, at_least: int) -> tuple[list[str], NDArray[np.int64]]:
        """The numbers from 0, at least so many, if the names are such; and each name's place, itself."""
        places = np.fromiter(map(int, self._ids), np.int64, len(self._ids))
        n_names = max(at_least, int(places.max(initial=-1)) + 1)
        check_fits(_BYTES_OF_A_LABEL * n_names, "labels", f"{n_names:,} labels", "smaller numbers")
        return [str(number) for number in range(n_names)], places

    def names(self) -> list[str]:
        """All names, in the order of their numbers."""
        return list(self._ids)

    def _numbers(self, names: Sequence[str]) -> NDArray[np.int64]:
        return np.fromiter(map(self._ids.__getitem__, names), np.int64, len(names))


class _Hashed:
    """The same for terms whose numbers are their hashes."""

    def __init__(self, bits: int) -> None:
        self.frequencies = np.zeros(2**bits, np.int64)
        self._translation = Translation(lambda names: hashed(names, 2**bits))

    def add(self, process: str, counts: Counts, training: NDArray[np.bool_]) -> CSR:
        numbers = self._translation.of(process, counts)
        matrix = in_columns(counts.matrix, numbers, len(self.frequencies))
        _count_training(matrix, training, self.frequencies)
        return matrix


def _count_training(matrix: CSR, training: NDArray[np.bool_], frequencies: NDArray[np.int64]) -> None:
    """Add how many training records have each column; no record has one twice."""
    rows = matrix if training.all() else matrix.take(np.flatnonzero(training))
    native.count_ids(rows.indices, frequencies)


class RecordBlock(NamedTuple):
    """A `Block` of records, and what each of them is called.

    Attributes
    ----------
    features
        Term counts, shape (n_rows, n_features).
    labels
        Label sets, shape (n_rows, n_labels).
    record_ids
        The records' ids; None where they have none.
    """

    features: CSR
    labels: CSR
    record_ids: Strings | None


class _Stored(NamedTuple):
    features: CSR
    labels: CSR
    held_out: NDArray[np.bool_]
    record_ids: Strings | None


class Corpus:
    """Records that a vectoriser is fitted to; those held out do not count for it.

    Use as a context: its file is gone at the end.

    Parameters
    ----------
    settings
        What the features are.
    folder
        Where its temporary file may be.

    Attributes
    ----------
    n_records
        How many there are by now, by whether they are held out.
    label_names
        The names of labels that have one beside their URI, by that; of several, the first.
    renamed
        Labels with several names.
    """

    def __init__(self, settings: TextSettings, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._settings = settings
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (closed by __exit__)
        self._n_chunks = 0
        self._terms: _Known | _Hashed = _Known() if settings.hashing is None else _Hashed(settings.hashing)
        self._labels = _Known()
        self.n_records = {False: 0, True: 0}
        self.label_names: dict[str, str] = {}
        self.renamed: set[str] = set()
        self._n_single = 0  # records with one label

    def __enter__(self) -> Corpus:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(InterruptedError):  # it is closed all the same
            self._file.close()

    def add(self, chunk: Chunk) -> None:
        """Set a chunk's records aside, behind those that are there."""
        training = ~chunk.held_out
        features = self._terms.add(chunk.process, chunk.terms, training)
        labels = self._labels.add(chunk.process, chunk.labels, training)
        for array in (features.indptr, features.indices, features.values, labels.indptr, labels.indices):
            np.save(self._file, array)
        np.save(self._file, chunk.held_out)
        if chunk.record_ids is not None:
            np.save(self._file, chunk.record_ids.indptr)
            np.save(self._file, chunk.record_ids.utf8)
        for label, name in chunk.label_names:
            if self.label_names.setdefault(label, name) != name:
                self.renamed.add(label)
        self._n_chunks += 1
        self._n_single += int((labels.row_lengths == 1).sum())
        for held_out in (False, True):
            self.n_records[held_out] += int((chunk.held_out == held_out).sum())

    def merge(self, same: Mapping[str, str]) -> None:
        """Take labels for others, once all chunks are added."""
        self._labels.merge(same)

    def fit(self, path: Path, n_labels: int = 0) -> FittedCorpus:
        """The vectoriser of the training records added; terms and labels are in sorted order.

        Labels that are numbers are in the order of these, and there are at least `n_labels` of them: those
        that no training record has are labels, too.

        Raises
        ------
        DataError
            If no record is for training, or no term is left; it names `path`.
        """
        n_records = self.n_records[False]
        if n_records == 0:
            raise DataError(path, "no record for training; expected at least one")
        if self._settings.label_numbers:
            labels, label_places = self._labels.numbered(n_labels)
        else:
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
        return FittedCorpus(self, vectorizer, places, label_places, self._labels.others(label_places))

    @property
    def labels(self) -> list[str]:
        """The labels that some record has, in the order in which they came."""
        return self._labels.names()

    def unsplit_label(self) -> str | None:
        """A label that may be several, as if they were divided by something else; None if all seems well.

        That is where nearly all records have one label, nearly all labels are different, and most of them
        hold more than letters and digits.
        """
        labels, n_records = self.labels, sum(self.n_records.values())
        if n_records < _FEW or min(self._n_single, len(labels)) < _NEARLY_ALL * n_records:
            return None
        composed = [label for label in labels if not label.isalnum()]
        return composed[0] if 2 * len(composed) > len(labels) else None

    def stored(self) -> Iterator[_Stored]:
        """The chunks, from the first."""
        self._file.seek(0)
        n_arrays = 8 if self._settings.id_field else 6
        for _ in range(self._n_chunks):
            f_indptr, f_indices, f_data, l_indptr, l_indices, held_out, *ids = (
                np.load(self._file, allow_pickle=False) for _ in range(n_arrays)
            )
            features, labels = CSR(f_indptr, f_indices, f_data, 0), CSR(l_indptr, l_indices, None, 0)
            yield _Stored(features, labels, held_out, Strings(*ids) if ids else None)


class FittedCorpus(NamedTuple):
    """A corpus whose vectoriser is known.

    Attributes
    ----------
    places, label_places
        The feature that each number became, or −1, and the label.
    other_labels
        Labels of records held out alone, which come behind the vectoriser's.
    """

    corpus: Corpus
    vectorizer: TextVectorizer
    places: NDArray[np.integer]
    label_places: NDArray[np.integer]
    other_labels: list[str]

    def blocks(self, held_out: bool, threads: int) -> Iterator[RecordBlock]:
        """Term counts and label sets of the records for training, or of those held out; over threads."""
        return in_threads(lambda stored: self._block(stored, held_out), self.corpus.stored(), threads)

    def _block(self, stored: _Stored, held_out: bool) -> RecordBlock:
        rows = np.flatnonzero(stored.held_out == held_out)
        return RecordBlock(
            in_columns(stored.features.take(rows), self.places, self.vectorizer.n_features),
            label_sets(
                stored.labels.take(rows),
                self.label_places,
                len(self.vectorizer.labels) + held_out * len(self.other_labels),
            ),
            None if stored.record_ids is None else stored.record_ids.take(rows),
        )


class LabelIds:
    """Ids of labels: those of a training set, and behind them others in the order in which they come.

    Parameters
    ----------
    trained
        The training set's labels, as records call them.
    names, uris
        Their names, and what identifies them, where that is something else. A label that is given by the name
        of one of them alone is that one.
    numbers
        The labels are numbers: others get these for ids, and all numbers between are labels, too.

    Attributes
    ----------
    names, uris
        Of all labels by now, in the order of their ids; others than the training set's are their own URIs,
        and their own names unless they have some (`learn`).
    """

    def __init__(
        self,
        trained: Sequence[str],
        names: Sequence[str] | None = None,
        uris: Sequence[str] | None = None,
        *,
        numbers: bool = False,
    ) -> None:
        self.names = list(trained if names is None else names)
        self.uris = list(trained if uris is None else uris)
        self._taken = frozenset(self.uris)
        self._have_uris = uris is not None
        self._names_of: dict[str, str] = {}
        self._ids = {label: i for i, label in enumerate(trained)}
        self._numbers = numbers
        self._called: dict[str, int | None] = {}  # by name, None if several are called so
        for number, name in enumerate(self.names if self._have_uris and not numbers else ()):
            self._called[name] = None if name in self._called else number

    def learn(self, names: Iterable[tuple[str, str]]) -> None:
        """Labels with names, for those that will be new; of no use where URIs do not tell labels apart."""
        if self._have_uris:
            for label, name in names:
                self._names_of.setdefault(label, name)

    def of(self, names: Sequence[str]) -> NDArray[np.int64]:
        """The ids of labels; new ones get the next."""
        if self._numbers:
            n_names = max([0, *(int(name) + 1 for name in names)])
            check_fits(_BYTES_OF_A_LABEL * n_names, "labels", f"{n_names:,} labels", "smaller numbers")
            self._add(map(str, range(len(self.names), n_names)))
        else:
            self._add(names)
        return np.fromiter(map(self._ids.__getitem__, names), np.int64, len(names))

    def _add(self, names: Iterable[str]) -> None:
        for name in names:
            if name not in self._ids:
                called = self._called.get(name)
                self._ids[name] = len(self.names) if called is None else called
                if called is not None:
                    continue
                self.names.append(self._names_of.get(name, name))
                self.uris.append(f"label {name}" if name in self._taken else name)


def blocks_like(
    vectorizer: TextVectorizer, chunks: Iterable[Chunk], label_ids: LabelIds
) -> Iterator[RecordBlock]:
    """Term counts and label sets of chunks with a training set's features, and labels as `label_ids` says."""
    features = Translation(vectorizer.columns_of)
    labels = Translation(label_ids.of)
    for chunk in chunks:
        label_ids.learn(chunk.label_names)
        places = labels.of(chunk.process, chunk.labels)
        numbers = features.of(chunk.process, chunk.terms)
        yield RecordBlock(
            in_columns(chunk.terms.matrix, numbers, vectorizer.n_features),
            label_sets(chunk.labels.matrix, places, len(label_ids.names)),
            chunk.record_ids,
        )


def label_sets(labels: CSR, places: NDArray[np.integer], n_labels: int) -> CSR:
    """Label sets with label i at ``places[i]``."""
    own = labels.stored()
    ones = np.ones(own.nnz, np.float32)
    moved = in_columns(CSR(own.indptr, own.indices, ones, own.n_columns), places, n_labels)
    return CSR(moved.indptr, moved.indices, None, n_labels)
