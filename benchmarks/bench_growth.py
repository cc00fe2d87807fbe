"""How the time of a label grows: with instances, with values a row, with positives; and two threads on one.

    python benchmarks/bench_growth.py [--instances 50000] [--labels 64] [--rounds 3]

On synthetic data (shapes.py's way of making it: 100,000 features, 20,000 labels, 3 a row). The first table
multiplies the instances by 1, 2, 4, 8 (a label's positives grow with them), the second the values a row by
1/4, 1/2, 1, 2, the third takes labels of 1 to 100,000 positives among eight times the instances: such a label
is the union of random labels, cut where it has enough, and so harder than a real one: nothing separates it.
Of these, 32 are solved side by side, or 2 where they have 10,000 positives or more. The fourth is two threads
against one. Rounds are interleaved within a table and medians reported.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import click
import numpy as np
from environment import environment
from numpy.typing import NDArray
from rounds import medians
from shapes import Shape, make
from solving import draw_labels, solve

from pwdismec.data.csr import CSR
from pwdismec.data.transpose import transpose
from pwdismec.solvers import BlockDualCD, Problem
from pwdismec.weighting import positive_weights

SOLVER = BlockDualCD()
FEATURES, LABELS, LABELS_A_ROW, VALUES_A_ROW = 100_000, 20_000, 3.0, 100.0
POSITIVES = (1, 10, 100, 1_000, 10_000, 100_000)


def problem_of(n_instances: int, values_a_row: float, scale: float = 1.0) -> Problem:
    shape = Shape("growth", n_instances, FEATURES, LABELS, LABELS_A_ROW, values_a_row)
    features, labels, _ = make(shape, scale)
    return weighted(features, transpose(labels))


def weighted(features: CSR, positives: CSR) -> Problem:
    return Problem(features, positives, positive_weights("pw", positives.row_lengths, features.n_rows))


def unions(positives: CSR, n_positives: int, n_labels: int, rng: np.random.Generator) -> CSR:
    """Labels of exactly so many positives, each from labels in random order."""
    made = [_union(positives, n_positives, rng) for _ in range(n_labels)]
    indptr = n_positives * np.arange(n_labels + 1, dtype=np.int64)
    return CSR(indptr, np.concatenate(made).astype(np.int32), None, positives.n_columns)


def _union(positives: CSR, n_positives: int, rng: np.random.Generator) -> NDArray[np.int32]:
    order = rng.permutation(np.flatnonzero(positives.row_lengths))
    instances = positives.take(order).indices
    _, first = np.unique(instances, return_index=True)  # where each instance comes up first
    return np.sort(instances[np.sort(first)[:n_positives]])


def contender(problem: Problem, labels: NDArray[np.int32], threads: int = 1) -> Callable[[], float]:
    run = partial(solve, SOLVER, SOLVER.prepare(problem), labels, threads)
    return lambda: run()[0]


def print_table(title: str, milliseconds: dict[str, float]) -> None:
    print(f"\n| {title} | ms a label | times the first |\n|---|---|---|")
    first = next(iter(milliseconds.values()))
    for name, taken in milliseconds.items():
        print(f"| {name} | {taken:.2f} | {taken / first:.2f} |")


def by_instances(n_instances: int, n_labels: int, rounds: int) -> None:
    contenders = {}
    for factor in (1, 2, 4, 8):
        problem = problem_of(n_instances, VALUES_A_ROW, factor)
        labels = draw_labels(problem.label_instances.row_lengths, n_labels, seed=0)
        contenders[f"{problem.features.n_rows:,}"] = contender(problem, labels)
    print_table("instances", medians(contenders, rounds))


def by_values(n_instances: int, n_labels: int, rounds: int) -> None:
    contenders = {}
    for factor in (0.25, 0.5, 1, 2):
        problem = problem_of(n_instances, factor * VALUES_A_ROW)
        labels = draw_labels(problem.label_instances.row_lengths, n_labels, seed=0)
        contenders[f"{factor * VALUES_A_ROW:g}"] = contender(problem, labels)
    print_table("values a row", medians(contenders, rounds))


def by_positives(n_instances: int, rounds: int) -> None:
    base, rng = problem_of(n_instances, VALUES_A_ROW, 8), np.random.default_rng(0)
    contenders = {}
    for n_positives in (n for n in POSITIVES if n < base.features.n_rows):
        n_labels = 32 if n_positives < 10_000 else 2
        positives = unions(base.label_instances, n_positives, n_labels, rng)
        labels = np.arange(n_labels, dtype=np.int32)
        contenders[f"{n_positives:,}"] = contender(weighted(base.features, positives), labels)
    print_table(f"positives of {base.features.n_rows:,} instances", medians(contenders, rounds))


def by_threads(n_instances: int, n_labels: int, rounds: int) -> None:
    problem = problem_of(n_instances, VALUES_A_ROW)
    labels = draw_labels(problem.label_instances.row_lengths, 32 * n_labels, seed=0)
    contenders = {str(threads): contender(problem, labels, threads) for threads in (1, 2)}
    milliseconds = medians(contenders, rounds)
    print_table(f"threads, {len(labels)} labels", milliseconds)
    print(f"\nTwo threads do {milliseconds['1'] / milliseconds['2']:.2f} times the labels of one.")


@click.command(help=__doc__)
@click.option("--instances", default=50_000)
@click.option("--labels", default=64)
@click.option("--rounds", default=3)
def main(instances: int, labels: int, rounds: int) -> None:
    print(environment() + f"\n\nOne thread but in the last table; medians of {rounds} rounds.")
    by_instances(instances, labels, rounds)
    by_values(instances, labels, rounds)
    by_positives(instances, rounds)
    by_threads(instances, labels, rounds)


if __name__ == "__main__":
    main()
