"""A small problem trained, certified and predicted for, and all of it checked in float64 with NumPy."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from pwdismec.data import Dataset, TopK, Transforms
from pwdismec.data.synthetic import synthetic
from pwdismec.errors import PwdismecError
from pwdismec.model import Model
from pwdismec.prediction import Predictor
from pwdismec.solvers import Problem
from pwdismec.solvers.objective import Vector, design_matrix, gradient, primal, signs_and_costs
from pwdismec.training import TrainingConfig, train
from pwdismec.weighting import positive_weights

_INSTANCES, _FEATURES, _LABELS, _K = 300, 100, 40, 5

# No pruning, as certificates are of the weights before it.
_CONFIG = TrainingConfig(prune=0.0)

# Two ways of computing one number, of which one rounds to float32 on its way.
_ROUNDING = 1e-4

# P lies within half its slope squared of the optimum, as it bends by 1 at the least.
_STEPS, _FLAT = 50, 1e-12


@dataclass(frozen=True)
class Check:
    """Something measured and how large it may be."""

    name: str
    found: float
    limit: float

    @property
    def passed(self) -> bool:
        return self.found <= self.limit  # not if it is NaN


@dataclass(frozen=True)
class SelfTest:
    """What came of it.

    Attributes
    ----------
    checks
        What was measured; empty if it came to an error.
    seconds
        How long it took.
    error
        What went wrong, in one line; None if nothing did.
    """

    checks: tuple[Check, ...]
    seconds: float
    error: str | None = None

    @property
    def passed(self) -> bool:
        return self.error is None and all(check.passed for check in self.checks)


def self_test() -> SelfTest:
    """Train, predict and check; errors of the machine or the installation are found, not raised."""
    begin = time.perf_counter()
    checks: tuple[Check, ...] = ()
    error = None
    try:
        with TemporaryDirectory(prefix="pwdismec-doctor-") as folder:
            checks = _checks(Path(folder))
    except (PwdismecError, OSError, MemoryError) as caught:
        error = f"{type(caught).__name__}: {caught}"
    return SelfTest(checks, time.perf_counter() - begin, error)


def _checks(folder: Path) -> tuple[Check, ...]:
    raw = synthetic(_INSTANCES, _FEATURES, _LABELS).observed
    dataset = raw.transformed(Transforms.fit(raw.features))
    model = train(dataset, folder / "model", _CONFIG)
    top = Predictor(model).predict_dataset(dataset, _K)
    return (*_of_training(dataset, model), *_of_prediction(dataset, model, top))


def _of_training(dataset: Dataset, model: Model) -> list[Check]:
    """That the certificates are true: P is that of the weights, and NumPy's optimum lies between D and P."""
    weights = positive_weights(_CONFIG.weighting, dataset.label_counts, dataset.n_instances)
    problem = Problem(dataset.features, dataset.label_instances, weights, _CONFIG.C, _CONFIG.bias)
    X = design_matrix(problem).toarray()
    wrong, far, high = [], [], []
    for shard in model.shards():
        W = np.column_stack([shard.weights.to_scipy().toarray(), shard.bias / _CONFIG.bias])
        certificate = shard.certificate
        for label, w, P, D in zip(shard.label_ids, W, certificate.primal, certificate.dual, strict=True):
            y, c = signs_and_costs(problem, int(label))
            optimum = primal(X, y, c, _minimiser(X, y, c))
            wrong.append(abs(P - primal(X, y, c, w.astype(np.float64))) / P)
            far.append((P - optimum) / P)
            high.append((D - optimum) / P)
    return [
        Check("objective, against NumPy", max(wrong), _ROUNDING),
        Check("above the optimum", max(far), _CONFIG.tolerance),
        Check("lower bound above it", max(high), _ROUNDING),
    ]


def _minimiser(X: Vector, y: Vector, c: Vector) -> Vector:
    """The w that minimises P, by Newton's method with halved steps."""
    w = np.zeros(X.shape[1])
    for _ in range(_STEPS):
        slope = gradient(X, y, c, w)
        if slope @ slope <= _FLAT:
            break
        active = y * (X @ w) < 1
        curvature = np.eye(len(w)) + 2.0 * (X[active].T * c[active]) @ X[active]
        step, start = np.linalg.solve(curvature, slope), primal(X, y, c, w)
        while primal(X, y, c, w - step) > start:
            step /= 2.0
        w = w - step
    return w


def _of_prediction(dataset: Dataset, model: Model, top: TopK) -> list[Check]:
    """That the best labels are those of the highest scores."""
    ids, weights, bias = model.weights()
    X, W = (matrix.to_scipy().astype(np.float64) for matrix in (dataset.features, weights))
    scores = np.full((dataset.n_instances, dataset.n_labels), -np.inf)
    scores[:, ids] = (X @ W.T).toarray() + bias
    own = np.take_along_axis(scores, top.labels.astype(np.int64), axis=1)
    best = -np.sort(-scores, axis=1)[:, :_K]
    return [
        Check("scores, against NumPy", float(np.abs(top.scores - own).max()), _ROUNDING),
        Check("best labels, against NumPy", float(np.abs(own - best).max()), _ROUNDING),
    ]
