"""Accuracy and training time against the tolerance of the duality gap.

    python benchmarks/bench_tolerance.py WORK TRAIN TEST [TRAIN TEST ...] [--threads 2]

TRAIN and TEST are folders that `pwdismec convert` made; models are written to WORK and removed. The default
tolerance (docs/solver.md) is the loosest past which no metric moves by more than 0.05.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import click
import numpy as np
from environment import environment

from pwdismec import Dataset, Predictor, TrainingConfig, evaluate, train
from pwdismec.training.config import DISMEC_PRUNE
from pwdismec.weighting import Weighting

TOLERANCES = (1e-1, 1e-2, 3e-3, 1e-3, 1e-4, 1e-5)
METRICS = ("P@1", "P@3", "P@5", "PSP@1", "PSP@3", "PSP@5")


@click.command(help=__doc__)
@click.argument("work", type=click.Path(path_type=Path))
@click.argument("datasets", nargs=-1, required=True)
@click.option("--threads", default=2)
@click.option("--weighting", "scheme", default="pw-cb")
def main(work: Path, datasets: tuple[str, ...], threads: int, scheme: str) -> None:
    print(environment())
    print(f"weighting {scheme}, {threads} threads\n")
    columns = ("data set", "tolerance", *METRICS, "most a metric moves after", "seconds", "mean gap")
    print(f"| {' | '.join(columns)} |")
    print("|---" * len(columns) + "|")
    for name_train, name_test in zip(datasets[::2], datasets[1::2], strict=True):
        print_table(work, name_train, Dataset.open(name_train), Dataset.open(name_test), threads, scheme)


def print_table(work: Path, name: str, data: Dataset, test: Dataset, threads: int, scheme: str) -> None:
    rows = []
    for tolerance in TOLERANCES:
        folder = work / "model"
        config = TrainingConfig(weighting=Weighting(scheme), tolerance=tolerance, prune=DISMEC_PRUNE)
        began = time.perf_counter()
        model = train(data, folder, config, jobs=threads)
        seconds = time.perf_counter() - began
        top = Predictor(model).predict_dataset(test, 5, jobs=threads)
        report = evaluate(top, test.labels, label_counts=data.label_counts, n_train=data.n_instances)
        gaps = np.concatenate([shard.certificate.gap for shard in model.shards()])
        rows.append((tolerance, report.percent, seconds, float(gaps.mean())))
        shutil.rmtree(folder)
    for at, (tolerance, percent, seconds, gap) in enumerate(rows):
        moves = max(
            (abs(percent[m] - later[m]) for _, later, _, _ in rows[at + 1 :] for m in METRICS), default=0.0
        )
        values = " | ".join(f"{percent[m]:.2f}" for m in METRICS)
        figures = f"{values} | {moves:.2f} | {seconds:.1f} | {gap:.1e}"
        print(f"| {Path(name).parent.name} | {tolerance:g} | {figures} |")


if __name__ == "__main__":
    main()
