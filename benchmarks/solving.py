"""Labels of a data set solved as training solves them, and how long that took."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from pwdismec.solvers import PreparedProblem, Solution, Solver, concatenate

PRUNE = 0.01


def draw_labels(label_counts: NDArray[np.int64], n_labels: int, seed: int) -> NDArray[np.int32]:
    """Ascending ids of random labels among those that have a positive; all of them if they are fewer."""
    known = np.flatnonzero(label_counts).astype(np.int32)
    drawn = np.random.default_rng(seed).choice(known, min(n_labels, len(known)), replace=False)
    return np.sort(drawn)


def draw_reference(labels: NDArray[np.int32], n_labels: int, seed: int) -> NDArray[np.int32]:
    """Ascending ids of some of `labels`, for solvers too slow to train them all."""
    return np.sort(np.random.default_rng(seed + 1).choice(labels, min(n_labels, len(labels)), replace=False))


def solve(
    solver: Solver, prepared: PreparedProblem, labels: NDArray[np.int32], threads: int = 1
) -> tuple[float, Solution]:
    """Milliseconds of the wall clock a label, and the solution.

    Blocks go to threads as in `pwdismec.training`; `prepared` is what ``solver.prepare(problem)`` gave.
    """
    blocks = [labels[i : i + solver.block_size] for i in range(0, len(labels), solver.block_size)]
    began = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        solutions = list(pool.map(lambda block: prepared.solve(block, PRUNE), blocks))
    return (time.perf_counter() - began) * 1e3 / len(labels), concatenate(solutions)
