"""Cost of prediction against the number of labels, at the same number of weights a label (made-up weights).

    python bench_labels.py [--labels 10000 100000 1000000] [--weights 200]

Weights and instances draw features of Zipf's popularity. Prints Markdown.
"""

from __future__ import annotations

import argparse
import time
from functools import partial

import numpy as np
import scipy.sparse as sp
from bench_predict import Weights, medians
from environment import environment
from numpy.typing import NDArray

from pwdismec.data.csr import CSR
from pwdismec.prediction import Predictor
from pwdismec.prediction.dense_features import LabelWeights
from pwdismec.prediction.scored_blocks import Part

N_FEATURES = 200_000
LENGTH = 97
K = 5


def draws(rng: np.random.Generator, n_rows: int, length: int, popularity: NDArray[np.float64]) -> CSR:
    """Rows of about `length` features, of values of both signs."""
    columns = np.searchsorted(popularity.cumsum(), rng.random(n_rows * length)).clip(max=N_FEATURES - 1)
    values = rng.normal(0, 0.1, columns.size).astype(np.float32)
    rows = sp.csr_matrix((values, columns, np.arange(n_rows + 1) * length), shape=(n_rows, N_FEATURES))
    rows.sum_duplicates()
    return CSR.from_scipy(rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--labels", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--weights", type=int, default=200, help="of a label, about")
    parser.add_argument("--instances", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    rng = np.random.default_rng(0)
    popularity = 1 / (np.arange(N_FEATURES) + 20)
    popularity = rng.permutation(popularity / popularity.sum())
    x = draws(rng, args.instances, LENGTH, popularity)
    print(f"{environment()}\n\n{args.weights} weights a label, {LENGTH} features an instance; top {K}\n")
    print("| labels | weights, M | batch, ms an instance, 1 thread | 2 threads | one, ms: median | p99 |")
    print("|---|---|---|---|---|---|")
    for n_labels in args.labels:
        parts: list[LabelWeights] = []
        for first in range(0, n_labels, 1000):
            ids = np.arange(first, min(first + 1000, n_labels), dtype=np.int32)
            bias = rng.normal(-1, 0.02, len(ids)).astype(np.float32)
            parts.append(Part(ids, draws(rng, len(ids), args.weights, popularity), bias))
        n_weights = sum(part.weights.nnz for part in parts)
        predictor = Predictor(Weights(parts, N_FEATURES))
        del parts
        batch = medians({jobs: partial(predictor.predict, x, K, jobs) for jobs in (1, 2)}, args.rounds)
        seconds = []
        for row in range(x.n_rows):
            one = x.rows(row, row + 1).stored()
            start = time.perf_counter()
            predictor.predict_one(one.indices, one.values, K)
            seconds.append(time.perf_counter() - start)
        one_thread, two = (1e3 * batch[jobs] / x.n_rows for jobs in (1, 2))
        middle, late = np.quantile(seconds, [0.5, 0.99]) * 1e3
        print(f"| {n_labels:,} | {n_weights / 1e6:.1f} | {one_thread:.3f} | {two:.3f} ", end="")
        print(f"| {middle:.3f} | {late:.3f} |", flush=True)


if __name__ == "__main__":
    main()
