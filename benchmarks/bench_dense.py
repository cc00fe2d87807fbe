"""Milliseconds a label on dense features against scikit-learn's LinearSVC, one-vs-rest, one thread.

    python benchmarks/bench_dense.py [--instances 20000] [--dimensions 128,512,1024] [--labels 64]

The features are synthetic embeddings: each label has a centre, label frequencies follow Zipf's law, an
instance is the sum of its labels' centres and of noise, and has norm 1. C and the tolerance are the same for
all, but what each solver means by it differs: the gaps tell, and the last row is LIBLINEAR's own default.
LinearSVC trains the first of the labels only (--reference), as it is slow. Rounds are interleaved, medians
reported.
"""

from __future__ import annotations

import os
import time
from functools import partial

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

import click
import numpy as np
import scipy.sparse as sp
from environment import environment
from sklearn.svm import LinearSVC

from pwdismec import CSR, Dataset, Dense
from pwdismec.solvers import BlockDualCD, Problem, concatenate, objective

LABELS = 1000
LABELS_AN_INSTANCE = 3
NOISE = 1.0  # its norm, where a centre's is 1


def embeddings(n: int, d: int, seed: int) -> Dataset:
    """Unit rows around the sums of their labels' centres."""
    rng = np.random.default_rng(seed)
    frequencies = 1 / np.arange(1, LABELS + 1)
    drawn = rng.choice(LABELS, (n, LABELS_AN_INSTANCE), p=frequencies / frequencies.sum())
    centres = rng.standard_normal((LABELS, d), np.float32) / np.float32(np.sqrt(d))
    X = centres[drawn].sum(axis=1) + rng.standard_normal((n, d), np.float32) * np.float32(NOISE / np.sqrt(d))
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    rows = np.repeat(np.arange(n), LABELS_AN_INSTANCE)
    Y = sp.csr_matrix((np.ones(drawn.size), (rows, drawn.ravel())), shape=(n, LABELS))
    return Dataset.from_arrays(Dense(X), CSR.from_scipy(Y, binary=True))


def ours(problem: Problem, labels: np.ndarray, tolerance: float) -> tuple[float, np.ndarray, np.ndarray]:
    """Milliseconds a label, preparation included, and each label's primal and gap."""
    solver = BlockDualCD(tolerance)
    began = time.perf_counter()
    prepared = solver.prepare(problem)
    blocks = [labels[i : i + solver.block_size] for i in range(0, len(labels), solver.block_size)]
    solution = concatenate([prepared.solve(block, 0.01) for block in blocks])
    milliseconds = (time.perf_counter() - began) * 1e3 / len(labels)
    return milliseconds, solution.certificate.primal, solution.certificate.gap


def theirs(
    problem: Problem, X: np.ndarray, labels: np.ndarray, tolerance: float, dual: bool | str
) -> tuple[float, np.ndarray, np.ndarray]:
    """The same of LinearSVC; `X` is the features in float64 with the constant feature last."""
    seconds, primals, duals = 0.0, [], []
    features = np.ascontiguousarray(X[:, :-1])
    for label in labels:
        y, c = objective.signs_and_costs(problem, int(label))
        began = time.perf_counter()
        svc = LinearSVC(C=problem.C, tol=tolerance, dual=dual, max_iter=10_000, random_state=0)
        svc.fit(features, y)
        seconds += time.perf_counter() - began
        w = np.append(svc.coef_[0], svc.intercept_)
        primals.append(objective.primal(X, y, c, w))
        duals.append(objective.dual(X, y, c, objective.dual_point(X, y, c, w)))
    primal = np.array(primals)
    return seconds * 1e3 / len(labels), primal, (primal - np.array(duals)) / primal


@click.command(help=__doc__)
@click.option("--instances", default=20_000)
@click.option("--dimensions", default="128,512,1024")
@click.option("--labels", default=64, help="Random labels for the block solver.")
@click.option("--reference", default=4, help="Of these, how many LinearSVC trains.")
@click.option("--tolerance", default=1e-3)
@click.option("--rounds", default=3)
@click.option("--seed", default=0)
def main(
    instances: int, dimensions: str, labels: int, reference: int, tolerance: float, rounds: int, seed: int
) -> None:
    print(f"{environment()}\n")
    print(f"{instances} instances, {labels} labels, tolerance {tolerance:g}, medians of {rounds} rounds\n")
    print("| dimensions | solver | ms a label | times ours | mean gap | worst gap | mean primal |")
    print("|---|---|---|---|---|---|---|")
    for d in map(int, dimensions.split(",")):
        data = embeddings(instances, d, seed)
        problem = Problem(data.features, data.label_instances, np.ones(data.n_labels))
        X = np.append(data.features.values.astype(np.float64), np.ones((instances, 1)), axis=1)
        drawn = np.random.default_rng(seed).choice(np.flatnonzero(data.label_counts), labels, replace=False)
        few = drawn[:reference]
        contenders = {
            f"block-dcd, gap ≤ {tolerance:g}": partial(ours, problem, drawn, tolerance),
            f"LinearSVC, dual, tol {tolerance:g}": partial(theirs, problem, X, few, tolerance, True),
            f"LinearSVC, auto, tol {tolerance:g}": partial(theirs, problem, X, few, tolerance, "auto"),
            "LinearSVC, dual, tol 0.1": partial(theirs, problem, X, few, 0.1, True),
        }
        results = [[contender() for contender in contenders.values()] for _ in range(rounds)]
        medians = np.median([[milliseconds for milliseconds, *_ in round_] for round_ in results], axis=0)
        for name, median, (_, primal, gap) in zip(contenders, medians, results[-1], strict=True):
            print(
                f"| {d} | {name} | {median:.1f} | {median / medians[0]:.1f} "
                f"| {gap.mean():.1e} | {gap.max():.1e} | {primal[:reference].mean():.5f} |"
            )


if __name__ == "__main__":
    main()
