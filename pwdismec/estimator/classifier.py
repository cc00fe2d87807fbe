"""`PWDiSMECClassifier`: one-vs-rest classifiers as `train` makes them, behind scikit-learn's interface."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from pwdismec.bounds import MAX_SEED, thread_count, whole_number
from pwdismec.data.csr import CSR
from pwdismec.data.dataset import Dataset
from pwdismec.data.topk import TopK
from pwdismec.estimator.targets import (
    Targets,
    given_as,
    hits_of,
    label_lists,
    targets_of_array,
    targets_of_lists,
)
from pwdismec.estimator.weights import Weights, all_rows, features_of, scores_of, sound
from pwdismec.prediction import Predictor
from pwdismec.solvers import Solution
from pwdismec.training import TrainingConfig, train_in_memory
from pwdismec.weighting import Weighting

# Where a classifier says no as surely as training asks for: what a label without positives scores.
_NO = -1.0


class PWDiSMECClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """PW-DiSMEC for scikit-learn: a certified linear classifier for each label, trained one-vs-rest.

    Weights, their certificates and their order are those of `pwdismec.train` on the same float32 features,
    bit for bit. Features are taken as they come: normalise them before, as TfidfVectorizer does.

    Parameters
    ----------
    weighting
        How much positives outweigh negatives: ``pw`` (default), ``pw-cb``, ``cb``, ``vanilla``, or
        ``file:PATH`` (docs/weighting.md).
    a, b
        A and B of the propensity model, for ``pw`` and ``pw-cb``.
    beta
        β of the class balance, for ``cb`` and ``pw-cb``.
    C
        Cost of an instance of weight 1 against ½‖w‖².
    bias
        Value of the constant feature; 0 for none.
    prune
        Weights below it in absolute value are cut.
    solver
        ``block-dcd``, or ``liblinear`` (the reference, far slower).
    tolerance
        On each label's relative duality gap; for ``liblinear``, its ``-e``.
    max_epochs
        The most visits to instances that a label may take, in passes over the data.
    classes
        For y in lists of labels: which to learn, such as those of the whole data set where y is of a part.
        They are `classes_`, ascending. Others in y are left out, as if no instance had them. None for all
        that y has.
    at_least_one
        `predict` gives an instance whose labels all score 0 or below the best one of them, instead of none.
    random_state
        Of the order in which instances are visited: an integer, a RandomState, or None for any.
    n_jobs
        Threads, for `fit` and `predict_topk`; None for one, −1 for every core. No result depends on it.

    Attributes
    ----------
    classes_
        Shape (n_classes,): the labels, ascending; of an indicator matrix the numbers of its columns.
    coef_
        Sparse, float32, shape (n_classes, n_features), or (1, n_features) where an instance has one of two
        classes.
    intercept_
        float32, shape (n_classes,) or (1,): added to each score; −1 for a label without positives.
    label_counts_
        int64, shape (n_classes,): training instances of each label.
    dual_gap_
        float64, like `intercept_`: how near the optimum each classifier is proved to be, before pruning, as
        (P − D)/P; NaN for a label without positives.
    n_features_in_, feature_names_in_
        As everywhere in scikit-learn.

    Notes
    -----
    y may be given as

    - one class an instance: an array of shape (n_samples,);
    - an indicator matrix, dense or sparse, shape (n_samples, n_classes);
    - lists of labels: each entry a list, tuple or set of an instance's labels, none of them too. A list of
      lists that is a rectangle of zeros and ones, two wide or more, is an indicator matrix.

    A label without positives in the training set, such as one that a fold of a cross-validation lacks, is
    never predicted, and no error.

    References
    ----------
    Qaraei, Schultheis, Gupta and Babbar, "Convex Surrogates for Unbiased Loss Functions in Extreme
    Classification With Missing Labels", WWW 2021.
    """

    def __init__(
        self,
        weighting: str = "pw",
        *,
        a: float = 0.55,
        b: float = 1.5,
        beta: float = 0.9,
        C: float = 1.0,
        bias: float = 1.0,
        prune: float = 0.03,
        solver: str = "block-dcd",
        tolerance: float = 1e-3,
        max_epochs: int = 1000,
        classes: Sequence[Any] | None = None,
        at_least_one: bool = False,
        random_state: Any = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.weighting = weighting
        self.a = a
        self.b = b
        self.beta = beta
        self.C = C
        self.bias = bias
        self.prune = prune
        self.solver = solver
        self.tolerance = tolerance
        self.max_epochs = max_epochs
        self.classes = classes
        self.at_least_one = at_least_one
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any) -> PWDiSMECClassifier:
        """Train a classifier for each label.

        Parameters
        ----------
        X
            Features, shape (n_samples, n_features), sparse or dense; taken as float32.
        y
            Labels, in one of the forms that the class's notes list.

        Returns
        -------
        PWDiSMECClassifier
            Itself.

        Raises
        ------
        ValueError
            If X or y is not what is expected, or there is nothing to learn.
        ConfigError
            If a setting is out of range.
        """
        config, threads = self._config(), self._threads()
        X, targets = self._checked_pair(X, y)
        dataset = Dataset.from_arrays(features_of(X), targets.labels)
        trained, solution = train_in_memory(dataset, config, jobs=threads)
        self._keep(targets, trained, solution)
        beyond = int((solution.certificate.gap > self.tolerance).sum()) if config.gap_tolerance else 0
        if beyond:
            warnings.warn(
                f"{beyond} of {len(trained)} classifiers did not reach the tolerance {self.tolerance:g} "
                f"within {self.max_epochs} epochs; dual_gap_ tells which",
                ConvergenceWarning,
                stacklevel=2,
            )
        return self

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """The score of every label, ``X @ coef_.T + intercept_`` in float64.

        For many labels that is a large array; `predict_topk` makes none.

        Returns
        -------
        NDArray
            Shape (n_samples, n_classes); (n_samples,) where an instance has one of two classes.
        """
        X = self._checked(X, np.float64)
        scores = np.concatenate(list(self._scores(X)))
        return scores[:, 0] if self._is_binary else scores

    def predict(self, X: Any) -> Any:
        """The class of each instance, or its labels: those with a score above 0.

        Rare labels seldom score above 0: see `at_least_one`, and `predict_topk`, which ranks them.

        Returns
        -------
        In the form in which `fit` got y: classes, shape (n_samples,), those of the highest score; an
        indicator matrix, dense or sparse, of int64; or a list of each instance's labels, ascending.
        """
        X = self._checked(X, np.float64)
        if self._form == "one":
            return self.classes_[np.concatenate([self._best(scores) for scores in self._scores(X)])]
        chosen = sp.vstack([sp.csr_matrix(self._chosen(scores)) for scores in self._scores(X)], "csr")
        return given_as(self._form, chosen, self.classes_)

    def predict_topk(self, X: Any, k: int = 5) -> TopK:
        """The best k labels of each instance, as `Predictor` finds and ranks them.

        Parameters
        ----------
        X
            As `fit` takes it.
        k
            Places an instance. Where there are fewer labels with positives, the places left hold −1 and −inf.

        Returns
        -------
        TopK
            Places of the labels in `classes_` (int32), and their scores (float32); both (n_samples, k).

        Raises
        ------
        ConfigError
            If k is no whole number from 1 on, or `n_jobs` no number of threads.
        """
        X = self._checked(X, np.float32)
        return Predictor(self._weights()).predict(features_of(X), whole_number("k", k), self._threads())

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The share of instances whose best label is true: P@1, of one class an instance the accuracy.

        Parameters
        ----------
        X
            Features.
        y
            True labels, in the form that `fit` got. Labels that it did not know are never hit.
        sample_weight
            How much each instance counts; shape (n_samples,).

        Raises
        ------
        ValueError
            If X or y is not what is expected.
        """
        check_is_fitted(self)
        if self._form == "one":
            return float(super().score(X, y, sample_weight))
        check_consistent_length(X, y, sample_weight)
        hits = hits_of(self.predict_topk(X, 1).labels[:, 0], y, self.classes_)
        return float(np.average(hits, weights=sample_weight))

    def _chosen(self, scores: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which labels some instances have."""
        chosen = scores > 0
        if self.at_least_one:
            without = np.flatnonzero(~chosen.any(axis=1))
            known = np.where(self.label_counts_ > 0, scores[without], -np.inf)
            chosen[without, known.argmax(axis=1)] = True
        return chosen

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.classifier_tags.multi_label = True
        return tags

    def _config(self) -> TrainingConfig:
        seed = self.random_state
        if seed is None or seed is np.random or isinstance(seed, np.random.RandomState):
            seed = check_random_state(seed).randint(2**31 - 1)
        return TrainingConfig(
            Weighting(self.weighting, self.a, self.b, self.beta),
            C=self.C,
            bias=self.bias,
            solver=self.solver,
            tolerance=self.tolerance,
            max_epochs=self.max_epochs,
            prune=self.prune,
            seed=whole_number("random_state", seed, 0, MAX_SEED),
        )

    def _threads(self) -> int:
        return thread_count(1 if self.n_jobs is None else self.n_jobs, "n_jobs")

    def _checked_pair(self, X: Any, y: Any) -> tuple[Any, Targets]:
        form: dict[str, Any] = {"accept_sparse": "csr", "dtype": np.float32, "order": "C"}
        lists = label_lists(y)
        X, y = sound(X, "X"), sound(y, "y")
        if lists is None:
            if self.classes is not None:
                raise ValueError("classes: for lists of labels; y is of another form; expected None")
            X, y = validate_data(self, X, y, multi_output=True, **form)
            return X, targets_of_array(y)
        X = validate_data(self, X, **form)
        check_consistent_length(X, lists)
        return X, targets_of_lists(lists, self.classes)

    def _checked(self, X: Any, dtype: type[np.floating[Any]]) -> Any:
        check_is_fitted(self)
        X = sound(X, "X")
        return validate_data(self, X, reset=False, accept_sparse="csr", dtype=dtype, order="C")

    def _keep(self, targets: Targets, trained: NDArray[np.int32], solution: Solution) -> None:
        """Set the attributes that training gives."""
        n_labels = targets.labels.n_columns
        self.coef_ = all_rows(trained, solution, n_labels)
        self.intercept_ = np.full(n_labels, _NO, np.float32)
        self.intercept_[trained] = solution.bias
        self.dual_gap_ = np.full(n_labels, np.nan)
        self.dual_gap_[trained] = solution.certificate.gap
        self.classes_, self.label_counts_, self._form = targets.classes, targets.counts, targets.form

    @property
    def _is_binary(self) -> bool:
        """Whether one classifier tells two classes apart."""
        return self._form == "one" and len(self.classes_) == 2

    def _scores(self, X: Any) -> Iterator[NDArray[np.float64]]:
        return scores_of(X, self.coef_, self.intercept_)

    def _best(self, scores: NDArray[np.float64]) -> NDArray[np.integer]:
        """The place of each instance's class."""
        return (scores[:, 0] > 0).astype(np.intp) if self._is_binary else scores.argmax(axis=1)

    def _weights(self) -> Weights:
        """The classifiers of all labels that have one."""
        weights = CSR.from_scipy(self.coef_)
        if self._is_binary:
            return Weights.of_two_classes(weights, self.intercept_)
        trained = np.flatnonzero(self.label_counts_)
        return Weights(trained.astype(np.int32), weights.take(trained), self.intercept_[trained])
