"""Compare what `pwdismec evaluate` says of predictions with napkinXC's metrics of the same.

    pip install napkinxc
    python scripts/check_metrics.py TRAIN TEST PREDICTIONS

TRAIN and TEST are data sets, as `pwdismec convert` writes them. napkinXC gets the label sets and the ranked
labels as lists. Every metric at 1, 3 and 5 is printed; the exit code is 1 if one differs by more than 1e-9.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click
import napkinxc.metrics as napkinxc
import numpy as np

from pwdismec.data import Dataset
from pwdismec.metrics import evaluate
from pwdismec.prediction.files import read_predictions

KS = (1, 3, 5)
A, B = 0.55, 1.5
_MOST = 1e-9

PLAIN = {
    "P": napkinxc.precision_at_k,
    "nDCG": napkinxc.ndcg_at_k,
    "recall": napkinxc.recall_at_k,
    "coverage": napkinxc.coverage_at_k,
    "macro-F1": napkinxc.macro_f1_measure_at_k,
}
SCORED = {"PSP": napkinxc.psprecision_at_k, "PSnDCG": napkinxc.psndcg_at_k}


@click.command(help=__doc__)
@click.argument("train", type=click.Path(path_type=Path))
@click.argument("test", type=click.Path(path_type=Path))
@click.argument("predictions", type=click.Path(path_type=Path))
def main(train: Path, test: Path, predictions: Path) -> None:
    train_set, test_set = Dataset.open(train), Dataset.open(test)
    top = read_predictions(predictions).top
    counts = train_set.label_counts_for(test_set.n_labels)
    ours = evaluate(
        top, test_set.labels, ks=KS, label_counts=counts, n_train=train_set.n_instances, a=A, b=B
    ).percent

    labels = test_set.labels.stored()
    truth = [rows.tolist() for rows in np.split(labels.indices, labels.indptr[1:-1])]
    ranked = [[label for label in row if label >= 0] for row in top.labels.tolist()]
    # What napkinXC makes of the training set's matrix, made of its counts: that lacks the test set's labels.
    c = (np.log(train_set.n_instances) - 1) * (B + 1) ** A
    inverse = 1 + c * (counts + B) ** -A
    theirs = {
        f"{name}@{k}": 100 * values[k - 1]
        for functions, more in ((PLAIN, ()), (SCORED, (inverse,)))
        for name, function in functions.items()
        for values in [function(truth, ranked, *more, k=KS[-1])]
        for k in KS
    }
    for k in KS:  # its mean over labels is over those up to the largest that occurs
        largest = max(int(labels.indices.max(initial=-1)), int(top.labels[:, :k].max(initial=-1)))
        theirs[f"macro-F1@{k}"] *= (largest + 1) / test_set.n_labels
    worst = 0.0
    for name, value in theirs.items():
        difference = abs(ours[name] - value)
        worst = max(worst, difference)
        print(f"{name:12} {ours[name]:12.8f} {value:12.8f} {difference:.1e}")
    print(f"largest difference {worst:.1e}")
    sys.exit(int(worst > _MOST))


if __name__ == "__main__":
    main()
