"""Evaluate a prediction file against a data set or a file of labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pwdismec.data import CSR, Dataset, Dense
from pwdismec.data.dense import Features
from pwdismec.data.formats import open_source
from pwdismec.data.topk import TopK
from pwdismec.errors import DataError
from pwdismec.metrics import Report, SetReport, evaluate, evaluate_sets
from pwdismec.pipeline.watching import OnProgress
from pwdismec.prediction.files import read_predictions
from pwdismec.weighting import PRESETS


def evaluate_file(
    predictions: str | Path,
    truth: str | Path,
    *,
    train: str | Path | None = None,
    one_based: bool = False,
    ks: Sequence[int] = (1, 3, 5),
    a: float = PRESETS["default"].a,
    b: float = PRESETS["default"].b,
    paper_reranking: bool = False,
    by_frequency: bool = False,
    on_progress: OnProgress | None = None,
) -> Report:
    """Evaluate predictions; what is not said here is as in `pwdismec.metrics.evaluate`.

    Parameters
    ----------
    predictions
        A prediction file.
    truth
        A data set's folder, or a file in any format of `open_source`; features are not looked at. Of an
        xmc-pair or npz, this is the labels' file. With a training set of texts also a file of records, whose
        labels that the training set does not have are left out.
    train
        The training set's folder: its label counts give the propensities and deciles.
    one_based
        The ids of the file `truth` start at one.

    Raises
    ------
    DataError
        If a file cannot be read, or the numbers of rows or labels do not agree.
    ConfigError
        As `pwdismec.metrics.evaluate`.
    """
    top, true_labels, training = _read(predictions, truth, train, one_based)
    return evaluate(
        top,
        true_labels,
        ks=ks,
        label_counts=None if training is None else training.label_counts,
        n_train=None if training is None else training.n_instances,
        a=a,
        b=b,
        paper_reranking=paper_reranking,
        by_frequency=by_frequency,
        on_progress=on_progress,
    )


def evaluate_sets_file(
    predictions: str | Path,
    truth: str | Path,
    *,
    train: str | Path | None = None,
    one_based: bool = False,
) -> SetReport:
    """Evaluate rows of predictions as sets of labels; parameters and errors are those of `evaluate_file`."""
    return evaluate_sets(*_read(predictions, truth, train, one_based)[:2])


def _read(
    predictions: str | Path, truth: str | Path, train: str | Path | None, one_based: bool
) -> tuple[TopK, CSR, Dataset | None]:
    """The predictions, the true labels and the training set, once they agree."""
    top, n_labels = read_predictions(predictions)
    training = None if train is None else Dataset.open(train)
    if n_labels is None and training is not None:
        n_labels = training.n_labels
    true_labels = _true_labels(Path(truth), one_based, n_labels, training)
    _check_agreement(predictions, len(top.labels), "rows", truth, true_labels.n_rows)
    if n_labels is not None:
        _check_agreement(predictions, n_labels, "labels", truth, true_labels.n_columns)
    if train is not None and training is not None:
        _check_agreement(train, training.n_labels, "labels", truth, true_labels.n_columns)
    largest = int(top.labels.max(initial=-1))
    if largest >= true_labels.n_columns:
        raise DataError(predictions, f"label {largest}; {truth} has {true_labels.n_columns} labels, from 0")
    return top, true_labels, training


def _true_labels(path: Path, one_based: bool, n_labels: int | None, training: Dataset | None) -> CSR:
    """Instances × labels; where the format does not say how many labels there are, `n_labels` does."""
    if path.is_dir():
        return Dataset.open(path).labels
    if training is not None and training.vectorizer is not None:
        from pwdismec.pipeline.texts import Records, are_records  # imports scikit-learn

        if are_records(path):
            blocks = Records(path, training.vectorizer).blocks()
            return CSR.concatenate([block.labels for block in blocks], training.n_labels)
    source = open_source(path, one_based=one_based)
    if source.n_labels is None:
        source = open_source(path, one_based=one_based, n_labels=n_labels)
    if source.format in ("xmc-pair", "npz", "npy"):  # one of two files: its rows are the labels
        parts = [_labels_alone(path, block.features) for block in source]
        n_columns = source.n_features
    else:
        parts = [block.labels for block in source]
        n_columns = source.n_labels
    assert n_columns is not None
    return CSR.concatenate(parts, n_columns)


def _labels_alone(path: Path, rows: Features) -> CSR:
    if isinstance(rows, Dense):
        raise DataError(path, "an array of features; expected labels")
    if not (rows.values > 0).all():
        raise DataError(path, "holds a value that is not above zero; expected labels")
    return CSR(rows.indptr, rows.indices, None, rows.n_columns)


def _check_agreement(path: str | Path, count: int, what: str, truth: str | Path, expected: int) -> None:
    if count != expected:
        raise DataError(path, f"{count} {what}; {truth} has {expected}")
