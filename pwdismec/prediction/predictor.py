"""Exact top-k prediction with a trained model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pwdismec.bounds import thread_count, whole_number
from pwdismec.data.csr import CSR
from pwdismec.data.dataset import Dataset
from pwdismec.data.dense import Features, feature_chunks
from pwdismec.data.topk import TopK, join_rows
from pwdismec.data.transforms import Transforms
from pwdismec.data.validation import check_features, check_form, finite_float32, whole_numbers
from pwdismec.errors import ArrayError, ConfigError, ModelError
from pwdismec.model import Model
from pwdismec.prediction.dense_features import DenseFeatures, LabelWeights
from pwdismec.prediction.index import open_index
from pwdismec.prediction.memory_limit import MemoryLimit
from pwdismec.prediction.scored_blocks import LabelBlock, Part, label_blocks
from pwdismec.prediction.search import check_scores, memory_of_search, no_top, search, search_on

# Of a data set, what is taken at a time; if memory is limited, each block is mapped anew for as many.
_ROWS = 8192
_VALUES = 1 << 20

# Where all labels above their thresholds are wanted: places looked at first, and how many more each time.
_PLACES = 32
_MORE = 4


class ScoringModel(Protocol):
    """What prediction needs of a model."""

    @property
    def n_features(self) -> int: ...
    @property
    def transforms(self) -> Transforms: ...
    def shards(self) -> Iterable[LabelWeights]: ...


class Predictor:
    """The best labels of new instances, exactly: every trained label is scored.

    The score of label j for instance x is b_j + Σ_f x_f·w_jf: float32, one rounded product and one rounded
    sum a feature, features ascending, those that many labels have (dense features) behind all others; the
    same bits on every machine. Equal scores rank the lower label id first. Labels that no shard holds (they
    had no training positive) are never returned.

    The weights are read by feature, mapped from the index beside the model (docs/prediction.md), which
    the first prediction with a model builds. Safe to use from many threads.

    Parameters
    ----------
    model
        A trained model; its weights are finite. Of another model than one on disk the blocks are built in
        memory, some 8 bytes a weight.
    memory
        Bytes that this process's resident memory is to stay below while it predicts: blocks of labels are
        let go of after use. The predictions do not depend on it. Default: no limit.
    thresholds
        float32, shape (n_labels,): what a label's score has to reach. Scores are then b_j − t_j +
        Σ_f x_f·w_jf, how far it is above that, and no label below is returned. Default: rankings.

    Attributes
    ----------
    transforms
        What the model wants done to raw feature values.

    Raises
    ------
    ModelError
        If a shard of the model is damaged.
    ConfigError
        If the index has yet to be built and that takes more than `memory`.
    DataError
        If `thresholds` are no finite numbers, or not one for each label.
    """

    def __init__(
        self,
        model: ScoringModel,
        memory: int | None = None,
        thresholds: NDArray[np.float32] | None = None,
    ) -> None:
        self.transforms = model.transforms
        self._model, self._n_features = model, model.n_features
        self._limit = None if memory is None else MemoryLimit(memory)
        if isinstance(model, Model):
            self._blocks = open_index(model, self._limit)
        else:
            self._blocks = list(label_blocks(model.shards(), model.n_features))
        self._gives_sets = thresholds is not None
        if thresholds is not None:
            last = max((int(block.label_ids.max(initial=-1)) for block in self._blocks), default=-1)
            _check_thresholds(thresholds, last)
            self._blocks = [block.lowered(thresholds) for block in self._blocks]

    def predict(self, features: Features, top_k: int | None = 5, jobs: int = 1) -> TopK:
        """The best `top_k` labels of each instance.

        Parameters
        ----------
        features
            float32, instances × the model's features, sparse or dense, transformed as the training set was.
        top_k
            Places an instance. Where the model has fewer trained labels, or fewer reach their thresholds, the
            places left hold −1 and −inf. None: as many as reach their thresholds.
        jobs
            Threads; −1 for every core. The result does not depend on it.

        Raises
        ------
        ConfigError
            If `top_k` or `jobs` is out of range, or memory too scarce.
        ModelError
            If the instances have another number of features than the model.
        DataError
            If they are not what `CSR`, with values, or `Dense` promises.
        PwdismecError
            If a score overflows float32.
        """
        return next(self.predict_blocks([features], top_k, jobs))

    def predict_blocks(
        self, blocks: Iterable[Features], top_k: int | None = 5, jobs: int = 1, first: int = 0
    ) -> Iterator[TopK]:
        """The best `top_k` labels of consecutive blocks of instances, block by block.

        Parameters and errors are those of `predict`; errors count the instances from `first` on.
        """
        self._check_top_k(top_k)
        threads = thread_count(jobs)
        for features in blocks:
            if top_k is None:
                yield self._predict_all(features, _PLACES, threads, first)
            else:
                yield self._predict(features, top_k, threads, first)
            first += features.n_rows

    def predict_one(self, indices: ArrayLike, values: ArrayLike, top_k: int = 5) -> TopK:
        """The best `top_k` labels of one instance, as `predict` gives them; threads may call it at will.

        Parameters
        ----------
        indices
            The instance's features, ascending.
        values
            float32, one for each of `indices`, transformed as the training set was.
        top_k
            Places.

        Returns
        -------
        TopK
            Labels and scores of shape (top_k,).

        Raises
        ------
        ArrayError
            If `indices` are not ascending whole numbers or out of range, there are not as many values, or one
            is no finite float32. It is a DataError, and a ValueError, too.
        ConfigError, PwdismecError
            As `predict` does.
        """
        self._check_top_k(top_k)
        instance = self._instance(whole_numbers(indices, "indices"), np.asarray(values))
        top = no_top(1, top_k)
        self._make_room(instance, 1)
        self._search(top, instance, 1)
        self._finish(top)
        return TopK(top.labels[0], top.scores[0])

    def label_scores(
        self, features: Features, label_ids: NDArray[np.integer], jobs: int = 1
    ) -> NDArray[np.float32]:
        """The scores of given labels, whatever their thresholds; to the bit those that `predict` gives.

        Parameters
        ----------
        features, jobs
            As `predict` takes them.
        label_ids
            Shape (n,), ascending; only shards that hold one are read.

        Returns
        -------
        NDArray
            float32, shape (n, n_instances); −inf where a label has no classifier.

        Raises
        ------
        ArrayError
            If `label_ids` are not ascending whole numbers.
        ConfigError, ModelError, DataError, PwdismecError
            As `predict` does.
        """
        wanted = whole_numbers(label_ids, "label_ids")
        if (wanted[1:] <= wanted[:-1]).any():
            raise ArrayError("label_ids", "expected ascending ids")
        threads = thread_count(jobs)
        self._check_form(features)
        check_features(features, "features")
        scores = np.full((len(wanted), features.n_rows), -np.inf, np.float32)
        dense = self._blocks[0].dense if self._blocks else DenseFeatures.of((), self._n_features)
        for part in self._parts_of(wanted):
            top = search([LabelBlock.build([part], dense)], features, len(part.label_ids), threads)
            check_scores(top)
            found = np.empty((len(part.label_ids), features.n_rows), np.float32)
            found[np.searchsorted(part.label_ids, top.labels), np.arange(features.n_rows)[:, None]] = (
                top.scores
            )
            scores[np.searchsorted(wanted, part.label_ids)] = found
        return scores

    def _instance(self, ids: NDArray[np.integer], values: NDArray[np.generic]) -> CSR:
        if ids.shape != values.shape or (values.dtype.kind not in "iuf" and len(ids)):
            found = f"indices of shape {ids.shape} and values of shape {values.shape}, {values.dtype}"
            raise ArrayError("instance", f"{found}; expected as many numbers as indices")
        if len(ids) and not (ids[0] >= 0 and ids[-1] < self._n_features and (ids[1:] > ids[:-1]).all()):
            raise ArrayError("indices", f"expected ascending ids from 0 to {self._n_features - 1}")
        x = finite_float32(values, "values")
        return CSR(np.array([0, len(ids)]), np.ascontiguousarray(ids, np.int32), x, self._n_features)

    def _predict(self, features: Features, top_k: int, jobs: int, first: int) -> TopK:
        self._check_form(features)
        top = no_top(features.n_rows, top_k)
        done = 0
        for part in [features] if self._limit is None else feature_chunks(features, _ROWS, _VALUES):
            rows = slice(done, done + part.n_rows)
            self._make_room(part, jobs)
            check_features(part, "features")
            self._search(TopK(top.labels[rows], top.scores[rows]), part, jobs)
            done = rows.stop
        self._finish(top, first)
        return top

    def _predict_all(self, features: Features, places: int, jobs: int, first: int) -> TopK:
        """Every label that reaches its threshold; instances with no place left have another turn."""
        top = self._predict(features, places, jobs, first)
        full = np.flatnonzero(top.labels[:, -1] >= 0)
        if not len(full):
            return top
        more = self._predict_all(features.take(full), _MORE * places, jobs, first)
        wide = no_top(features.n_rows, more.labels.shape[1])
        for array, narrow, wider in zip(wide, top, more, strict=True):
            array[:, :places] = narrow
            array[full] = wider
        return wide

    def _finish(self, top: TopK, first: int = 0) -> None:
        """Refuse what overflowed, and leave the places of labels below their thresholds."""
        check_scores(top, first)
        if self._gives_sets:
            below = top.scores < 0
            top.labels[below], top.scores[below] = -1, -np.inf

    def _make_room(self, features: Features, jobs: int) -> None:
        """See that a block of labels can be searched within the limit."""
        if self._limit is not None:
            largest = max((block.nbytes for block in self._blocks), default=0)
            mapped = features.nbytes if features.is_mapped else 0
            needed = largest + mapped + memory_of_search(self._blocks, features, jobs)
            self._limit.check(needed, "a block of labels, with the instances,")

    def _search(self, top: TopK, features: Features, jobs: int) -> None:
        """Let every label compete; where memory is limited one block after another, each let go of."""
        if self._limit is None:
            return search_on(top, self._blocks, features, jobs)
        for block in self._blocks:
            search_on(top, [block], features, jobs)
            block.release()
        features.release()

    def predict_dataset(self, dataset: Dataset, top_k: int | None = 5, jobs: int = 1) -> TopK:
        """The best `top_k` labels of a data set's instances, raw or transformed as the training set was.

        Raises
        ------
        ModelError
            If the data set was transformed in another way.
        ConfigError, ModelError
            As `predict` does.
        """
        if not isinstance(dataset, Dataset):
            raise ArrayError("dataset", f"of type {type(dataset).__name__}; expected a Dataset")
        parts = list(self.predict_blocks(self._brought(dataset), top_k, jobs))
        return join_rows(parts or [no_top(0, top_k or 0)])

    def _brought(self, dataset: Dataset) -> Iterator[Features]:
        for features in feature_chunks(dataset.features, _ROWS, _VALUES):
            yield self.transforms.bring(features, dataset.transforms)
            if self._limit is not None:
                features.release()

    def _parts_of(self, wanted: NDArray[np.integer]) -> Iterator[Part]:
        """The classifiers of given labels, shard by shard."""
        for shard in self._shards_of(wanted):
            places = np.flatnonzero(np.isin(shard.label_ids, wanted, assume_unique=True))
            if len(places):
                yield Part(shard.label_ids[places], shard.weights.take(places), shard.bias[places])

    def _shards_of(self, wanted: NDArray[np.integer]) -> Iterator[LabelWeights]:
        if not isinstance(self._model, Model):
            yield from self._model.shards()
            return
        for entry in self._model.manifest.shards:
            first, stop = np.searchsorted(wanted, (entry.first, entry.stop))
            if first < stop:
                yield self._model.shard(entry)

    def _check_form(self, features: Features) -> None:
        check_form(features, "features")
        if features.n_columns != self._n_features:
            raise ModelError(f"the input has {features.n_columns} features, the model {self._n_features}")

    def _check_top_k(self, top_k: int | None) -> None:
        if top_k is None and not self._gives_sets:
            raise ConfigError("top_k: None; expected 1 or more where there are no thresholds")
        if top_k is not None:
            whole_number("top_k", top_k)


def _check_thresholds(thresholds: NDArray[np.float32], last_label: int) -> None:
    if not isinstance(thresholds, np.ndarray):
        raise ArrayError("thresholds", f"of type {type(thresholds).__name__}; expected a NumPy array")
    if thresholds.ndim != 1 or thresholds.dtype.kind != "f" or len(thresholds) <= last_label:
        found = f"{thresholds.dtype} of shape {thresholds.shape}"
        raise ArrayError("thresholds", f"{found}; expected a number for each label, up to label {last_label}")
    if not np.isfinite(thresholds).all():
        raise ArrayError("thresholds", "expected finite numbers")
