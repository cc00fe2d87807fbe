"""From any source of blocks to a data set on disk."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import ExitStack, closing
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Protocol

from pwdismec.data.csr import CSR, row_chunks
from pwdismec.data.dataset import Dataset, open_written
from pwdismec.data.dataset_manifest import VECTORIZER, Likeness
from pwdismec.data.dense import Dense, Features
from pwdismec.data.names import check_names, check_uris, read_given_names
from pwdismec.data.strings import Strings
from pwdismec.data.transforms import Transforms, check_term_counts
from pwdismec.data.validation import check_csr, check_dense, check_form
from pwdismec.data.writer import FolderWriter, copy_vectorizer, dataset_output
from pwdismec.errors import DataError
from pwdismec.files import replacing_folder
from pwdismec.machine import check_fits

# Values transformed at a time in the second pass of TF-IDF.
_CHUNK = 1 << 22

# Bytes that counts and offsets take for each label, and for each feature that TF-IDF is fitted to.
_A_LABEL, _A_FEATURE = 32, 32


class Rows(Protocol):
    """Consecutive whole instances: a block of a `Source`, of a `SyntheticSource`, or a whole `Dataset`.

    Where they know what the source calls each instance, they have `record_ids`, too.
    """

    @property
    def features(self) -> Features: ...

    @property
    def labels(self) -> CSR: ...


def convert(
    source: Iterable[Rows],
    out_folder: str | Path,
    *,
    tfidf: bool = False,
    normalize: bool = True,
    transforms: Transforms | None = None,
    like: Dataset | None = None,
    label_names: str | Path | Sequence[str] | None = None,
    feature_names: str | Path | Sequence[str] | None = None,
    label_uris: Sequence[str] | None = None,
    vectorizer: Callable[[Path], object] | None = None,
    overwrite: bool = False,
    on_progress: Callable[[int], None] | None = None,
) -> Dataset:
    """Write a data set from blocks of raw instances, in memory that does not grow with their number.

    Parameters
    ----------
    source
        Blocks in order, as `open_source` gives them, all sparse or all dense. Its attributes `n_features`
        and `n_labels`, where it has them, say how many there are; while they are None, the blocks' columns
        do.
    out_folder
        Where to write; a new folder, or `overwrite`.
    tfidf, normalize
        The transforms: TF-IDF fitted on this data, L2 normalisation of the rows.
    transforms
        In place of these two, transforms that are fitted already.
    like
        A training set: its transforms (with its idf), features, labels and names are taken instead, so that
        the result suits a model trained on it. Where the source does not say how many features there are,
        values of others are left out and counted. Other labels come behind the training set's.
    label_names, feature_names
        Files of names, in order, as `read_given_names` takes them; or the names themselves, in a list that
        may grow while the blocks are taken. By default the names are those of `like`, where labels that
        it does not have are called by their ids.
    label_uris
        What the source calls each label, where that is not its name, in a list as for `label_names`. By
        default those in the file of names, or else those of `like`, where the labels that it does not have
        are "label 7", by their ids.
    vectorizer
        Writes what made the features of texts into a folder; with `like`, its own is copied.
    overwrite
        Replace a data set that is at `out_folder`, once the new one is whole.
    on_progress
        Called after each block with the number of instances written so far.

    Returns
    -------
    Dataset
        Memory-mapped from `out_folder`.

    Raises
    ------
    DataError
        If TF-IDF meets a value below 1, the source does not fit `like`, or a file of names has another
        number of lines; or whatever the source finds.
    OutputError
        If `out_folder` exists and is not to be replaced, or must not be (`pwdismec.outputs`).
    PwdismecError
        If the folder cannot be written. Nothing half-written is left, and an older data set stays.
    """
    named = [names for names in (label_names, feature_names) if isinstance(names, (str, Path))]
    read = [*getattr(source, "paths", ()), *named, None if like is None else like.path]
    out = dataset_output(out_folder, read, overwrite=overwrite)
    features = _Columns(source, "feature", None if like is None else like.n_features)
    labels = _Columns(source, "label", None, 0 if like is None else like.n_labels)
    if like is not None:
        transforms = like.transforms
        vectorizer = None if like.vectorizer is None else partial(copy_vectorizer, like.vectorizer)
    with replacing_folder(out, overwrite=overwrite) as aside:
        folder = FolderWriter(aside)
        if tfidf and transforms is None:
            _stream(source, folder, features, labels, Transforms(), True, on_progress)
            features.check_fits(_A_FEATURE)
            transforms = _apply_tfidf(folder, features.total(), normalize)
        else:
            transforms = transforms or Transforms(None, normalize)
            has_idf = transforms.idf is not None
            _stream(source, folder, features, labels, transforms, has_idf, on_progress)
        labels.check_fits(_A_LABEL)
        if vectorizer is not None:
            vectorizer(aside / VECTORIZER)
        if isinstance(label_names, (str, Path)):
            label_names, uris = read_given_names(label_names, labels.total(), "labels")
            label_uris = uris if label_uris is None else label_uris
        if isinstance(feature_names, (str, Path)):
            feature_names, _ = read_given_names(feature_names, features.total(), "features")
        folder.finish(
            features.total(),
            labels.total(),
            transforms,
            {
                "label_names": labels.names(label_names, None if like is None else like.label_names),
                "label_uris": labels.uris(label_uris, None if like is None else like.label_uris),
                "feature_names": features.names(feature_names, None if like is None else like.feature_names),
            },
            like=None if like is None else Likeness(n_labels=like.n_labels, ignored_values=features.ignored),
            sources=[Path(path).name for path in getattr(source, "paths", ())],
            source_format=getattr(source, "format", None),
        )
    return open_written(out_folder)


class _Columns:
    """How many columns one of the matrices has: as `like` rules, or the source and its blocks say.

    Parameters
    ----------
    ruled
        How many there are, whatever there is in the blocks.
    at_least
        How many there are even if the blocks have fewer.

    Attributes
    ----------
    ignored
        Values beyond the columns that are ruled, which were left out.
    """

    def __init__(self, source: Iterable[Rows], what: str, ruled: int | None, at_least: int = 0) -> None:
        paths = getattr(source, "paths", None) or ("source",)
        self.path: str | Path = paths[0 if what == "feature" else -1]
        self.ignored = 0
        self._source = source
        self._what = what
        self._ruled = ruled
        self._seen = at_least
        declared, expected = self._declared or None, ruled or at_least
        if declared is not None and (declared < expected or (ruled is not None and declared != ruled)):
            or_more = "" if ruled is not None else "; expected these, and perhaps more"
            raise DataError(self.path, f"{declared} {what}s; the training set has {expected}{or_more}")

    def take(self, part: Features) -> Features:
        """The matrix of a block, if its column ids are in range; a dense one must have all columns."""
        check_form(part, str(self.path), binary=True)
        if isinstance(part, Dense):
            return self._take_dense(part)
        part = part.stored()
        smallest, largest = part.indices.min(initial=0), part.indices.max(initial=-1)
        if smallest < 0 or largest >= part.n_columns:
            worst = smallest if smallest < 0 else largest
            raise DataError(
                self.path, f"{self._what} {worst} (counted from 0); expected 0 to {part.n_columns - 1}"
            )
        check_csr(part, str(self.path))
        if self._ruled is None:
            self._seen = max(self._seen, part.n_columns)
            return part
        taken = part.narrowed(self._ruled)
        self.ignored += part.nnz - taken.nnz
        return taken

    def check_fits(self, bytes_each: int) -> None:
        """DataError if there are more of them than memory should hold counts for."""
        what = f"{self.total()} {self._what}s, one more than the largest id, or as the header says,"
        check_fits(bytes_each * self.total(), self.path, what, "ids without large gaps, and fewer")

    def total(self) -> int:
        """The number; for a format without a header, only once all blocks are read."""
        return self._ruled if self._ruled is not None else max(self._seen, self._declared or 0)

    def names(self, given: Sequence[str] | None, inherited: list[str] | None) -> list[str] | None:
        """Those given, or those of the training set, and ids for what it lacks."""
        if given is None:
            return inherited and [*inherited, *map(str, range(len(inherited), self.total()))]
        return check_names(given, self.total(), f"{self._what}s")

    def uris(self, given: Sequence[str] | None, inherited: list[str] | None) -> list[str] | None:
        """Those given, or those of the training set, and others for labels that it lacks."""
        if given is None and inherited is not None:
            given = [*inherited, *(f"label {i}" for i in range(len(inherited), self.total()))]
        return None if given is None else check_uris(given, self.total())

    def _take_dense(self, part: Dense) -> Dense:
        if self._ruled is None:
            self._ruled = part.n_columns
        if part.n_columns != self._ruled:
            raise DataError(self.path, f"{part.n_columns} {self._what}s; expected {self._ruled}")
        check_dense(part, str(self.path))
        return part

    @property
    def _declared(self) -> int | None:
        declared: int | None = getattr(self._source, f"n_{self._what}s", None)
        return declared


def _stream(
    source: Iterable[Rows],
    folder: FolderWriter,
    feature_columns: _Columns,
    label_columns: _Columns,
    transforms: Transforms,
    term_counts: bool,
    on_progress: Callable[[int], None] | None,
) -> None:
    blocks = iter(source)
    with ExitStack() as ending:
        if isinstance(blocks, Generator):  # whose threads end now, whatever happens: see formats/pair.py
            ending.enter_context(closing(blocks))
        first = next(blocks, None)
        if first is not None:
            check_form(first.features, str(feature_columns.path), binary=True)
        features = ending.enter_context(folder.features(None if first is None else first.features))
        labels = ending.enter_context(folder.matrix("labels"))
        have_ids = getattr(first, "record_ids", None) is not None
        record_ids = ending.enter_context(folder.record_ids()) if have_ids else None
        for block in chain([] if first is None else [first], blocks):
            raw = feature_columns.take(block.features)
            if term_counts:
                check_term_counts(raw, feature_columns.path, labels.n_rows)
            features.append(transforms.apply(raw))
            labels.append(label_columns.take(block.labels))
            ids = _ids_of(block, feature_columns.path)
            if (ids is None) != (record_ids is None):
                raise DataError(
                    feature_columns.path, "some records have ids; expected all to have one, or none"
                )
            if ids is not None and record_ids is not None:
                record_ids.append(ids)
            if on_progress is not None:
                on_progress(labels.n_rows)


def _ids_of(block: Rows, path: str | Path) -> Strings | None:
    """What the source calls a block's instances, if it says so; one for each."""
    given = getattr(block, "record_ids", None)
    if given is None:
        return None
    ids = Strings.of(given, str(path))
    if len(ids) != block.labels.n_rows:
        raise DataError(
            path, f"{len(ids)} record ids; expected one for each of {block.labels.n_rows} instances"
        )
    return ids


def _apply_tfidf(folder: FolderWriter, n_features: int, normalize: bool) -> Transforms:
    """Fit TF-IDF on the raw features that are written, and put the transformed values in their place."""
    raw = folder.map("features", n_features)
    transforms = Transforms.fit(raw, tfidf=True, normalize=normalize)
    (folder.folder / "features_data.npy").unlink()  # what is mapped stays readable until it is let go
    with folder.array("features_data", "float32") as values:
        for start, stop in row_chunks(raw.indptr, _CHUNK):
            part = transforms.apply(raw.rows(start, stop))
            assert isinstance(part, CSR)
            values.append(part.values)
    return transforms
