"""The text model of LIBLINEAR, which the original DiSMEC and PW-DiSMEC write as well.

::

    solver_type L2R_L2LOSS_SVC
    nr_class 3
    label 7 2 9
    nr_feature 4
    bias 1
    w
    0.12 0 -0.5
    …

A line for each feature, and one for the constant feature if bias ≥ 0, with a
weight for each label in the order of the line ``label``. LIBLINEAR stores a
problem of two classes as one column, that of the first label; the second's
scores are its negative.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from pwdismec.data.csr import CSR
from pwdismec.data.transforms import Transforms
from pwdismec.errors import ConfigError, DataError
from pwdismec.files import replacing_file
from pwdismec.model.manifest import Run, ShardPlan
from pwdismec.model.model import Model
from pwdismec.model.plan import plan_shards
from pwdismec.model.shard import Shard
from pwdismec.model.writing import model_output, write_model
from pwdismec.outputs import output_file
from pwdismec.solvers import Certificate

_ONE_COLUMN_FOR_TWO = "L2R_L2LOSS_SVC"
_SHARD_SIZE = 1000
_COLUMN_FOR_EACH = "MCSVM_CS"  # the one type of which LIBLINEAR stores two classes as two columns


OnProgress = Callable[[int, int], None]
"""Takes how much is done, at first nothing, and how much there is."""


def export_text(
    model: Model, path: str | Path, on_line: OnProgress | None = None, *, overwrite: bool = False
) -> None:
    """Write a model as one LIBLINEAR text model: dense, so meant for small models and for comparisons.

    Weights are written in the shortest form that reads back as the same float32. `on_line` is called
    after every feature. A file that is there is replaced if `overwrite`; else it is an OutputError.
    """
    path = output_file(path, [model.path], overwrite=overwrite)
    label_ids, weights, bias = model.weights()
    by_feature = weights.to_scipy().tocsc()
    constant = model.manifest.run.bias
    with replacing_file(path, overwrite=overwrite) as aside, aside.open("w", encoding="ascii") as out:
        out.write(f"solver_type {_COLUMN_FOR_EACH if len(label_ids) == 2 else _ONE_COLUMN_FOR_TWO}\n")
        out.write(f"nr_class {len(label_ids)}\nlabel {' '.join(map(str, label_ids))}\n")
        out.write(f"nr_feature {model.n_features}\nbias {constant if constant > 0 else -1}\nw\n")
        zeros = ["0"] * len(label_ids)
        if on_line is not None:
            on_line(0, model.n_features)
        for feature in range(model.n_features):
            line = zeros.copy()
            span = slice(by_feature.indptr[feature], by_feature.indptr[feature + 1])
            for place, value in zip(by_feature.indices[span], by_feature.data[span], strict=True):
                line[place] = str(value)
            out.write(" ".join(line) + "\n")
            if on_line is not None:
                on_line(feature + 1, model.n_features)
        if constant > 0:
            out.write(" ".join(str(value) for value in (bias / np.float32(constant))) + "\n")


def import_text(
    paths: Sequence[str | Path],
    path: str | Path,
    *,
    n_labels: int | None = None,
    l2_normalize: bool = True,
    label_names: list[str] | None = None,
    overwrite: bool = False,
    on_file: OnProgress | None = None,
) -> Model:
    """Make a model of LIBLINEAR or DiSMEC text models over disjoint labels.

    Parameters
    ----------
    paths
        The text models, such as the batches of a DiSMEC run.
    path
        The model's folder: a new one, or `overwrite`.
    n_labels
        L; default the largest label id + 1.
    l2_normalize
        Whether the model wants rows of unit norm. DiSMEC's data had TF-IDF values already.
    label_names
        A name for each of the L labels.
    overwrite
        Replace a model that is at `path`, once the new one is whole.
    on_file
        Called at first, and after every file that is read.

    Raises
    ------
    DataError
        If a file is not a text model (file and line are named), or a label has weights twice.
    OutputError
        If `path` exists and is not to be replaced, or must not be (`pwdismec.outputs`).
    """
    files = [Path(p) for p in paths]
    folder = model_output(path, files, overwrite=overwrite)
    parts: list[_Part] = []
    if on_file is not None:
        on_file(0, len(files))
    for file in files:
        parts.append(_read(file))
        if on_file is not None:
            on_file(len(parts), len(files))
    for file, part in zip(files, parts, strict=True):
        if (part.weights.n_columns, part.constant) != (parts[0].weights.n_columns, parts[0].constant):
            raise DataError(file, f"nr_feature or bias is not that of {files[0]}")
    label_ids = np.concatenate([part.label_ids for part in parts])
    order = np.argsort(label_ids, kind="stable")
    label_ids = label_ids[order]
    twice = label_ids[:-1][label_ids[1:] == label_ids[:-1]]
    if len(twice):
        raise DataError(files[-1], f"label {twice[0]} has weights twice")
    n_labels = int(label_ids[-1]) + 1 if n_labels is None else n_labels
    if n_labels <= label_ids[-1]:
        raise ConfigError(f"n_labels: {n_labels}; the files hold label {label_ids[-1]}")
    weights = CSR.from_scipy(sp.vstack([part.weights.to_scipy() for part in parts], "csr")[order])
    bias = np.concatenate([part.bias for part in parts])[order]
    run = Run(
        written_by=f"pwdismec {version('pwdismec')}",
        n_instances=0,
        n_features=parts[0].weights.n_columns,
        n_labels=n_labels,
        dataset_fingerprint=None,
        tfidf=False,
        l2_normalize=l2_normalize,
        label_names=label_names is not None,
        positive_weights_sha256=None,
        config={"imported": [file.name for file in files], "bias": parts[0].constant},
        plan=plan_shards(n_labels, _SHARD_SIZE),
    )
    shards = (_part_of(place, label_ids, weights, bias) for place in run.plan)
    transforms = Transforms(None, l2_normalize)
    return write_model(folder, run, transforms, label_names, shards, overwrite=overwrite)


class _Part(NamedTuple):
    label_ids: NDArray[np.int32]
    weights: CSR
    bias: NDArray[np.float32]
    constant: float


def _part_of(
    place: ShardPlan, label_ids: NDArray[np.int32], weights: CSR, bias: NDArray[np.float32]
) -> Shard:
    start, stop = np.searchsorted(label_ids, (place.first, place.stop))
    part = weights.take(np.arange(start, stop))
    unknown = np.full(stop - start, np.nan)
    certificate = Certificate(unknown, unknown, np.zeros(stop - start, np.int32))
    positives = np.zeros(stop - start, np.int64)
    return Shard(label_ids[start:stop], positives, part, bias[start:stop], certificate)


def _read(path: Path) -> _Part:
    try:
        with path.open(encoding="ascii") as file:
            header = _read_header(path, file)
            return _read_weights(path, file, header)
    except OSError as error:
        raise DataError(path, f"cannot read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DataError(path, "not a text model: it holds bytes that are no ASCII text") from error


class _Header(NamedTuple):
    labels: NDArray[np.int32]
    n_features: int
    constant: float
    one_column: bool
    lines: int


def _read_header(path: Path, file: IO[str]) -> _Header:
    fields: dict[str, list[str]] = {}
    number = 0
    for number, line in enumerate(file, 1):
        words = line.split()
        if words == ["w"]:
            break
        if not words or words[0] not in ("solver_type", "nr_class", "label", "nr_feature", "bias"):
            raise DataError(
                path, f"{line[:40].strip()!r}; expected a line of a LIBLINEAR model's header", number
            )
        fields[words[0]] = words[1:]
    else:
        raise DataError(path, "ends before the line 'w'; expected a LIBLINEAR text model")
    try:
        labels = np.array(fields["label"], np.int32)
        n_features, constant = int(fields["nr_feature"][0]), float(fields["bias"][0])
        solver, n_classes = fields["solver_type"][0], int(fields["nr_class"][0])
    except (KeyError, IndexError, ValueError, OverflowError) as error:
        raise DataError(
            path, f"header: {error}; expected solver_type, nr_class, label, nr_feature, bias"
        ) from error
    if len(labels) != n_classes or n_classes < 1:
        raise DataError(path, f"{len(labels)} labels; nr_class says {n_classes}")
    if labels.min() < 0 or len(np.unique(labels)) != len(labels):
        raise DataError(path, "label: expected distinct ids from 0 on")
    return _Header(
        labels, n_features, max(constant, 0.0), n_classes == 2 and solver != _COLUMN_FOR_EACH, number
    )


def _read_weights(path: Path, file: IO[str], header: _Header) -> _Part:
    width = 1 if header.one_column else len(header.labels)
    n_rows = header.n_features + (header.constant > 0)
    columns: list[NDArray[np.int32]] = []
    values: list[NDArray[np.float32]] = []
    constant_weights = np.zeros(width, np.float32)
    row = -1
    for row, line in enumerate(file):
        number = header.lines + row + 1
        try:
            weights = np.array(line.split(), np.float32)
        except ValueError as error:
            raise DataError(path, f"{error}; expected {width} weights", number) from error
        if len(weights) != width or row >= n_rows or not np.isfinite(weights).all():
            found = f"{len(weights)} weights" if row < n_rows else "more lines than features"
            raise DataError(path, f"{found}; expected {n_rows} lines of {width} finite weights", number)
        if row == header.n_features:
            constant_weights = weights
        else:
            columns.append(np.flatnonzero(weights).astype(np.int32))
            values.append(weights[columns[-1]])
    if row + 1 != n_rows:
        raise DataError(path, f"ends after {row + 1} lines of weights; expected {n_rows}")
    indptr = np.concatenate([[0], np.cumsum([len(c) for c in columns])])
    stacked = (np.concatenate(values), np.concatenate(columns), indptr)
    matrix = sp.csr_matrix(stacked, shape=(header.n_features, width)).T
    if header.one_column:
        matrix, constant_weights = (
            sp.vstack([matrix, -matrix]),
            np.concatenate([constant_weights, -constant_weights]),
        )
    bias = constant_weights * np.float32(header.constant)
    return _Part(header.labels, CSR.from_scipy(matrix), bias, header.constant)
