"""Training a whole data set: the block solver, PW and PW-cb, against Omikuji's presets, with their accuracy.

    pip install '.[bench]'
    python benchmarks/bench_trees.py TRAIN TEST [--threads 2] [--rounds 1] [--preset pw-cb]

TRAIN and TEST are files in the XMC repository's one-file format, features as they are to be used. Every time
is from the text file to the trained model, ours on disk with its certificates, Omikuji's in memory; Omikuji
reads one instance at a time when it predicts through Python, so its prediction is not timed. Contenders take
turns within a round, in one process; medians are reported, and the metrics of the last round.
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
OURS = ("pw", "pw-cb")
# The settings under which Omikuji's README (github.com/tomtung/omikuji, "Features & Performance") reports
# each of these methods: Parabel are its defaults (balanced, cluster.k=2), Bonsai is "unbalanced,
# cluster.k=100, max_depth=3", and "collapse 5 layers" is said there to be like AttentionXML's trees.
OMIKUJI: dict[str, dict[str, Any]] = {
    "parabel": {},
    "bonsai": {"cluster_balanced": False, "cluster_k": 100, "max_depth": 3},
    "attentionxml": {"collapse_every_n_layers": 5},
}


class Contest:
    """Trains the contenders and keeps each one's last predictions for the test set."""

    def __init__(self, paths: tuple[str, str], threads: int, work: Path) -> None:
        self.train_path, self.threads, self.work = paths[0], threads, work
        self.train_set = convert(open_source(paths[0]), work / "train")
        self.test_set = convert(open_source(paths[1]), work / "test", like=self.train_set)
        self.predictions: dict[str, TopK] = {}
        self.steps: dict[str, str] = {}

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
    labels = np.full((data.n_instances, K), -1, np.int32)
    scores = np.full((data.n_instances, K), -np.inf, np.float32)
    features = data.features.stored()
    for i, (start, stop) in enumerate(zip(features.indptr[:-1], features.indptr[1:], strict=True)):
        ids, values = features.indices[start:stop].tolist(), features.values[start:stop].tolist()
        for place, (label, score) in enumerate(model.predict(list(zip(ids, values, strict=True)), top_k=K)):
            labels[i, place], scores[i, place] = label, score
    return TopK(labels, scores)


@click.command(help=__doc__)
@click.argument("train_path", metavar="TRAIN")
@click.argument("test_path", metavar="TEST")
@click.option("--threads", default=2)
@click.option("--rounds", default=1)
@click.option("--preset", multiple=True, type=click.Choice([*OURS, *OMIKUJI]), help="Repeat; default all.")
def main(train_path: str, test_path: str, threads: int, rounds: int, preset: tuple[str, ...]) -> None:
    with tempfile.TemporaryDirectory() as work:
        contest = Contest((train_path, test_path), threads, Path(work))
        chosen = preset or (*OURS, *OMIKUJI)
        contenders: dict[str, Callable[[], float]] = {
            name: partial(contest.ours if name in OURS else contest.omikuji, name) for name in chosen
        }
        seconds = medians(contenders, rounds)
        print(environment("omikuji") + "\n")
        print(f"{contest.train_set}; {threads} threads; medians of {rounds} rounds\n")
        trees = [name for name in chosen if name in OMIKUJI]
        print("| | training, s |" + "".join(f" times {t} |" for t in trees) + " P@1 | P@5 | PSP@1 | PSP@5 |")
        print("|---" * (6 + len(trees)) + "|")
        for name, taken in seconds.items():
            ratios = "".join(f" {taken / seconds[tree]:.2f} |" for tree in trees)
            percent = contest.metrics(name)
            found = " | ".join(f"{percent[metric]:.2f}" for metric in ("P@1", "P@5", "PSP@1", "PSP@5"))
            title = f"pwdismec {name} ({contest.steps[name]})" if name in OURS else f"Omikuji, {name}"
            print(f"| {title} | {taken:.1f} |{ratios} {found} |")


if __name__ == "__main__":
    main()
