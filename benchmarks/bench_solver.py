"""Milliseconds a label of the block solver against LIBLINEAR, on random labels of a data set.

    python benchmarks/bench_solver.py DATASET [--labels 512] [--reference 32] [--rounds 3] [--threads 2]

DATASET is a folder that `pwdismec convert` made. LIBLINEAR trains some of the labels only (--reference), one
at a time on one thread; once, untimed, at -e 1e-5 too, for the primal that the others are measured against.
Rounds are interleaved and medians reported; our times contain the certificates, LIBLINEAR's do not (its gap
is bounded by the best multiple of the dual point that its weights imply, loosely where it stops early). What
all labels share (our view of the data, LIBLINEAR's problem) is prepared beforehand; our time for it is told.
With --threads 2, the block solver's turns with one thread are followed by turns with two.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import click
import numpy as np
from environment import environment
from liblinear_labels import LiblinearLabels, Trained
from numpy.typing import NDArray
from rounds import medians
from solving import draw_labels, draw_reference, solve

from pwdismec import Dataset
from pwdismec.solvers import BlockDualCD, Problem, Solution
from pwdismec.weighting import positive_weights

TOLERANCES = (1e-2, 1e-3, 1e-4)
LIBLINEAR = ("-s 2 -e 0.001", "-s 1 -e 0.1")
EXACT = "-s 2 -e 0.00001"


class Contest:
    """Runs the contenders and keeps each one's last outcome."""

    def __init__(self, problem: Problem, labels: NDArray[np.int32], reference: NDArray[np.int32]) -> None:
        self.problem, self.labels, self.reference = problem, labels, reference
        self.liblinear = LiblinearLabels(problem)
        self.solutions: dict[float, Solution] = {}
        self.trained: dict[str, list[Trained]] = {}
        began = time.perf_counter()
        self.prepared = {t: BlockDualCD(t).prepare(problem) for t in TOLERANCES}
        self.preparing = (time.perf_counter() - began) / len(TOLERANCES)

    def ours(self, tolerance: float, threads: int) -> float:
        solver, prepared = BlockDualCD(tolerance), self.prepared[tolerance]
        milliseconds, self.solutions[tolerance] = solve(solver, prepared, self.labels, threads)
        return milliseconds

    def theirs(self, options: str) -> float:
        trained = [self.liblinear.train(int(label), options) for label in self.reference]
        self.trained[options] = trained
        return float(np.mean([label.milliseconds for label in trained]))

    def gaps(self, name: float | str) -> NDArray[np.float64]:
        if isinstance(name, float):
            return self.solutions[name].certificate.gap
        return np.array([label.gap for label in self.trained[name]])

    def primals(self, name: float | str) -> NDArray[np.float64]:
        """Of the reference's labels."""
        if isinstance(name, float):
            where = np.searchsorted(self.labels, self.reference)
            return self.solutions[name].certificate.primal[where]
        return np.array([label.primal for label in self.trained[name]])


@click.command(help=__doc__)
@click.argument("dataset")
@click.option("--labels", default=512, help="Random labels for the block solver.")
@click.option("--reference", default=32, help="Of these, how many LIBLINEAR trains.")
@click.option("--rounds", default=3)
@click.option("--weighting", default="pw")
@click.option("--threads", default=1, help="Turns of the block solver with so many threads, beside one.")
@click.option("--seed", default=0)
def main(
    dataset: str, labels: int, reference: int, rounds: int, weighting: str, threads: int, seed: int
) -> None:
    data = Dataset.open(dataset)
    weights = positive_weights(weighting, data.label_counts, data.n_instances)
    drawn = draw_labels(data.label_counts, labels, seed)
    problem = Problem(data.features, data.label_instances, weights)
    contest = Contest(problem, drawn, draw_reference(drawn, reference, seed))
    exact = contest.theirs(EXACT)
    contenders: dict[tuple[float | str, int], Callable[[], float]] = {
        (t, n): partial(contest.ours, t, n) for t in TOLERANCES for n in sorted({1, threads})
    }
    contenders |= {(options, 1): partial(contest.theirs, options) for options in LIBLINEAR}
    milliseconds = medians(contenders, rounds)

    print(environment() + "\n")
    print(
        f"{data}; {len(drawn)} random labels, {len(contest.reference)} of them for LIBLINEAR; weighting "
        f"{weighting}; medians of {rounds} rounds; prepared in {contest.preparing:.2f} s. Primals are "
        f"compared with LIBLINEAR's at {EXACT} ({exact:.0f} ms a label, mean "
        f"{contest.primals(EXACT).mean():.5f}).\n"
    )
    print_table(contest, milliseconds)
    for tolerance in TOLERANCES if threads > 1 else ():
        ratio = milliseconds[tolerance, 1] / milliseconds[tolerance, threads]
        print(f"\n{threads} threads against one, gap ≤ {tolerance:g}: {ratio:.2f} times the labels")


def print_table(contest: Contest, milliseconds: dict[tuple[float | str, int], float]) -> None:
    versus = "".join(f" times {options} |" for options in LIBLINEAR)
    print(f"| solver | threads | ms a label |{versus} mean gap | worst gap | primal above, mean | worst |")
    print("|---" * (7 + len(LIBLINEAR)) + "|")
    best = contest.primals(EXACT)
    for (name, threads), taken in milliseconds.items():
        title = f"block-dcd, gap ≤ {name:g}" if isinstance(name, float) else f"LIBLINEAR {name}"
        ratios = "".join(f" {milliseconds[options, 1] / taken:.1f} |" for options in LIBLINEAR)
        gaps, above = contest.gaps(name), (contest.primals(name) - best) / best
        print(
            f"| {title} | {threads} | {taken:.2f} |{ratios} {gaps.mean():.1e} | {gaps.max():.1e} "
            f"| {above.mean():+.1e} | {above.max():+.1e} |"
        )


if __name__ == "__main__":
    main()
