"""Opening a model and answering the first instance, and one instance a call: pwdismec and the tree methods.

    python bench_answers.py MODEL DATASET [--trees WORK --train TRAIN]

Each contender runs in a process of its own, one thread, with its libraries imported and its files in the
system's cache (it is run once before it counts); contenders take turns. DATASET's features are as the model
and the trees want them. --trees as in bench_predict.py. Prints Markdown.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import numpy as np
from environment import environment
from trees import TREES, folder_of, trained

from pwdismec.data.dataset import Dataset
from pwdismec.model import Model
from pwdismec.prediction import Predictor

OURS = "pwdismec"
K = 5


def measure(name: str, folder: Path, dataset: Path, n_calls: int) -> tuple[float, list[float]]:
    """Seconds until the first answer, and of each answer after it."""
    features = Dataset.open(dataset).features
    rows = [features.rows(i, i + 1).stored() for i in range(min(n_calls + 1, features.n_rows))]
    answers: list[Callable[[], object]]
    if name == OURS:
        start = time.perf_counter()
        predictor = Predictor(Model.open(folder))
        predictor.predict_one(rows[0].indices, rows[0].values, K)
        opening = time.perf_counter() - start
        answers = [lambda row=row: predictor.predict_one(row.indices, row.values, K) for row in rows[1:]]
    else:
        matrices = [row.to_scipy() for row in rows]
        import_module(TREES[name][0])
        start = time.perf_counter()
        tree = TREES[name][1](folder, 1)
        tree.batch(matrices[0], K)
        opening = time.perf_counter() - start
        answers = [lambda x=x: tree.batch(x, K) for x in matrices[1:]]
    seconds = []
    for answer in answers:
        start = time.perf_counter()
        answer()
        seconds.append(time.perf_counter() - start)
    return opening, seconds


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--trees", type=Path, help="folder of the tree methods' models")
    parser.add_argument("--train", type=Path, help="what they are trained on")
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    folders = {OURS: args.model}
    if args.trees:
        folders |= {name: folder_of(args.trees, name) for name in trained(args.trees, args.train)}

    openings: dict[str, list[float]] = {name: [] for name in folders}
    calls: dict[str, list[float]] = {name: [] for name in folders}
    spawn = multiprocessing.get_context("spawn")
    for turn in range(args.rounds + 1):
        for name, folder in folders.items():
            with spawn.Pool(1) as process:
                opening, seconds = process.apply(measure, (name, folder, args.dataset, args.calls))
            if turn:
                openings[name].append(opening)
                calls[name] += seconds
    print(f"{environment('libpecos', 'napkinxc', 'omikuji')}\n")
    print(f"One thread, top {K}; {args.rounds} rounds of {args.calls} calls\n")
    print("| | opening and first answer, s | an answer, ms: median | 99th percentile |\n|---|---|---|---|")
    for name in folders:
        middle, late = np.quantile(calls[name], [0.5, 0.99]) * 1e3
        print(f"| {name} | {np.median(openings[name]):.3f} | {middle:.3f} | {late:.3f} |")


if __name__ == "__main__":
    main()
