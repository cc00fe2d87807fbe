"""Milliseconds a label on synthetic sets in the shape of public ones, and what the whole sets would cost.

    python benchmarks/bench_shapes.py [SHAPE ...] [--labels 256] [--reference 4] [--rounds 1] [--scale 1]

SHAPE is a name of shapes.py; without any, all are run. Of each, random labels with a positive are trained on
one thread by the block solver, and a few of them (--reference) by both of LIBLINEAR's. Each round prepares
and frees the contenders' own copies of the data in turn, so that Wikipedia-500K's 700 million values fit into
23 GB; preparing is told apart for the block solver and does not count for LIBLINEAR. With --scale 0.1, a
tenth of the instances are made: milliseconds are then of those, core-hours of all, as if cost grew in
proportion.
"""

from __future__ import annotations

import resource
import statistics
import time
from dataclasses import dataclass, field

import click
import numpy as np
from environment import environment
from liblinear_labels import LiblinearLabels
from numpy.typing import NDArray
from shapes import SHAPES, Shape, make
from solving import draw_labels, draw_reference, solve

from pwdismec.data.transpose import transpose
from pwdismec.solvers import BlockDualCD, Problem
from pwdismec.weighting import Weighting, positive_weights
from pwdismec.weighting.propensity import preset

LIBLINEAR = ("-s 2 -e 0.001", "-s 1 -e 0.1")
OURS = "block-dcd"


@dataclass
class Outcome:
    """What one shape was like, and took; without its data, which the next shape needs the room of."""

    shape: Shape
    facts: str
    making: float
    preparing: float = 0.0
    worst_gap: float = 0.0
    milliseconds: dict[str, list[float]] = field(default_factory=dict)
    primals: dict[str, NDArray[np.float64]] = field(default_factory=dict)

    def add(self, name: str, milliseconds: float, primals: NDArray[np.float64]) -> None:
        """A turn: milliseconds a label, and the primals of the reference's labels."""
        self.milliseconds.setdefault(name, []).append(milliseconds)
        self.primals[name] = primals

    def median(self, name: str) -> float:
        return statistics.median(self.milliseconds[name])


def run(shape: Shape, scale: float, n_labels: int, n_reference: int, rounds: int, seed: int) -> Outcome:
    began = time.perf_counter()
    features, labels, _ = make(shape, scale, seed)
    positives = transpose(labels)
    making = time.perf_counter() - began
    weighting = Weighting("pw", *preset(shape.propensity))
    weights = positive_weights(weighting, positives.row_lengths, features.n_rows)
    problem = Problem(features, positives, weights)
    drawn = draw_labels(positives.row_lengths, n_labels, seed)
    reference = draw_reference(drawn, n_reference, seed)
    outcome = Outcome(shape, _facts(problem, drawn), making)
    for _ in range(rounds):
        run_ours(outcome, problem, drawn, reference)
        run_liblinear(outcome, problem, reference)
    return outcome


def run_ours(
    outcome: Outcome, problem: Problem, labels: NDArray[np.int32], reference: NDArray[np.int32]
) -> None:
    solver, began = BlockDualCD(), time.perf_counter()
    prepared = solver.prepare(problem)
    outcome.preparing = time.perf_counter() - began
    milliseconds, solution = solve(solver, prepared, labels)
    outcome.worst_gap = float(solution.certificate.gap.max())
    outcome.add(OURS, milliseconds, solution.certificate.primal[np.searchsorted(labels, reference)])


def run_liblinear(outcome: Outcome, problem: Problem, reference: NDArray[np.int32]) -> None:
    liblinear = LiblinearLabels(problem)
    for options in LIBLINEAR:
        trained = [liblinear.train(int(label), options) for label in reference]
        mean = float(np.mean([label.milliseconds for label in trained]))
        outcome.add(options, mean, np.array([label.primal for label in trained]))


def _facts(problem: Problem, drawn: NDArray[np.int32]) -> str:
    features, positives = problem.features, problem.label_instances
    counts = positives.row_lengths[drawn]
    return (
        f"{features.n_rows:,} | {features.n_columns:,} | {positives.n_rows:,} "
        f"| {features.nnz / features.n_rows:.0f} | {positives.nnz / features.n_rows:.2f} "
        f"| {np.median(counts):.0f}, {counts.mean():.1f}, {counts.max():,}"
    )


def print_shapes(outcomes: list[Outcome]) -> None:
    print("| shape | N | D | L | values a row | labels a row | positives a label: median, mean, most |")
    print("|---|---|---|---|---|---|---|")
    for o in outcomes:
        print(f"| {o.shape.name} | {o.facts} |")


def print_times(outcomes: list[Outcome]) -> None:
    versus = " | ".join(f"{options}, ms | times faster | its primal above ours" for options in LIBLINEAR)
    print(f"\n| shape | prepared, s | ms a label | worst gap | {versus} |")
    print("|---" * (4 + 3 * len(LIBLINEAR)) + "|")
    for o in outcomes:
        ours = o.median(OURS)
        cells = [
            f"{o.median(options):.0f} | {o.median(options) / ours:.0f} "
            f"| {np.mean(o.primals[options] / o.primals[OURS] - 1):+.1e}"
            for options in LIBLINEAR
        ]
        print(
            f"| {o.shape.name} | {o.preparing:.1f} | {ours:.2f} | {o.worst_gap:.1e} | {' | '.join(cells)} |"
        )


def print_core_hours(outcomes: list[Outcome], scale: float) -> None:
    names = (OURS, *LIBLINEAR)
    print(f"\n| core-hours for all L labels | {' | '.join(names)} |\n" + "|---" * (1 + len(names)) + "|")
    for o in outcomes:
        hours = [o.shape.n_labels * o.median(name) / scale / 3.6e6 for name in names]
        print(f"| {o.shape.name} | {' | '.join(f'{h:,.2f}' for h in hours)} |")


@click.command(help=__doc__)
@click.argument("shapes", type=click.Choice(list(SHAPES)), nargs=-1)
@click.option("--labels", default=256, help="Random labels for the block solver.")
@click.option("--reference", default=4, help="Of these, how many LIBLINEAR trains.")
@click.option("--rounds", default=1)
@click.option("--scale", default=1.0, help="The share of the instances to make.")
@click.option("--seed", default=0)
def main(shapes: tuple[str, ...], labels: int, reference: int, rounds: int, scale: float, seed: int) -> None:
    outcomes = []
    for name in shapes or SHAPES:
        outcome = run(SHAPES[name], scale, labels, reference, rounds, seed)
        outcomes.append(outcome)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        taken = ", ".join(f"{who} {outcome.median(who):.2f} ms" for who in outcome.milliseconds)
        click.echo(f"{name}: made in {outcome.making:.0f} s; {taken}; peak so far {peak:.1f} GB", err=True)
    print(environment() + "\n")
    print(f"Scale {scale:g}; {labels} random labels, {reference} for LIBLINEAR; weighting pw; one thread;")
    print(f"medians of {rounds} rounds.\n")
    print_shapes(outcomes)
    print_times(outcomes)
    print_core_hours(outcomes, scale)


if __name__ == "__main__":
    main()
