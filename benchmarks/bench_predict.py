"""Prediction time per instance: pwdismec with one and two threads, and SciPy's sparse product, exact both;
tree methods with two threads, if they are there.

    python bench_predict.py MODEL DATASET       a trained model on the first instances of a data set
    python bench_predict.py                     made-up weights of TIBKAT's shape
    python bench_predict.py MODEL DATASET --trees WORK --train TRAIN

With --trees, the methods of trees.py that are installed are trained on the data set TRAIN, once, into the
folder WORK; later runs need no --train. The contenders take turns, and the median of the rounds counts.
Prints Markdown. bench_answers.py measures opening and single answers, bench_labels.py cost against labels.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from environment import environment
from trees import folder_of, trained

from pwdismec.data.csr import CSR
from pwdismec.data.dataset import Dataset
from pwdismec.data.topk import TopK
from pwdismec.data.transforms import Transforms
from pwdismec.model import Model
from pwdismec.prediction import Predictor
from pwdismec.prediction.dense_features import LabelWeights
from pwdismec.prediction.scored_blocks import Part

SCIPY_ROWS = 256


@dataclass(frozen=True)
class Weights:
    """As much of a model as prediction needs, in memory."""

    parts: list[LabelWeights]
    n_features: int
    transforms: Transforms = field(default_factory=Transforms)

    def shards(self) -> Iterator[LabelWeights]:
        return iter(self.parts)


def synthetic(n_labels: int, n_features: int, n_instances: int) -> tuple[Weights, CSR]:
    """Zipf-distributed features, 97 draws an instance; a label's weights span 28 instances."""
    rng = np.random.default_rng(0)
    popularity = 1 / (np.arange(n_features) + 20)
    names = rng.permutation(n_features)

    def instances(n: int) -> sp.csr_matrix:
        columns = names[rng.choice(n_features, (n, 97), p=popularity / popularity.sum())].ravel()
        values = rng.uniform(0.02, 0.2, columns.size).astype(np.float32)
        return sp.csr_matrix((values, columns, np.arange(0, columns.size + 1, 97)), shape=(n, n_features))

    pool = instances(20_000)
    parts: list[LabelWeights] = []
    for start in range(0, n_labels, 1000):
        ids = np.arange(start, min(start + 1000, n_labels), dtype=np.int32)
        which = rng.integers(0, pool.shape[0], 28 * len(ids))
        shares = rng.normal(0, 0.3, which.size).astype(np.float32)
        mixture = sp.csr_matrix(
            (shares, which, np.arange(0, which.size + 1, 28)), shape=(len(ids), pool.shape[0])
        )
        bias = rng.normal(-1, 0.02, len(ids)).astype(np.float32)
        parts.append(Part(ids, CSR.from_scipy(mixture @ pool), bias))
    queries = instances(n_instances)
    queries.sum_duplicates()
    return Weights(parts, n_features), CSR.from_scipy(queries)


def load(model: Model, dataset: Dataset) -> tuple[Weights, CSR]:
    features = model.transforms.bring(dataset.features, dataset.transforms)
    return Weights(list(model.shards()), model.n_features, model.transforms), features


def precision_at_1(best: list[int], labels: CSR) -> str:
    hits = [label in labels.indices[slice(*labels.indptr[i : i + 2])] for i, label in enumerate(best)]
    return f"{100 * np.mean(hits):.2f}"


class SciPyPredictor:
    """A block of rows times all weights, then argpartition.

    The bias is the weight of a first, constant feature, so that sums start with it as ours do.
    """

    def __init__(self, weights: Weights) -> None:
        rows = [sp.hstack([part.bias[:, None], part.weights.to_scipy()], "csr") for part in weights.parts]
        self.by_feature = sp.vstack(rows, "csr").T.tocsr()
        self.label_ids = np.concatenate([part.label_ids for part in weights.parts])

    def predict(self, features: CSR, top_k: int) -> TopK:
        blocks = [
            self._predict(features.rows(start, min(start + SCIPY_ROWS, features.n_rows)).to_scipy(), top_k)
            for start in range(0, features.n_rows, SCIPY_ROWS)
        ]
        return TopK(*(np.concatenate(arrays) for arrays in zip(*blocks, strict=True)))

    def _predict(self, x: sp.csr_matrix, top_k: int) -> TopK:
        constant = np.ones((x.shape[0], 1), np.float32)
        scores = (sp.hstack([constant, x], "csr") @ self.by_feature).toarray()
        best = np.sort(np.argpartition(-scores, top_k - 1, axis=1)[:, :top_k], axis=1)
        order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1, kind="stable")
        best = np.take_along_axis(best, order, axis=1)
        return TopK(self.label_ids[best], np.take_along_axis(scores, best, axis=1))


def medians(contenders: dict[Any, Callable[[], object]], rounds: int) -> dict[Any, float]:
    """Median seconds of each contender, turn by turn.

    A turn is two calls, of which the second counts: what the others' turns made cold is warm again for all.
    """
    seconds: dict[Any, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            run()
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    return {name: float(np.median(times)) for name, times in seconds.items()}


def sizes(weights: Weights, x: CSR) -> str:
    n_labels = sum(len(part.label_ids) for part in weights.parts)
    counts = np.sum([part.weights.column_counts() for part in weights.parts], axis=0)
    products = counts[x.stored().indices].sum() / x.n_rows
    return (
        f"{n_labels:,} labels, {counts.sum() / 1e6:.1f} M weights; {x.n_rows:,} instances of "
        f"{x.nnz / x.n_rows:.0f} features and {products / 1e6:.2f} M products each"
    )


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path, nargs="?")
    parser.add_argument("dataset", type=Path, nargs="?")
    parser.add_argument("--trees", type=Path, help="folder of the tree methods' models")
    parser.add_argument("--train", type=Path, help="what they are trained on")
    parser.add_argument("--labels", type=int, default=35_116, help="of made-up weights")
    parser.add_argument("--features", type=int, default=200_000, help="of made-up weights")
    parser.add_argument("--instances", type=int, default=2048)
    parser.add_argument("--top-k", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    if args.model and not args.dataset:
        parser.error("a model needs a data set")
    return args


def main() -> None:
    args = arguments()
    labels = None
    scoring: Model | Weights
    if args.model:
        dataset = Dataset.open(args.dataset).select_instances(slice(args.instances))
        scoring, labels = Model.open(args.model), dataset.labels.stored()
        Predictor(scoring)  # builds the index
        weights, x = load(scoring, dataset)
    else:
        weights, x = synthetic(args.labels, args.features, args.instances)
        scoring = weights
    start = time.perf_counter()
    predictor = Predictor(scoring)
    opening = time.perf_counter() - start
    reference = SciPyPredictor(weights)

    k = args.top_k
    ours, theirs = predictor.predict(x, k, 2), reference.predict(x, k)
    np.testing.assert_allclose(ours.scores, theirs.scores, rtol=1e-4, atol=1e-5)
    same_scores, same_labels = np.mean(ours.scores == theirs.scores), np.mean(ours.labels == theirs.labels)

    contenders: dict[str, Callable[[], object]] = {
        "pwdismec, 1 thread": lambda: predictor.predict(x, k, 1),
        "pwdismec, 2 threads": lambda: predictor.predict(x, k, 2),
        f"SciPy product by {SCIPY_ROWS} rows, argpartition, 1 thread": lambda: reference.predict(x, k),
    }
    first = {name: ours.labels[:, 0].tolist() for name in contenders}
    matrix = x.to_scipy()
    for name, kind in (trained(args.trees, args.train) if args.trees else {}).items():
        if name == "Omikuji Parabel":  # from Python it takes one instance at a time: bench_answers.py
            continue
        tree = kind(folder_of(args.trees, name), 2)
        contenders[f"{name}, 2 threads"] = partial(tree.batch, matrix, k)
        first[f"{name}, 2 threads"] = [row[0] if row else -1 for row in tree.best(matrix, k)]
    print(f"{environment('libpecos', 'napkinxc')}\n")
    print(f"{sizes(weights, x)}; top {k}; opened in {opening * 1e3:.1f} ms\n")
    print("| | ms an instance |" + (" P@1, % |" if labels else ""))
    print("|---|---|" + ("---|" if labels else ""))
    for name, seconds in medians(contenders, args.rounds).items():
        accuracy = f" {precision_at_1(first[name], labels)} |" if labels else ""
        print(f"| {name} | {seconds / x.n_rows * 1e3:.3f} |{accuracy}")
    print(
        f"\nThe exact ones give the same bits of the score in {same_scores:.2%} of the places and the same "
        f"label in {same_labels:.2%} (argpartition may cut ties otherwise)."
    )


if __name__ == "__main__":
    main()
