"""Milliseconds a label of the block solver against LIBLINEAR, on random labels of a data set, one thread.

    python benchmarks/bench_solver.py DATASET [--labels 64] [--rounds 3] [--weighting pw]

DATASET is a folder that `pwdismec convert` made. LIBLINEAR trains the first of the labels only (--reference),
as it is slow. The rounds are interleaved and medians are reported.
"""

from __future__ import annotations

import statistics
import time

import click
import numpy as np
from environment import environment

from pwdismec import Dataset
from pwdismec.solvers import BlockDualCD, LibLinear, Problem, concatenate
from pwdismec.weighting import positive_weights


def solve(solver, problem, labels, start):
    """Milliseconds a label, and the solution."""
    blocks = [labels[i : i + solver.block_size] for i in range(0, len(labels), solver.block_size)]
    began = time.perf_counter()
    solution = concatenate([solver.solve(problem, block, start, 0.01) for block in blocks])
    return (time.perf_counter() - began) * 1e3 / len(labels), solution


@click.command(help=__doc__)
@click.argument("dataset")
@click.option("--labels", default=64, help="Random labels for the block solver.")
@click.option("--reference", default=6, help="Of these, how many LIBLINEAR trains.")
@click.option("--rounds", default=3)
@click.option("--weighting", default="pw")
@click.option("--seed", default=0)
def main(dataset: str, labels: int, reference: int, rounds: int, weighting: str, seed: int) -> None:
    data = Dataset.open(dataset)
    weights = positive_weights(weighting, data.label_counts, data.n_instances)
    problem = Problem(data.features, data.label_instances, weights)
    drawn = np.random.default_rng(seed).choice(np.flatnonzero(data.label_counts), labels, replace=False)
    solvers = {
        "block-dcd, gap ≤ 1e-2": (BlockDualCD(1e-2), drawn),
        "block-dcd, gap ≤ 1e-3 (default)": (BlockDualCD(1e-3), drawn),
        "block-dcd, gap ≤ 1e-4": (BlockDualCD(1e-4), drawn),
        "LIBLINEAR -s 2 -e 0.001": (LibLinear(1e-3), drawn[:reference]),
    }
    starts = {name: solver.prepare(problem) for name, (solver, _) in solvers.items()}
    times: dict[str, list[float]] = {name: [] for name in solvers}
    last = {}
    for _ in range(rounds):
        for name, (solver, ids) in solvers.items():
            milliseconds, last[name] = solve(solver, problem, ids, starts[name])
            times[name].append(milliseconds)
    slowest = statistics.median(times["LIBLINEAR -s 2 -e 0.001"])
    print(environment())
    print(f"{data}; {labels} labels, weighting {weighting}, one thread, medians of {rounds} rounds\n")
    print("| solver | ms a label | times faster | mean gap | worst gap | mean primal, reference's labels |")
    print("|---|---|---|---|---|---|")
    for name in solvers:
        median, certificate = statistics.median(times[name]), last[name].certificate
        print(
            f"| {name} | {median:.1f} | {slowest / median:.0f} | {certificate.gap.mean():.1e} "
            f"| {certificate.gap.max():.1e} | {certificate.primal[:reference].mean():.5f} |"
        )


if __name__ == "__main__":
    main()
