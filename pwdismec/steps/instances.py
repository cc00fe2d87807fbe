"""What is predicted for, from wherever it comes, in chunks as a model wants them, in bounded memory."""

from __future__ import annotations

import hashlib
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from pwdismec.data import CSR, Dataset, Dense
from pwdismec.data.dataset import is_dataset
from pwdismec.data.dense import Features, feature_chunks
from pwdismec.data.formats.source import OneBased
from pwdismec.data.formats.stream import StreamedInstances
from pwdismec.data.strings import Strings
from pwdismec.data.transforms import Transforms, check_term_counts
from pwdismec.errors import DataError, ModelError
from pwdismec.files import file_to_read
from pwdismec.model import Model
from pwdismec.steps.row_source import is_of_records, open_rows

STANDARD_INPUT = Path("-")

# Of a chunk, at most: enough instances that threads are busy and each block of labels is read for many,
# and values (8 bytes each) where instances are long.
_ROWS = 8192
_VALUES = 1 << 22

_START = 1 << 20


Named: TypeAlias = tuple[Features, Strings | None]
"""Rows, and what the source calls them."""


@dataclass(frozen=True)
class Instances:
    """Instances to predict for.

    Attributes
    ----------
    number
        How many; None if that is known only at the end.
    identity
        Names the content, as plain JSON; None if it cannot be read again.
    has_record_ids
        Whether the source calls them something.
    are_texts
        Whether they are records with texts.
    """

    number: int | None
    identity: Mapping[str, Any] | None
    has_record_ids: bool
    _features: Features | Iterable[Named]
    _path: Path
    _n_features: int
    _transforms: Transforms
    _applied: Transforms
    _stored_ids: Strings | None = None
    _ids: deque[str] = field(default_factory=deque)  # of a file, those read and not yet taken
    _ignored: list[int] = field(default_factory=list)  # of each chunk
    are_texts: bool = False
    _blank: list[int] = field(default_factory=list)

    @property
    def ignored_values(self) -> int:
        """Values left out of what was read by now, as the model does not have their features."""
        return sum(self._ignored)

    @property
    def without_known_words(self) -> int:
        """Of texts, those read by now that have no word that the model knows."""
        return sum(self._blank) if self.are_texts else 0

    def chunks(self, first: int = 0, stop: int | None = None) -> Iterator[Features]:
        """Chunks of consecutive instances from number `first` on, transformed; up to `stop`, excluded.

        Raises
        ------
        DataError
            If they cannot be read, or TF-IDF meets what is no term count.
        ModelError
            If they were transformed in another way than the model's training set.
        """
        if isinstance(self._features, (CSR, Dense)):
            chunks = _cut(self._features.rows(first, self._features.n_rows if stop is None else stop))
        else:
            chunks = _gathered(_between(self._features, first, stop, self._ids))
        for rows in chunks:
            chunk = self._with_model_features(rows)
            if self._applied.is_raw and self._transforms.idf is not None:
                check_term_counts(chunk, self._path, first)
            yield self._transforms.bring(chunk, self._applied)
            chunk.release()
            first += chunk.n_rows

    def record_ids(self, first: int, number: int) -> Sequence[str] | None:
        """What the source calls `number` instances from `first` on; None if nothing.

        Of a file they are the next ones whose chunks have been read.
        """
        if not self.has_record_ids:
            return None
        if self._stored_ids is not None:
            return self._stored_ids.rows(first, first + number)
        return [self._ids.popleft() for _ in range(number)]

    def _with_model_features(self, rows: Features) -> Features:
        if isinstance(rows, Dense):
            if rows.n_columns != self._n_features:
                said = f"{rows.n_columns} features; the model has {self._n_features}"
                raise DataError(self._path, said)
            return rows
        known = rows.narrowed(self._n_features)
        self._ignored.append(rows.nnz - known.nnz)
        self._blank.append(int((known.row_lengths == 0).sum()))
        return known


def open_instances(
    path: Path, model: Model, one_based: OneBased, jobs: int = 1, format: str = "auto"
) -> Instances:
    """The instances at `path`: a data set, a file or folder for `open_source`, or `STANDARD_INPUT`.

    For a model of texts, it may be records, which `jobs` processes read; −1 for every core. Of a folder with
    two parts, the test part is taken; `format` says how files are written. Where a file does not say how many
    features there are (svmlight), values of those that the model does not have are left out, and counted.

    Raises
    ------
    DataError
        If there is nothing of the kind.
    ModelError
        If a data set has other features than the model.
    """
    of_model = model.n_features, model.transforms
    if path == STANDARD_INPUT:
        stream = StreamedInstances(
            sys.stdin.buffer, "standard input", one_based=one_based, n_features=model.n_features
        )
        name = Path("standard input")
        unnamed = ((features, None) for features in stream)
        return Instances(stream.n_instances, None, False, unnamed, name, *of_model, Transforms())
    if is_dataset(path):
        dataset = Dataset.open(path)
        if dataset.n_features != model.n_features:
            raise ModelError(
                f"{path}: {dataset.n_features} features; the model {model.path} has {model.n_features}"
            )
        identity, ids = {"input": dataset.fingerprint[:16]}, dataset.record_ids
        if ids is not None:
            identity["record ids"] = ids.digest()[:16]
        of_set = (dataset.features, path, *of_model, dataset.transforms, ids)
        return Instances(dataset.n_instances, identity, ids is not None, *of_set)
    source = open_rows(
        path,
        format,
        like=model,
        labelled=False,
        lenient=True,
        one_based=one_based,
        jobs=jobs,
        n_features=model.n_features,
    )
    n_instances, has_ids, are_texts = source.n_instances, False, is_of_records(source)
    if is_of_records(source):
        n_instances, has_ids = len(source), source.has_record_ids
    elif n_instances is None:  # no header: the file is read twice, to know how much is left to do
        n_instances = sum(block.features.n_rows for block in source)
    rows: Iterable[Named] = ((block.features, getattr(block, "record_ids", None)) for block in source)
    identity = _identity(source.paths[0])
    return Instances(n_instances, identity, has_ids, rows, path, *of_model, Transforms(), are_texts=are_texts)


def _identity(path: Path) -> dict[str, Any]:
    """What tells a file from another: its start, and size and time, which change with what follows.

    Of a folder of documents, the names and times are what tells it.
    """
    stat = path.stat()
    if path.is_dir():
        names = [f"{found.name} {found.stat().st_mtime_ns}" for found in sorted(path.iterdir())]
        listed = hashlib.sha256("\n".join(names).encode("utf-8", "surrogateescape")).hexdigest()[:16]
        return {"input": listed, "input's time": stat.st_mtime_ns}
    with file_to_read(path) as file:
        start = hashlib.sha256(file.read(_START)).hexdigest()[:16]
    return {"input": start, "input's size": stat.st_size, "input's time": stat.st_mtime_ns}


def _cut(rows: Features) -> Iterator[Features]:
    return feature_chunks(rows, _ROWS, _VALUES)


def _between(blocks: Iterable[Named], first: int, stop: int | None, ids: deque[str]) -> Iterator[Features]:
    """The rows `first` to `stop`, excluded, and their ids behind `ids`; nothing is read behind them."""
    at = 0
    for block, names in blocks:
        begin, end = max(0, first - at), block.n_rows if stop is None else min(block.n_rows, stop - at)
        if begin < end:
            if names is not None:
                ids.extend(names.rows(begin, end))
            yield block.rows(begin, end)
        at += block.n_rows
        if stop is not None and at >= stop:
            return


def _gathered(blocks: Iterable[Features]) -> Iterator[Features]:
    """The same rows in chunks of about `_ROWS` rows or `_VALUES` values, the last excepted.

    Dense blocks, which come large, are only cut.
    """
    parts: list[CSR] = []
    for block in blocks:
        for part in _cut(block):
            if isinstance(part, Dense):
                yield part
                continue
            parts.append(part)
            if sum(p.n_rows for p in parts) >= _ROWS or sum(p.nnz for p in parts) >= _VALUES:
                yield CSR.concatenate(parts, part.n_columns)
                parts = []
    if parts:
        yield CSR.concatenate(parts, parts[0].n_columns)
