"""Training a whole data set: the block solver's weightings against trees, with their accuracy.

    pip install '.[bench]' omikuji napkinxc
    pip install --no-deps libpecos
    python benchmarks/bench_trees.py TRAIN TEST [--threads 2] [--rounds 1] [--preset pw-cb]

TRAIN and TEST are files in the XMC repository's one-file format, features as they are to be used. Every time
is from the text file to the trained model, ours on disk with its certificates, Omikuji's in memory, and
PECOS's and napkinXC's (with their defaults) on disk, without the text, which they get from us as matrices.
Omikuji reads one instance at a time when it predicts through Python, so no prediction is timed. Contenders
take turns within a round, in one process; medians are reported, and the metrics of the last round.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np
import omikuji
from environment import environment
from rounds import medians
from trees import TREES

from pwdismec import (
    Dataset,
    Predictor,
    TopK,
    TrainingConfig,
    Weighting,
    convert,
    evaluate,
    open_source,
    train,
)

K = 5
OURS = ("vanilla", "pw", "pw-cb")
# The settings under which Omikuji's README (github.com/tomtung/omikuji, "Features & Performance") reports
# each of these methods: Parabel are its defaults (balanced, cluster.k=2), Bonsai is "unbalanced,
# cluster.k=100, max_depth=3", and "collapse 5 layers" is said there to be like AttentionXML's trees.
OMIKUJI: dict[str, dict[str, Any]] = {
    "parabel": {},
    "bonsai": {"cluster_balanced": False, "cluster_k": 100, "max_depth": 3},
    "attentionxml": {"collapse_every_n_layers": 5},
}
OTHERS = {"pecos": "PECOS XR-Linear", "napkinxc": "napkinXC PLT"}
PRESETS = (*OURS, *OMIKUJI, *OTHERS)
METRICS = ("P@1", "P@5", "nDCG@5", "PSP@1", "PSP@5", "recall@5")


class Contest:
    """Trains the contenders and keeps each one's last predictions for the test set."""

    def __init__(self, paths: tuple[str, str], threads: int, work: Path) -> None:
        self.train_path, self.threads, self.work = paths[0], threads, work
        self.train_set = convert(open_source(paths[0]), work / "train")
        self.test_set = convert(open_source(paths[1]), work / "test", like=self.train_set)
        self.predictions: dict[str, TopK] = {}
        self.steps: dict[str, str] = {}

    def trains(self, name: str) -> Callable[[str], float]:
        """What trains a contender, and gives the seconds that it took."""
        return self.ours if name in OURS else self.omikuji if name in OMIKUJI else self.other

    def title(self, name: str) -> str:
        if name in OURS:
            return f"pwdismec {name} ({self.steps[name]})"
        return OTHERS.get(name, f"Omikuji, {name}")

    def ours(self, weighting: str) -> float:
        folder = Path(tempfile.mkdtemp(dir=self.work))
        began = time.perf_counter()
        convert(open_source(self.train_path), folder / "train")
        converted = time.perf_counter()
        data = Dataset.open(folder / "train")
        config = TrainingConfig(Weighting(weighting))
        model = train(data, folder / "model", config, jobs=self.threads)
        seconds = time.perf_counter() - began
        self.steps[weighting] = f"{converted - began:.1f} s of them for the text"
        self.predictions[weighting] = Predictor(model).predict_dataset(self.test_set, K, self.threads)
        return seconds

    def omikuji(self, preset: str) -> float:
        settings = omikuji.Model.default_hyper_param()
        for name, value in OMIKUJI[preset].items():
            setattr(settings, name, value)
        began = time.perf_counter()
        model = omikuji.Model.train_on_data(self.train_path, settings, self.threads)
        seconds = time.perf_counter() - began
        model.init_prediction_thread_pool(self.threads)
        self.predictions[preset] = predict(model, self.test_set)
        return seconds

    def other(self, preset: str) -> float:
        tree, folder = TREES[OTHERS[preset]][1], Path(tempfile.mkdtemp(dir=self.work)) / "model"
        began = time.perf_counter()
        tree.train(self.train_set, folder, self.threads)
        seconds = time.perf_counter() - began
        best = tree(folder, self.threads).best(self.test_set.features.to_scipy(), K)
        self.predictions[preset] = as_top(best)
        return seconds

    def metrics(self, name: str) -> dict[str, float]:
        return evaluate(
            self.predictions[name],
            self.test_set.labels,
            ks=(1, 5),
            label_counts=self.train_set.label_counts,
            n_train=self.train_set.n_instances,
        ).percent


def predict(model: omikuji.Model, data: Dataset) -> TopK:
    """Omikuji's best labels of each instance; beams of 10, its default."""
    features, best = data.features.stored(), list[list[int]]()
    for start, stop in zip(features.indptr[:-1], features.indptr[1:], strict=True):
        ids, values = features.indices[start:stop].tolist(), features.values[start:stop].tolist()
        found = model.predict(list(zip(ids, values, strict=True)), top_k=K)
        best.append([label for label, _ in found])
    return as_top(best)


def as_top(best: list[list[int]]) -> TopK:
    """Lists of labels, best first, as a table; no metric below looks at scores."""
    labels = np.full((len(best), K), -1, np.int32)
    for row, found in enumerate(best):
        labels[row, : len(found)] = found
    return TopK(labels, np.where(labels < 0, -np.inf, 0).astype(np.float32))


@click.command(help=__doc__)
@click.argument("train_path", metavar="TRAIN")
@click.argument("test_path", metavar="TEST")
@click.option("--threads", default=2)
@click.option("--rounds", default=1)
@click.option("--preset", multiple=True, type=click.Choice(PRESETS), help="Repeat; default all.")
def main(train_path: str, test_path: str, threads: int, rounds: int, preset: tuple[str, ...]) -> None:
    with tempfile.TemporaryDirectory() as work:
        contest = Contest((train_path, test_path), threads, Path(work))
        chosen = preset or PRESETS
        contenders = {name: partial(contest.trains(name), name) for name in chosen}
        seconds = medians(contenders, rounds)
        print(environment("omikuji", "libpecos", "napkinxc") + "\n")
        print(f"{contest.train_set}; {threads} threads; medians of {rounds} rounds\n")
        trees = [name for name in chosen if name in OMIKUJI]
        print("| | training, s |" + "".join(f" times {t} |" for t in trees) + f" {' | '.join(METRICS)} |")
        print("|---" * (2 + len(METRICS) + len(trees)) + "|")
        for name, taken in seconds.items():
            ratios = "".join(f" {taken / seconds[tree]:.2f} |" for tree in trees)
            percent = contest.metrics(name)
            found = " | ".join(f"{percent[metric]:.2f}" for metric in METRICS)
            print(f"| {contest.title(name)} | {taken:.1f} |{ratios} {found} |")


if __name__ == "__main__":
    main()
