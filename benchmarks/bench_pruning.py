"""Accuracy against a model's size, pruned at one threshold after the other, without and with a refit.

    pip install matplotlib
    python benchmarks/bench_pruning.py WORK MODEL TRAIN TEST [MODEL TRAIN TEST ...] [--threads 2] [--no-refit]

MODEL is a model that was hardly pruned (`train --prune 0`), TRAIN what it was trained on. Pruned models are
written to WORK and removed; what was measured stays there in rows.json, of which the table and
WORK/pruning.png are made, and with which a run that was broken off goes on.
"""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import click
from environment import environment

from pwdismec import Dataset, Model, Predictor, TrainingConfig, evaluate
from pwdismec.pruning import prune_model

THRESHOLDS = (0.001, 0.003, 0.01, 0.03, 0.05, 0.1, 0.2, 0.3, 0.5)
METRICS = ("P@1", "P@5", "PSP@1", "PSP@5")
LEAST_KEPT = 1 / 400  # of the weights; smaller models are left out


@dataclass(frozen=True)
class Row:
    """A pruned model."""

    name: str
    threshold: float
    refit: bool
    weights: int
    labels: int
    size: int
    seconds: float  # to prune, and to fit again
    percent: dict[str, float]

    @property
    def key(self) -> tuple[str, float, bool]:
        return self.name, self.threshold, self.refit


@click.command(help=__doc__)
@click.argument("work", type=click.Path(path_type=Path))
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--threads", default=2)
@click.option("--no-refit", is_flag=True, help="Refits take about as long as training did.")
def main(work: Path, paths: tuple[Path, ...], threads: int, no_refit: bool) -> None:
    work.mkdir(parents=True, exist_ok=True)
    held = work / "rows.json"
    rows = [Row(**row) for row in json.loads(held.read_text())] if held.exists() else []
    done = {row.key for row in rows}
    print(f"{environment()}\n{threads} threads")
    for path, train, test in zip(paths[::3], paths[1::3], paths[2::3], strict=True):
        model, name = Model.open(path), path.name
        for refit in (False,) if no_refit else (False, True):
            for threshold in reversed(THRESHOLDS):
                if (name, threshold, refit) in done or (refit and too_small(rows, name, threshold)):
                    continue
                row = measured(work / "model", model, threshold, refit, train, test, threads)
                rows.append(row)
                held.write_text(json.dumps([asdict(row) for row in rows], indent=1))
                print(f"{name} {threshold:g} {'refit' if refit else '':5}: {row.seconds:.0f} s", flush=True)
    rows.sort(key=lambda row: row.key)
    rows = [row for row in rows if not too_small(rows, row.name, row.threshold)]
    print_table(rows)
    plot(rows, work / "pruning.png")


def measured(
    folder: Path, model: Model, threshold: float, refit: bool, train: Path, test: Path, threads: int
) -> Row:
    """Prune `model` into `folder`, predict, and remove it."""
    shutil.rmtree(folder, ignore_errors=True)
    data = Dataset.open(train)
    began = time.perf_counter()
    pruned = prune_model(
        model, folder, threshold=threshold, dataset=data if refit else None, refit=refit, jobs=threads
    )
    seconds = time.perf_counter() - began
    held_out = Dataset.open(test)
    top = Predictor(pruned).predict_dataset(held_out, 5, jobs=threads)
    report = evaluate(top, held_out.labels, label_counts=data.label_counts, n_train=data.n_instances)
    row = Row(
        model.path.name,
        threshold,
        refit,
        pruned.nnz,
        sum(entry.n_trained for entry in pruned.manifest.shards),
        pruned.bytes,
        seconds,
        {metric: report.percent[metric] for metric in METRICS},
    )
    shutil.rmtree(folder)
    return row


def too_small(rows: list[Row], name: str, threshold: float) -> bool:
    weights = {row.threshold: row.weights for row in rows if row.name == name and not row.refit}
    return weights[threshold] < LEAST_KEPT * max(weights.values())


def print_table(rows: list[Row]) -> None:
    columns = ("data set", "threshold", "MB", "weights a label", *METRICS, *(f"{m}, refit" for m in METRICS))
    print(f"\n| {' | '.join(columns)} |\n{'|---' * len(columns)}|")
    found = {row.key: row for row in rows}
    for row in rows:
        if row.refit:
            continue
        again = found.get((row.name, row.threshold, True))
        cells = [f"{row.percent[metric]:.2f}" for metric in METRICS]
        cells += [f"{again.percent[metric]:.2f}" if again else "–" for metric in METRICS]
        size = f"{row.size / 1e6:.3g} | {row.weights / row.labels:,.0f}"
        print(f"| {row.name} | {row.threshold:g} | {size} | {' | '.join(cells)} |")


def plot(rows: list[Row], path: Path) -> None:
    """A row of panels for each data set, a panel for each metric."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    found = {row.key: row for row in rows}
    names = list(dict.fromkeys(row.name for row in rows))
    size = (3.0 * len(METRICS), 2.7 * len(names))
    figure, panels = plt.subplots(len(names), len(METRICS), figsize=size, squeeze=False, layout="constrained")
    # Okabe and Ito's colours, which the colour-blind can tell apart; and marks of their own
    styles = {False: ("#D55E00", "o", "pruned"), True: ("#0072B2", "s", "pruned and refitted")}
    for name, line in zip(names, panels, strict=True):
        for metric, panel in zip(METRICS, line, strict=True):
            for refit, (colour, mark, label) in styles.items():
                own = [row for row in rows if row.name == name and row.refit is refit]
                sizes = [row.weights / row.labels for row in own]
                panel.plot(
                    sizes, [row.percent[metric] for row in own], mark, ls="-", color=colour, label=label
                )
            default = found[name, TrainingConfig.prune, False]
            note = f"default, {default.threshold:g}"
            panel.axvline(default.weights / default.labels, color="black", ls=":", lw=1, label=note)
            panel.set_xscale("log")
            panel.set_title(f"{name}: {metric}", fontsize=11)
            panel.set_xlabel("weights a label")
            panel.grid(alpha=0.3)
        line[0].set_ylabel("percent")
    panels[-1, 0].legend(fontsize=9, loc="lower right")
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
