"""Milliseconds a label of LibMultiLabel's `train_1vsrest` against the block solver, on the same threads.

    pip install --no-deps libmultilabel sparsekmeans python-graphblas
    pip install cffi donfig numba pandas psutil tqdm 'suitesparse-graphblas<10'
    python benchmarks/bench_libmultilabel.py DATASET [--labels 512] [--reference 64] [--threads 2]

Its linear part needs no torch. --no-deps keeps liblinear-official, which serves both, in place of
liblinear-multicore, whose modules have the same name: LibMultiLabel parallelises over labels and has each
trained on one thread with either. (suitesparse-graphblas 10 does not go with python-graphblas 2025.2.)

DATASET is a folder that `pwdismec convert` made. LibMultiLabel is given the columns of some random labels
only (--reference), `-s 1 -B 1`, and its defaults else (`-e 0.1`); what the same call takes without any label
is subtracted. It knows one weight for all labels, so it trains without weights; the block solver does so too,
and with PW, which is what one would train with. Rounds are interleaved and medians reported.
"""

from __future__ import annotations

import time
from functools import partial

import click
import numpy as np
import psutil
import scipy.sparse as sp
from environment import environment
from libmultilabel import linear
from numpy.typing import NDArray
from rounds import medians
from solving import draw_labels, draw_reference, solve

from pwdismec import Dataset
from pwdismec.solvers import BlockDualCD, PreparedProblem, Problem, Solver
from pwdismec.weighting import positive_weights

OPTIONS = "-s 1 -B 1"
PEER = f"LibMultiLabel train_1vsrest {OPTIONS}"


class Peer:
    """LibMultiLabel on some labels of a data set."""

    def __init__(self, data: Dataset, labels: NDArray[np.int32], threads: int) -> None:
        self._features = data.features.to_scipy().astype(np.float64)
        self._labels = data.select_labels(labels).labels.to_scipy().tocsr()
        # The one way to tell it how many: it asks for the cores.
        psutil.cpu_count = lambda logical=True: threads
        self._seconds(self._labels[:, :0])  # compiles what its first call compiles

    def milliseconds(self) -> float:
        whole, empty = self._seconds(self._labels), self._seconds(self._labels[:, :0])
        return (whole - empty) * 1e3 / int(self._labels.shape[1])

    def _seconds(self, labels: sp.csr_matrix) -> float:
        began = time.perf_counter()
        linear.train_1vsrest(labels, self._features, options=OPTIONS, verbose=False)
        return time.perf_counter() - began


def ours(solver: Solver, prepared: PreparedProblem, labels: NDArray[np.int32], threads: int) -> float:
    return solve(solver, prepared, labels, threads)[0]


@click.command(help=__doc__)
@click.argument("dataset")
@click.option("--labels", default=512, help="Random labels for the block solver.")
@click.option("--reference", default=64, help="Of these, how many LibMultiLabel trains.")
@click.option("--rounds", default=3)
@click.option("--threads", default=2)
@click.option("--seed", default=0)
def main(dataset: str, labels: int, reference: int, rounds: int, threads: int, seed: int) -> None:
    data, solver = Dataset.open(dataset), BlockDualCD()
    drawn = draw_labels(data.label_counts, labels, seed)
    theirs = draw_reference(drawn, reference, seed)
    contenders = {PEER: Peer(data, theirs, threads).milliseconds}
    for weighting in ("vanilla", "pw"):
        weights = positive_weights(weighting, data.label_counts, data.n_instances)
        problem = Problem(data.features, data.label_instances, weights)
        prepared = solver.prepare(problem)
        contenders[f"block-dcd, {weighting}"] = partial(ours, solver, prepared, drawn, threads)
    milliseconds = medians(contenders, rounds)

    print(environment("libmultilabel") + "\n")
    print(
        f"{data}; {len(drawn)} random labels, {len(theirs)} of them for LibMultiLabel; {threads} threads; "
        f"medians of {rounds} rounds\n"
    )
    print("| | ms a label | times faster |\n|---|---|---|")
    for name, taken in milliseconds.items():
        print(f"| {name} | {taken:.2f} | {milliseconds[PEER] / taken:.1f} |")


if __name__ == "__main__":
    main()
