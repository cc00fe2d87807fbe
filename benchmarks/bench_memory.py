"""Peak resident memory of training, against what is promised.

    python benchmarks/bench_memory.py DATASET [--labels 2000] [--threads 2]
    python benchmarks/bench_memory.py --shape wikipedia-500k --work FOLDER [--labels 128] [--scale 1]
                                      [--most-frequent]

A fresh process opens the data set, trains the first labels of it that have a positive, or those with the most
(--most-frequent), as a model of two shards, and ends; the peak is the kernel's (VmHWM), with mapped files,
from its start to its end. With --shape, a synthetic set in that shape (shapes.py) is first written to
FOLDER/SHAPE, and left there for other runs (Wikipedia-500K: 6 GB). The promise is: the data set + threads x
(D + N) x labels a pass x 4 bytes + 200 MB, where D counts the features that an instance has. What training
says before it starts is beside it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import click
import numpy as np
from environment import environment
from shapes import SHAPES, make

from pwdismec import CSR, Dataset, TrainingConfig, Weighting, native, train
from pwdismec.training import MemoryPlan

MB = 1e6
COLUMNS = (
    "data set",
    "N",
    "D",
    "threads",
    "labels a pass",
    "data set, MB",
    "blocks, MB",
    "promised, MB",
    "told, MB",
    "peak, MB",
    "peak / promised",
    "peak before the data set, MB",
    "mapped files at the end, MB",
)


def train_some(data: Dataset, n_labels: int, threads: int, most_frequent: bool) -> int:
    """Train some labels, into a folder that is thrown away; what it said it takes."""
    plans: list[MemoryPlan] = []
    counts = data.label_counts
    order = np.argsort(-counts, kind="stable") if most_frequent else np.flatnonzero(counts)
    some = data.select_labels(np.sort(order[:n_labels]))
    config = TrainingConfig(Weighting("pw"), shard_size=-(-some.n_labels // 2))
    with tempfile.TemporaryDirectory() as folder:
        train(some, Path(folder) / "model", config, jobs=threads, on_memory=plans.append)
    return plans[0].total


def memory() -> dict[str, float]:
    """The process's own memory in bytes, as Linux tells it: the peak, and what it is made of now."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return {name: 1024.0 * int(fields[name].split()[0]) for name in ("VmHWM", "RssAnon", "RssFile")}


def child(dataset: str, n_labels: int, threads: int, most_frequent: bool) -> None:
    """What the fresh process does; prints its memory before and after training, and what training said."""
    imported = memory()
    told = train_some(Dataset.open(dataset), n_labels, threads, most_frequent)
    print(json.dumps({"imported": imported, "trained": memory(), "told": {"total": told}}))


def measure(dataset: Path, n_labels: int, threads: int, most_frequent: bool) -> dict[str, dict[str, float]]:
    command = [sys.executable, __file__, str(dataset), "--labels", n_labels, "--threads", threads, "--child"]
    if most_frequent:
        command.append("--most-frequent")
    run = subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE, text=True)
    memories: dict[str, dict[str, float]] = json.loads(run.stdout.splitlines()[-1])
    return memories


def size_of(dataset: Path) -> int:
    """Bytes of a data set's arrays."""
    return sum(path.stat().st_size for path in dataset.glob("*.npy"))


def write_shape(name: str, work: Path, scale: float) -> Path:
    folder = work / (name if scale == 1 else f"{name}-x{scale:g}")
    if not folder.exists():
        features, labels, transforms = make(SHAPES[name], scale)
        Dataset(features, labels, transforms).save(folder)
    return folder


def print_row(dataset: Path, n_labels: int, threads: int, most_frequent: bool) -> None:
    data, memories = Dataset.open(dataset), measure(dataset, n_labels, threads, most_frequent)
    peak, stored = memories["trained"]["VmHWM"], size_of(dataset)
    told = memories["told"]["total"]
    n_used = data.n_features
    if isinstance(data.features, CSR):
        n_used = np.count_nonzero(data.features.column_counts())
    blocks = threads * (n_used + data.n_instances) * native.LABELS_PER_PASS * 4
    promised = stored + blocks + 200 * MB
    print(
        f"| {dataset.name} | {data.n_instances:,} | {n_used:,} | {threads} | {native.LABELS_PER_PASS} "
        f"| {stored / MB:,.0f} | {blocks / MB:,.0f} | {promised / MB:,.0f} | {told / MB:,.0f} "
        f"| {peak / MB:,.0f} | {peak / promised:.2f} | {memories['imported']['VmHWM'] / MB:,.0f} "
        f"| {memories['trained']['RssFile'] / MB:,.0f} |"
    )


@click.command(help=__doc__)
@click.argument("dataset", required=False)
@click.option("--shape", type=click.Choice(list(SHAPES)))
@click.option("--work", type=click.Path(path_type=Path), help="Where a shape's data set is kept.")
@click.option("--labels", default=2000, help="Labels to train.")
@click.option("--threads", default=2)
@click.option("--scale", default=1.0, help="The share of a shape's instances to make.")
@click.option("--most-frequent", is_flag=True, help="Train those with the most positives.")
@click.option("--child", "is_child", is_flag=True, hidden=True)
def main(
    dataset: str | None,
    shape: str | None,
    work: Path | None,
    labels: int,
    threads: int,
    scale: float,
    most_frequent: bool,
    is_child: bool,
) -> None:
    if is_child:
        assert dataset is not None
        return child(dataset, labels, threads, most_frequent)
    if (dataset is None) == (shape is None) or (shape is None) != (work is None):
        raise click.UsageError("give DATASET, or --shape and --work")
    folder = Path(dataset) if dataset else write_shape(str(shape), work or Path(), scale)
    which = "most frequent labels" if most_frequent else "labels"
    print(environment() + f"\n\n{labels} {which} in two shards, weighting pw; MB of 10^6 bytes\n")
    print("| " + " | ".join(COLUMNS) + " |\n" + "|---" * len(COLUMNS) + "|")
    print_row(folder, labels, threads, most_frequent)


if __name__ == "__main__":
    main()
