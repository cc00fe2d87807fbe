"""Predictions, and the true labels that they are compared with, read from files that must agree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pwdismec.data import CSR, Dataset, Dense
from pwdismec.data.dataset import is_dataset
from pwdismec.data.dense import Features
from pwdismec.data.formats import open_source
from pwdismec.data.formats.compression import clear_read_errors, open_to_read, without_compression
from pwdismec.data.formats.folders import PartOfFolder
from pwdismec.data.formats.layouts import are_records, feature_files
from pwdismec.data.formats.lines import LONGEST_HEADER, check_is_file, lines_of
from pwdismec.data.formats.npy_array import counts_in, indicated
from pwdismec.data.formats.source import OneBased
from pwdismec.data.strings import Strings
from pwdismec.data.topk import TopK
from pwdismec.errors import DataError
from pwdismec.machine import check_fits
from pwdismec.metrics.filtering import without_pairs
from pwdismec.prediction.files import LabelTexts, read_predictions
from pwdismec.quoting import shown
from pwdismec.steps.row_source import check_same_names, is_of_records, open_rows

_DIGITS = 18
_FIRST_LINES = 1000

# Formats of two files, of which one holds the labels.
_LABELS_ALONE = ("xmc-pair", "npz")


class Compared(NamedTuple):
    """What an evaluation compares, all with the same number of labels.

    Attributes
    ----------
    predictions, truth
        The predicted labels and the true ones, row by row.
    label_counts, n_train
        int64, shape (n_labels,), and the number of instances: of the training set, 0 for labels that it does
        not have. None without one.
    filtered
        Pairs that a filter has taken out of the truth, and out of the predictions; None without one.
    label_texts
        What the labels are called, or the first of them.
    n_predictable
        How many labels the model may predict, as far as that is known.
    """

    predictions: TopK
    truth: CSR
    label_counts: NDArray[np.int64] | None
    n_train: int | None
    filtered: tuple[int, int] | None
    label_texts: LabelTexts
    n_predictable: int | None


class _Truth(NamedTuple):
    """The true labels, instances × labels, what the labels are called, and what the instances are."""

    labels: CSR
    label_texts: LabelTexts = LabelTexts()
    record_ids: Strings | None = None


class _Training(NamedTuple):
    """What there is of a training set."""

    label_counts: NDArray[np.int64]
    n_instances: int
    dataset: Dataset | None


def read_to_compare(
    predictions: str | Path,
    truth: str | Path,
    train: str | Path | None,
    one_based: OneBased,
    n_train: int | None = None,
    filter: str | Path | None = None,
    format: str = "auto",
) -> Compared:
    """The predictions, the true labels and the training set's counts, once they agree.

    The truth keeps labels that the model or the training set does not have. Parameters and errors: see
    `evaluate_file`.
    """
    training = None if train is None else _training(Path(train), n_train, one_based)
    trained = None if training is None else training.dataset
    known = None if trained is None else LabelTexts(trained.label_uris, trained.label_names)
    found = read_predictions(predictions, one_based=one_based is True, known=known)
    top, n_predicted = found.top, found.n_labels
    n_trained = None if training is None else len(training.label_counts)
    if n_predicted is not None and n_trained is not None and n_predicted != n_trained:
        raise DataError(predictions, f"{n_predicted} labels; the training set {train} has {n_trained}")
    n_known = n_predicted if n_trained is None else n_trained
    true_labels, texts, record_ids = _truth(Path(truth), one_based, n_known, trained, "test", format)
    if known is not None:
        pairs_of_texts = zip(texts, known, strict=True)
        texts = LabelTexts(*(theirs if ours is None else ours for ours, theirs in pairs_of_texts))
    if len(top.labels) != true_labels.n_rows:
        raise DataError(predictions, f"{len(top.labels)} rows; {truth} has {true_labels.n_rows}")
    _check_records(found.record_ids, predictions, record_ids, truth)
    _check_uris(found.label_uris or {}, predictions, texts.uris or (), train or truth)
    if n_known is None:
        _check_labels(top, predictions, truth, true_labels.n_columns)
    elif n_known > true_labels.n_columns:
        said = f"{true_labels.n_columns} labels; {train or predictions} has {n_known}"
        raise DataError(truth, f"{said}; expected these, and perhaps more")
    else:
        _check_labels(top, predictions, train or predictions, n_known)
    # For each label, the metrics hold some counts.
    needed = 128 * true_labels.n_columns
    check_fits(needed, truth, f"counts for each of {true_labels.n_columns} labels", "fewer labels")
    filtered = None
    if filter is not None:
        pairs = _pairs(Path(filter), one_based, true_labels)
        (top, true_labels), filtered = without_pairs(top, true_labels, pairs)
    if training is None:
        return Compared(top, true_labels, None, None, filtered, texts, n_predicted)
    counts = np.zeros(true_labels.n_columns, np.int64)
    counts[:n_trained] = training.label_counts
    n_predictable = int(np.count_nonzero(counts))  # others have no classifier
    return Compared(top, true_labels, counts, training.n_instances, filtered, texts, n_predictable)


def _training(path: Path, n_train: int | None, one_based: OneBased) -> _Training:
    """A data set, a file of label sets, or if the number of instances is given a file of counts."""
    if n_train is not None:
        return _Training(_counts(path, n_train), n_train, None)
    if is_dataset(path):
        dataset = Dataset.open(path)
        return _Training(dataset.label_counts, dataset.n_instances, dataset)
    if _is_of_counts(path):
        expected = "expected a training set, or with --n-train N the label counts of N instances"
        raise DataError(path, f"one number in each line; {expected}")
    try:
        feature_files(path)
    except DataError as error:
        if are_records(path):
            expected = "expected the data set that convert made of them"
            raise DataError(path, f"records with texts; {expected}") from error
        raise
    labels = _truth(path, one_based, None, None, "train").labels
    return _Training(labels.column_counts(), labels.n_rows, None)


def _is_of_counts(path: Path) -> bool:
    """Whether each of a text file's first lines is a number: svmlight's labels of rows without features?"""
    if not path.is_file() or without_compression(path).suffix.lower() in (".npy", ".npz"):
        return False
    check_is_file(path)
    with clear_read_errors(path), open_to_read(path) as file:
        first = list(islice(lines_of(file, path, LONGEST_HEADER), _FIRST_LINES))
    return bool(first) and all(line.strip().isdigit() for line in first)


def _counts(path: Path, n_train: int) -> NDArray[np.int64]:
    """How many training instances have each label: a whole number in each line, or NumPy's .npy."""
    if path.suffix.lower() == ".npy":
        found = counts_in(path)
    else:
        found = np.array([_whole(path, number, field) for number, [field] in _lines(path, 1)], np.int64)
    if (found > n_train).any():
        line = int(np.argmax(found > n_train)) + 1
        raise DataError(path, f"{found[line - 1]} instances; the training set has {n_train}", line)
    return found


def _pairs(path: Path, one_based: OneBased, truth: CSR) -> NDArray[np.int64]:
    """Pairs of a row and a label, shape (n, 2); blank lines hold none."""
    first_id, limits = int(one_based is True), (truth.n_rows, truth.n_columns)
    pairs = []
    is_empty = path.is_file() and path.stat().st_size == 0
    for number, fields in () if is_empty else _lines(path, 2, skip_blank=True):
        pair = [_whole(path, number, field) - first_id for field in fields]
        for what, value, limit in zip(("row", "label"), pair, limits, strict=True):
            if not 0 <= value < limit:
                last = limit - 1 + first_id
                raise DataError(path, f"{what} {value + first_id}; expected {first_id} to {last}", number)
        pairs.append(pair)
    return np.array(pairs, np.int64).reshape(-1, 2)


def _lines(path: Path, n_fields: int, *, skip_blank: bool = False) -> Iterator[tuple[int, list[bytes]]]:
    check_is_file(path)
    with clear_read_errors(path), open_to_read(path) as file:
        for number, line in enumerate(lines_of(file, path, LONGEST_HEADER), 1):
            fields = line.split()
            if skip_blank and not fields:
                continue
            if len(fields) != n_fields:
                found = "1 field" if len(fields) == 1 else f"{len(fields)} fields"
                raise DataError(path, f"{found}; expected {n_fields}, whole numbers", number)
            yield number, fields


def _whole(path: Path, number: int, field: bytes) -> int:
    if not field.isdigit() or len(field) > _DIGITS:
        raise DataError(
            path, f"{shown(field.decode(errors='backslashreplace'))}; expected a whole number", number
        )
    return int(field)


def _check_labels(top: TopK, predictions: str | Path, known: str | Path, n_labels: int) -> None:
    rows, places = np.nonzero(top.labels >= n_labels)
    if len(rows):  # of JSON lines: the other formats say how many labels there are, and have been checked
        label, line = top.labels[rows[0], places[0]], int(rows[0]) + 1
        raise DataError(predictions, f"label {label}; {known} has {n_labels} labels, from 0", line)


def _truth(
    path: Path,
    one_based: OneBased,
    n_known: int | None,
    training: Dataset | None,
    part: PartOfFolder,
    format: str = "auto",
) -> _Truth:
    """As many labels as the file says, or else as it has, at least those that are known."""
    if is_dataset(path):
        dataset = Dataset.open(path)
        _check_texts(dataset, training)
        texts = LabelTexts(dataset.label_uris, dataset.label_names)
        return _Truth(dataset.labels, texts, dataset.record_ids)
    source = open_rows(path, format, like=training, part=part, lenient=True, one_based=one_based)
    if is_of_records(source):
        assert training is not None and source.labels is not None
        parts, record_ids = _held(path, ((block.labels, block.record_ids) for block in source))
        uris = None if training.label_uris is None else source.labels.uris
        return _Truth(_joined(parts, training.n_labels), LabelTexts(uris, source.labels.names), record_ids)
    if training is not None:
        for what in ("feature_names", "label_names"):
            found = getattr(source, what, None)
            check_same_names(source.paths[0], what, found or [], getattr(training, what))
    declared = source.n_labels
    if source.format == "npy":
        labels: Iterable[CSR] = [indicated(source.paths[-1])]
        declared = None
    elif source.format in _LABELS_ALONE:  # the rows of the last file are the labels
        alone = open_source(source.paths[-1:], one_based=one_based)
        declared = alone.n_features
        labels = _labels_alone(path, (block.features for block in alone))
    else:
        labels = (block.labels for block in source)
    parts, _ = _held(path, ((part, None) for part in labels))
    return _Truth(_joined(parts, n_known or 0 if declared is None else declared))


def _check_texts(dataset: Dataset, training: Dataset | None) -> None:
    """DataError unless a data set's first labels are the training set's, by their names and URIs."""
    for kind in ("label_names", "label_uris"):
        ours, theirs = getattr(dataset, kind), getattr(training, kind, None)
        for label, (name, expected) in enumerate(zip(ours or (), theirs or (), strict=False)):
            if name != expected:
                said = f"label {label} is {shown(name)}; in the training set it is {shown(expected)}"
                raise DataError(dataset.path or "truth", f"{said}: convert it with --like")


def _check_records(
    predicted: Strings | None, predictions: str | Path, true: Strings | None, truth: str | Path
) -> None:
    """DataError if predictions and truth, row by row, are not of the same records, where both say which."""
    if predicted is None or true is None or predicted == true:
        return
    for row, (ours, theirs) in enumerate(zip(predicted, true, strict=True), 1):
        if ours != theirs:
            said = f"row {row}: record {shown(ours)}; in {truth} it is {shown(theirs)}"
            raise DataError(predictions, f"{said}; expected the same records in the same order")


def _check_uris(
    predicted: Mapping[int, str], predictions: str | Path, known: Sequence[str], where: str | Path
) -> None:
    """DataError if a label is called otherwise in the predictions than in what they are compared with."""
    for label, uri in predicted.items():
        if label < len(known) and known[label] != uri:
            said = f"label {label}: uri {shown(uri)}; in {where} it is {shown(known[label])}"
            raise DataError(predictions, f"{said}; expected predictions of a model of the same labels")


def _joined(parts: list[CSR], at_least: int) -> CSR:
    return CSR.concatenate(parts, max([at_least, *(part.n_columns for part in parts)]))


def _held(path: Path, blocks: Iterable[tuple[CSR, Strings | None]]) -> tuple[list[CSR], Strings | None]:
    """The labels of all blocks, and the ids of their records, unless they are beyond memory."""
    parts, ids, size = list[CSR](), list[Strings](), 0
    for part, some in blocks:
        parts.append(part)
        ids += [] if some is None else [some]
        n_bytes = part.indptr.nbytes + part.indices.nbytes + (0 if some is None else some.nbytes)
        size += 2 * n_bytes  # once more when they are joined
        check_fits(size, path, "the true labels", "a smaller file")
    return parts, Strings.concatenate(ids) if ids else None


def _labels_alone(path: Path, blocks: Iterable[Features]) -> Iterator[CSR]:
    first = 1
    for rows in blocks:
        if isinstance(rows, Dense):
            raise DataError(path, "an array of features; expected labels")
        if not (positive := rows.values > 0).all():
            place = int(np.argmin(positive))
            row = first + int(np.searchsorted(rows.indptr, place, side="right")) - 1
            found = f"row {row}, label {rows.indices[place]}: {rows.values[place]:g}"
            raise DataError(path, f"{found}; expected labels, with values above zero")
        yield CSR(rows.indptr, rows.indices, None, rows.n_columns)
        first += rows.n_rows
