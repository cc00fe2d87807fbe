"""A trained model: a folder with a manifest and one file a shard."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pwdismec.checked import not_yet, remember
from pwdismec.data.csr import CSR
from pwdismec.data.dataset import Dataset
from pwdismec.data.dataset_manifest import VECTORIZER, files_of_vectorizer
from pwdismec.data.names import read_names, read_uris
from pwdismec.data.tensors import read_tensors
from pwdismec.data.transforms import Transforms
from pwdismec.data.validation import check_features
from pwdismec.errors import DamagedError, DataError, ModelError
from pwdismec.files import clear_os_errors, make_own_folder, sweep, write_first
from pwdismec.model.beside import Beside
from pwdismec.model.explanation import (
    Classifier,
    Explanation,
    FeatureWeight,
    NameOf,
    explain,
    top_features,
)
from pwdismec.model.model_manifest import (
    CLAIMS,
    IDF,
    LABEL_NAMES,
    LABEL_URIS,
    MANIFEST,
    RUN,
    Manifest,
    Run,
    ShardEntry,
    read_record,
    text_of,
    write_record,
)
from pwdismec.model.shard import MappedWeights, Shard, check_shard, map_weights, read_shard
from pwdismec.model.shard_plan import how_far
from pwdismec.model.texts import record_of
from pwdismec.patience import patient
from pwdismec.quoting import shown, shown_name
from pwdismec.stored import file_in, states_in

_MAX_HEADER = 1 << 16

# Labels of one name that an error lists.
_LISTED = 5

if TYPE_CHECKING:
    from pwdismec.text import TextVectorizer


@dataclass(frozen=True, eq=False)
class Model:
    """A whole model on disk; weights are read shard by shard.

    Attributes
    ----------
    path
        The folder.
    manifest
        What it holds, and how it was made.
    """

    path: Path
    manifest: Manifest

    @classmethod
    @patient
    def open(cls, path: str | Path) -> Model:
        """Open a model that is whole; the shards' content is checked when each is first read.

        Raises
        ------
        ModelError
            If `path` is no model, is not whole (saying what is missing), or is of another version.
        """
        folder = Path(path)
        if not folder.is_dir():
            raise ModelError(f"{folder}: no such folder; expected a model")
        if not (folder / MANIFEST).exists():
            if not (folder / RUN).exists():
                raise ModelError(f"{folder}: not a model: it has no {MANIFEST}")
            run = read_record(folder / RUN, Run)
            raise ModelError(
                f"{folder}: training is not finished: {how_far(folder, run)}; "
                "go on with `pwdismec train … --resume`"
            )
        try:
            model = cls(folder, read_record(folder / MANIFEST, Manifest))
        except DamagedError as error:
            again = "of the shards that are intact `pwdismec train … --resume` makes it again"
            raise DamagedError(error.path, f"{error.message}; {again}") from error
        for entry in model.manifest.shards:
            with model.explaining(entry):
                size = states_in(folder, [entry.file])[entry.file].st_size
                if size != entry.bytes:
                    raise DamagedError(
                        folder / entry.file, f"shard has {size} bytes; its manifest says {entry.bytes}"
                    )
        return model

    @property
    def n_features(self) -> int:
        return self.manifest.run.n_features

    @property
    def n_labels(self) -> int:
        return self.manifest.run.n_labels

    @property
    def nnz(self) -> int:
        """Stored weights."""
        return sum(entry.nnz for entry in self.manifest.shards)

    @property
    def bytes(self) -> int:
        """Size of its files."""
        names = [MANIFEST, *(entry.file for entry in self.manifest.shards)]
        run = self.manifest.run
        names += [IDF] * run.tfidf + [LABEL_NAMES] * run.label_names + [LABEL_URIS] * run.label_uris
        files = [file_in(self.path, name) for name in names]
        files += [] if self.vectorizer is None else files_of_vectorizer(self.vectorizer)
        return sum(file.stat().st_size for file in files)

    @cached_property
    def label_names(self) -> list[str] | None:
        """A name for each label, in order, or None."""
        if not self.manifest.run.label_names:
            return None
        return read_names(file_in(self.path, LABEL_NAMES), self.n_labels, "labels")

    @cached_property
    def label_uris(self) -> list[str] | None:
        """What the source calls each label, in order; None where the names, if any, are all there is."""
        if not self.manifest.run.label_uris:
            return None
        return read_uris(file_in(self.path, LABEL_URIS), self.n_labels)

    @property
    def vectorizer(self) -> Path | None:
        """The folder of what made the features of texts (`pwdismec.text.TextVectorizer`), or None."""
        return self.path / VECTORIZER if self.manifest.run.vectorizer else None

    @cached_property
    def transforms(self) -> Transforms:
        """What was done to the training features and is to be done to new ones."""
        return read_transforms(self.path, self.manifest.run)

    @cached_property
    def text_vectorizer(self) -> TextVectorizer:
        """What turns texts into the model's features; ModelError if the model was not trained on texts."""
        if self.vectorizer is None:
            raise ModelError(f"{self.path}: was not trained on texts: it has no vectoriser")
        from pwdismec.text import (
            TextVectorizer,
        )  # brings scikit-learn's, for which other models need not wait

        files_of_vectorizer(self.vectorizer)  # they lie in the model
        return TextVectorizer.load(self.vectorizer, self.n_features)

    def shard(self, entry: ShardEntry) -> Shard:
        """One shard, checked."""
        with self.explaining(entry):
            return read_shard(file_in(self.path, entry.file), entry, self.manifest.run)

    def mapped_weights(self, entry: ShardEntry) -> MappedWeights:
        """The weights of one shard, mapped; it has to have been checked (`check`)."""
        return map_weights(file_in(self.path, entry.file))

    def claims(self, entries: Sequence[ShardEntry] | None = None) -> dict[str, str]:
        """What is said of shards, by default of all: all that `check_shard` looks at, and its version."""
        said = hashlib.sha256(f"shard 1 {self.manifest.model_dump_json()}".encode()).hexdigest()
        return {entry.file: said for entry in (self.manifest.shards if entries is None else entries)}

    @patient
    def check(self, entries: Sequence[ShardEntry] | None = None) -> None:
        """Check the content of shards, by default of all, of which it is not on record that it is right.

        What is on record takes a `stat` a shard.

        Raises
        ------
        ModelError
            If a shard is missing, or not what the manifest says; it tells which labels to train again.
        """
        claims = self.claims(entries)
        changed = set(not_yet(self.path, claims))
        for entry in self.manifest.shards:
            if entry.file in changed:
                with self.explaining(entry):
                    check_shard(self.path / entry.file, entry, self.manifest.run)
        if changed:
            remember(self.path, claims)

    @contextmanager
    def explaining(self, entry: ShardEntry) -> Iterator[None]:
        """Within the context, an error about a shard says how to put it right."""
        try:
            yield
        except DamagedError as error:
            if self.manifest.run.history or self.manifest.run.dataset_fingerprint is None:
                how = "make the model again"
            else:
                how = (
                    f"train labels {entry.first} to {entry.stop - 1} again: `pwdismec train … {self.path} "
                    "--resume` with the data set and settings of the model"
                )
            raise DamagedError(error.path, f"{error.message}; {how}") from error

    def shards(self) -> Iterator[Shard]:
        """All shards, in ascending order of their labels."""
        for entry in self.manifest.shards:
            yield self.shard(entry)

    def weights(
        self, on_shard: Callable[[int, int], None] | None = None
    ) -> tuple[NDArray[np.int32], CSR, NDArray[np.float32]]:
        """All trained labels in memory: ids (n,), weights (n, n_features), bias (n,).

        `on_shard` takes how many shards are read, at first none, and their number.
        """
        shards, total = list[Shard](), len(self.manifest.shards)
        if on_shard is not None:
            on_shard(0, total)
        for shard in self.shards():
            shards.append(shard)
            if on_shard is not None:
                on_shard(len(shards), total)
        weights = CSR.concatenate([s.weights for s in shards], self.n_features)
        return (
            np.concatenate([s.label_ids for s in shards]),
            weights,
            np.concatenate([s.bias for s in shards]),
        )

    def check_trained_on(self, dataset: Dataset) -> None:
        """See that `dataset` is what the model was trained on.

        Raises
        ------
        DataError
            If it is another one.
        ModelError
            If the model does not say what it was trained on.
        """
        expected, found = self.manifest.run.dataset_fingerprint, dataset.fingerprint
        if expected is None:
            raise ModelError(f"{self.path}: does not say what data set it was trained on")
        if found != expected:
            raise DataError(
                dataset.path or "data set",
                f"is data set {found[:16]}; expected {expected[:16]}, which {self.path} was trained on",
            )

    def label_id(self, label: int | str) -> int:
        """The id of a label that is given by its id (an int), or by its URI or else its name (a str).

        Raises
        ------
        ModelError
            If there is no such label, or several have the name: their ids and URIs are told.
        """
        if not isinstance(label, str):
            if not isinstance(label, (int, np.integer)) or isinstance(label, bool):
                raise ModelError(
                    f"{self.path}: label {label!r}; expected an id, a whole number, a URI or a name"
                )
            if not 0 <= label < self.n_labels:
                raise ModelError(f"{self.path}: label {label}; expected an id from 0 to {self.n_labels - 1}")
            return int(label)
        for names in (self.label_uris, self.label_names):
            ids = [number for number, name in enumerate(names or ()) if name == label]
            if len(ids) == 1:
                return ids[0]
            if ids:
                raise ModelError(f"{self.path}: label {shown(label)} {self._several(ids)}")
        raise ModelError(f"{self.path}: label {shown(label)} is not in the model")

    def _several(self, ids: Sequence[int]) -> str:
        """What is wrong with a name that these labels share."""
        uris, listed = self.label_uris, ids[:_LISTED]
        said = [str(i) if uris is None else f"{i} {shown_name(uris[i])}" for i in listed]
        more = [f"{len(ids) - _LISTED:,} more"] if len(ids) > _LISTED else []
        told_apart = "an id" if uris is None else "an id or a URI"
        return f"is the name of {len(ids):,} labels ({', '.join([*said, *more])}); give {told_apart}"

    def classifier(self, label: int | str) -> Classifier:
        """What scores one label, given by id, URI or name; of the shards only its own is read.

        Raises
        ------
        ModelError
            If there is no such label, it has no classifier, or its shard is damaged.
        """
        number = self.label_id(label)
        name = None if self.label_names is None else self.label_names[number]
        uri = None if self.label_uris is None else self.label_uris[number]
        for entry in self.manifest.shards:
            if entry.first <= number < entry.stop:
                label_ids, weights, bias = self._mapped_once(entry)
                place = int(np.searchsorted(label_ids, number))
                if place < len(label_ids) and label_ids[place] == number:
                    row = weights.rows(place, place + 1).widened()
                    return Classifier(number, name, row, float(bias[place]), uri)
        names = [shown_name(given) for given in (name, uri) if given]
        called = f"label {number} ({', '.join(names)})" if names else f"label {number}"
        raise ModelError(f"{self.path}: {called} has no classifier; no training instance had the label")

    def explain(
        self,
        text: str | Mapping[str, Any] | CSR,
        label: int | str,
        feature_names: Sequence[str] | None = None,
    ) -> Explanation:
        """What makes a label's score for a text, or for any instance.

        Parameters
        ----------
        text
            The text of the model's first field, a record with some of its fields, or an instance: one
            row of float32, transformed as the training set was.
        label
            Its id, URI or name.
        feature_names
            A name for each feature of an instance; default the vectoriser's, or else the features' ids.

        Raises
        ------
        DataError
            If the text is empty, or the model knows no word of it; or the instance is not what `CSR`, with
            values, promises.
        ModelError
            If there is no such label, it has no classifier, the instance has other features than the
            model, or the model has no vectoriser for a text.
        """
        if isinstance(text, CSR):
            check_features(text, "instance")
            return explain(self.classifier(label), text, self._name_of(feature_names))
        vectorizer = self.text_vectorizer
        record = record_of(text, [field.name for field in vectorizer.fields])
        instance = vectorizer.transform([record])
        if instance.nnz == 0:
            raise DataError("text", "the model knows no word of it")
        return explain(self.classifier(label), instance, vectorizer.names_in(record).__getitem__)

    def top_features(
        self, label: int | str, top_k: int = 20, feature_names: Sequence[str] | None = None
    ) -> list[FeatureWeight]:
        """The features that weigh most for a label, of either sign, the largest weight first.

        Parameters
        ----------
        label
            Its id, URI or name.
        top_k
            How many.
        feature_names
            A name for each feature; default the vectoriser's, or else the features' ids.

        Raises
        ------
        ModelError
            If there is no such label, or it has no classifier.
        ConfigError
            If `top_k` is no whole number, 0 or above.
        """
        return top_features(self.classifier(label), top_k, self._name_of(feature_names))

    def _name_of(self, feature_names: Sequence[str] | None) -> NameOf:
        if feature_names is None and self.vectorizer is not None:
            feature_names = self.text_vectorizer.feature_names
        return str if feature_names is None else feature_names.__getitem__

    def _mapped_once(self, entry: ShardEntry) -> MappedWeights:
        """The weights of one shard, which is checked when they are first wanted."""
        if entry.file not in self._mapped:
            self.check([entry])
            self._mapped[entry.file] = self.mapped_weights(entry)
        return self._mapped[entry.file]

    @cached_property
    def _mapped(self) -> dict[str, MappedWeights]:
        return {}


@patient
def write_run(folder: Path, run: Run, beside: Beside) -> None:
    """Begin a model's folder: its run, and what prediction needs besides the shards.

    What is there stays as it is: somebody else may have begun the same at the same time. run.json comes
    first: whatever a kill leaves behind is known for a training of ours.
    """
    with clear_os_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    write_first(folder / RUN, text_of(run).encode())
    with clear_os_errors(folder):
        make_own_folder(folder / "shards")
    beside.write(folder)


def finish_run(folder: Path, run: Run, entries: list[ShardEntry]) -> Model:
    """Make the model whole: write the manifest, then drop what is needed no more."""
    write_record(folder / MANIFEST, Manifest(run=run, shards=tuple(entries)))
    return open_finished(folder)


@patient
def open_finished(folder: Path) -> Model:
    """Open a whole model, without what the training has left beside it."""
    shutil.rmtree(folder / CLAIMS, ignore_errors=True)  # another worker may be giving back its own just now
    with clear_os_errors(folder):
        sweep(folder)
        (folder / RUN).unlink(missing_ok=True)
    return Model.open(folder)


def read_transforms(folder: Path, run: Run) -> Transforms:
    """The transforms stored beside a run.

    Raises
    ------
    ModelError
        If the idf values are missing or damaged.
    """
    if not run.tfidf:
        return Transforms(None, run.l2_normalize)
    path = file_in(folder, IDF)
    idf = read_tensors(path, 8 * run.n_features + _MAX_HEADER).only({"idf": np.float64})["idf"]
    if idf.shape != (run.n_features,) or not np.isfinite(idf).all():
        raise DamagedError(path, f"idf: expected {run.n_features} finite numbers")
    return Transforms(idf, run.l2_normalize)
