"""Predict for a data set or a file of raw instances, in memory that does not grow with their number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from pwdismec.data import CSR, Dataset, Dense
from pwdismec.data.dense import Features
from pwdismec.data.formats import open_source
from pwdismec.data.transforms import Transforms, check_term_counts
from pwdismec.errors import ModelError
from pwdismec.model import Model
from pwdismec.pipeline.watching import OnProgress
from pwdismec.prediction import Predictor
from pwdismec.prediction.files import writing_predictions

# Enough that threads are busy and each block of labels is read for many instances.
_ROWS = 8192


def predict_file(
    model: str | Path,
    source: str | Path,
    out: str | Path,
    *,
    top_k: int = 5,
    format: str = "xmc",
    one_based: bool = False,
    jobs: int = -1,
    on_progress: OnProgress | None = None,
) -> None:
    """Write the best labels of each instance to a file.

    Parameters
    ----------
    model
        A model's folder.
    source
        A data set's folder, or a file in any format of `open_source`: raw values, to which the model's
        transforms are applied. Labels are not looked at; of a pair, this is the features' file.
    out
        The prediction file; an older one is replaced once the new one is whole.
    top_k
        Places an instance.
    format
        "xmc", "npz" or "jsonl".
    one_based
        The ids of a raw file start at one.
    jobs
        Threads; −1 for every core.
    on_progress
        Called with the instances done and their number.

    Raises
    ------
    ModelError
        If the model is not whole, or the source has other features or was transformed in another way.
    DataError
        If the source cannot be read.
    PwdismecError
        If the predictions cannot be written, or a setting is out of range.
    """
    trained = Model.open(model)
    n_instances, blocks = _instances(Path(source), trained, one_based)
    with writing_predictions(
        out, format, n_instances=n_instances, n_labels=trained.n_labels, label_names=trained.label_names
    ) as write:
        done = 0
        for top in Predictor(trained).predict_blocks(blocks, top_k, jobs):
            write(top)
            done += len(top.labels)
            if on_progress is not None:
                on_progress(done, n_instances)


class _Instances(NamedTuple):
    n_instances: int
    blocks: Iterable[Features]


def _instances(path: Path, model: Model, one_based: bool) -> _Instances:
    """The features at `path` as the model wants them."""
    if path.is_dir():
        dataset = Dataset.open(path)
        if dataset.n_features != model.n_features:
            raise ModelError(
                f"{path}: {dataset.n_features} features; the model {model.path} has {model.n_features}"
            )
        parts = (dataset.features.rows(*rows) for rows in _ranges(dataset.n_instances))
        return _Instances(
            dataset.n_instances, (model.transforms.bring(part, dataset.transforms) for part in parts)
        )
    source = open_source(path, one_based=one_based, n_features=model.n_features)
    n_instances = source.n_instances
    if n_instances is None:  # no header: the file is read twice, as predictions begin with their number
        n_instances = sum(block.features.n_rows for block in source)
    blocks = _gathered(block.features for block in source)
    return _Instances(n_instances, _transformed(blocks, model.transforms, path))


def _ranges(n_rows: int) -> Iterator[tuple[int, int]]:
    for start in range(0, n_rows, _ROWS):
        yield start, min(start + _ROWS, n_rows)


def _gathered(blocks: Iterable[Features]) -> Iterator[Features]:
    """The same rows in blocks of at least `_ROWS`, the last excepted, and not many more.

    Dense blocks, which come large, are only cut.
    """
    parts: list[CSR] = []
    for block in blocks:
        if isinstance(block, Dense):
            yield from (block.rows(*rows) for rows in _ranges(block.n_rows))
            continue
        parts += (block.rows(*rows) for rows in _ranges(block.n_rows))
        if sum(part.n_rows for part in parts) >= _ROWS:
            yield CSR.concatenate(parts, block.n_columns)
            parts = []
    if parts:
        yield CSR.concatenate(parts, parts[0].n_columns)


def _transformed(blocks: Iterable[Features], transforms: Transforms, path: Path) -> Iterator[Features]:
    first = 0
    for block in blocks:
        if transforms.idf is not None:
            check_term_counts(block, path, first)
        yield transforms.apply(block)
        first += block.n_rows
