"""Why a label gets its score: what each feature of an instance adds to it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np

from pwdismec.bounds import whole_number
from pwdismec.data.csr import CSR
from pwdismec.errors import ModelError

NameOf: TypeAlias = Callable[[int], str]
"""The readable name of a feature."""


class Classifier(NamedTuple):
    """What scores one label: an instance x gets ``weights · x + bias``.

    Attributes
    ----------
    label
        The label's id.
    name
        The label's name; None if the model has none.
    weights
        float32, one row; features of weight zero are not stored.
    bias
        Added to each score.
    uri
        What the source calls the label, if that is not its name.
    """

    label: int
    name: str | None
    weights: CSR
    bias: float
    uri: str | None = None


class FeatureWeight(NamedTuple):
    """A feature, its readable name, and its weight for a label."""

    feature: int
    name: str
    weight: float


class Contribution(NamedTuple):
    """What one feature of an instance adds to a label's score.

    Attributes
    ----------
    feature, name
        The feature's id and readable name.
    value
        The instance's value of it.
    weight
        The label's weight of it.
    amount
        value × weight.
    """

    feature: int
    name: str
    value: float
    weight: float
    amount: float


@dataclass(frozen=True)
class Explanation:
    """A label's score for an instance, taken apart.

    Attributes
    ----------
    label, label_name
        The label's id, and its name if the model has names.
    bias
        What the label's score begins with, whatever the instance.
    contributions
        What the features add to it or take from it, the largest amount, of either sign, first. Features
        that the instance does not have, or that weigh nothing for the label, are left out.
    label_uri
        What the source calls the label, if that is not its name.
    """

    label: int
    label_name: str | None
    bias: float
    contributions: tuple[Contribution, ...]
    label_uri: str | None = None

    @property
    def score(self) -> float:
        """The bias and all amounts added up, in float64; but for rounding a `Predictor`'s float32 score."""
        return math.fsum([self.bias, *(contribution.amount for contribution in self.contributions)])


def explain(classifier: Classifier, instance: CSR, name_of: NameOf) -> Explanation:
    """Take a label's score for an instance apart; products of float32 are exact in float64.

    Parameters
    ----------
    classifier
        Of the label.
    instance
        float32, one row, transformed as the training set was.
    name_of
        Gives the name of each feature that the instance has.

    Raises
    ------
    ModelError
        If the instance is not one row of as many features as the classifier has.
    """
    x, w = instance.stored(), classifier.weights.stored()
    if (x.n_rows, x.n_columns) != (1, w.n_columns):
        raise ModelError(
            f"the instance: {x.n_rows} rows, {x.n_columns} features; expected one row, {w.n_columns} features"
        )
    features, of_x, of_w = np.intersect1d(x.indices, w.indices, assume_unique=True, return_indices=True)
    values, weights = x.values[of_x].astype(np.float64), w.values[of_w].astype(np.float64)
    amounts = values * weights
    order = np.argsort(-np.abs(amounts), kind="stable")[: np.count_nonzero(amounts)]
    columns = [column[order].tolist() for column in (features, values, weights, amounts)]
    contributions = tuple(Contribution(f, name_of(f), *parts) for f, *parts in zip(*columns, strict=True))
    return Explanation(classifier.label, classifier.name, classifier.bias, contributions, classifier.uri)


def top_features(classifier: Classifier, top_k: int, name_of: NameOf) -> list[FeatureWeight]:
    """The `top_k` features of largest weight, of either sign, largest first; equal weights by feature id."""
    whole_number("top_k", top_k, 0)
    w = classifier.weights.stored()
    order = np.argsort(-np.abs(w.values), kind="stable")[:top_k]
    rows = zip(w.indices[order].tolist(), w.values[order].tolist(), strict=True)
    return [FeatureWeight(feature, name_of(feature), weight) for feature, weight in rows]
