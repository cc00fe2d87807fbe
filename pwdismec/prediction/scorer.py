"""What every kind of model answers, and who answers for a model on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pwdismec.data.dense import Features
from pwdismec.data.topk import TopK
from pwdismec.model import Model
from pwdismec.prediction.predictor import Predictor


class Scorer(Protocol):
    """The best labels of instances, and scores of given labels; safe to use from several threads.

    Instances are transformed as the model's training set was.
    """

    def predict_blocks(
        self, blocks: Iterable[Features], top_k: int | None = 5, jobs: int = 1, first: int = 0
    ) -> Iterator[TopK]:
        """The best `top_k` labels of consecutive blocks of instances; see `Predictor.predict_blocks`."""

    def predict_one(self, indices: ArrayLike, values: ArrayLike, top_k: int = 5) -> TopK:
        """The best `top_k` labels of one instance; see `Predictor.predict_one`."""

    def label_scores(
        self, features: Features, label_ids: NDArray[np.integer], jobs: int = 1
    ) -> NDArray[np.float32]:
        """The scores of given labels; see `Predictor.label_scores`."""


_Make: TypeAlias = Callable[[Model, int | None, NDArray[np.float32] | None], Scorer]

# What answers for a model of each kind that a manifest may name.
_SCORERS: Final[Mapping[str, _Make]] = {"linear": Predictor}


def scorer_of(
    model: Model, memory: int | None = None, thresholds: NDArray[np.float32] | None = None
) -> Scorer:
    """What answers for a model; parameters and errors are those of `Predictor`."""
    return _SCORERS[model.manifest.run.model_kind](model, memory, thresholds)
