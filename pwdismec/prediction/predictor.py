"""Exact top-k prediction with a trained model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

import joblib

from pwdismec.data.dataset import Dataset
from pwdismec.data.dense import Dense, Features
from pwdismec.data.topk import TopK
from pwdismec.data.transforms import Transforms
from pwdismec.errors import ConfigError, ModelError
from pwdismec.prediction.blocks import LabelWeights, label_blocks
from pwdismec.prediction.search import check_scores, search


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
    sum a feature, features ascending, the same bits on every machine. Equal scores rank the lower label id
    first. Labels that no shard holds (they had no training positive) are never returned.

    Building one turns the model's weights into inverted lists, 6 bytes a weight, held in memory.

    Parameters
    ----------
    model
        A trained model; its weights are finite.

    Attributes
    ----------
    transforms
        What the model wants done to raw feature values.
    """

    def __init__(self, model: ScoringModel) -> None:
        self.transforms = model.transforms
        self._n_features = model.n_features
        self._blocks = list(label_blocks(model.shards(), model.n_features))

    def predict(self, features: Features, top_k: int = 5, jobs: int = 1) -> TopK:
        """The best `top_k` labels of each instance.

        Parameters
        ----------
        features
            float32, instances × the model's features, sparse or dense, transformed as the training set was.
        top_k
            Places an instance. Where the model has fewer trained labels, the places left hold −1 and −inf.
        jobs
            Threads; −1 for every core. The result does not depend on it.

        Raises
        ------
        ConfigError
            If `top_k` or `jobs` is out of range.
        ModelError
            If the instances have another number of features than the model.
        PwdismecError
            If a score overflows float32.
        """
        return next(self.predict_blocks([features], top_k, jobs))

    def predict_blocks(self, blocks: Iterable[Features], top_k: int = 5, jobs: int = 1) -> Iterator[TopK]:
        """The best `top_k` labels of consecutive blocks of instances, block by block.

        Parameters and errors are those of `predict`; instances are counted on from block to block.
        """
        if top_k < 1:
            raise ConfigError(f"top_k: {top_k}, expected 1 or more")
        if jobs == 0:
            raise ConfigError("jobs: 0, expected a number of threads, or -1 for every core")
        first = 0
        for features in blocks:
            yield self._predict(features, top_k, jobs, first)
            first += features.n_rows

    def _predict(self, features: Features, top_k: int, jobs: int, first: int) -> TopK:
        self._check(features)
        top = search(self._blocks, features, top_k, joblib.effective_n_jobs(jobs))
        check_scores(top, first)
        return top

    def predict_dataset(self, dataset: Dataset, top_k: int = 5, jobs: int = 1) -> TopK:
        """The best `top_k` labels of a data set's instances, raw or transformed as the training set was.

        Raises
        ------
        ModelError
            If the data set was transformed in another way.
        ConfigError, ModelError
            As `predict` does.
        """
        features = self.transforms.bring(dataset.features, dataset.transforms)
        return self.predict(features, top_k, jobs)

    def _check(self, features: Features) -> None:
        if features.n_columns != self._n_features:
            raise ModelError(f"the input has {features.n_columns} features, the model {self._n_features}")
        if isinstance(features, Dense):
            return
        if features.data is None:
            raise ValueError("features have no values, expected float32")
        used = features.stored().indices
        if len(used) and not (used.min() >= 0 and used.max() < self._n_features):
            raise ValueError(f"a column id is outside 0 … {self._n_features - 1}")
