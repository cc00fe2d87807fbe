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

import math
import re
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import version
from io import TextIOWrapper
from pathlib import Path
from typing import IO, NamedTuple, TypeAlias

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from pwdismec.data.csr import CSR
from pwdismec.data.formats.lines import lines_of
from pwdismec.data.names import check_names, check_uris
from pwdismec.data.transforms import Transforms
from pwdismec.errors import ConfigError, DataError
from pwdismec.files import file_to_read, file_to_write, replacing_file
from pwdismec.model.beside import Beside
from pwdismec.model.model import Model
from pwdismec.model.model_manifest import Run, ShardPlan
from pwdismec.model.model_writer import model_output, write_model
from pwdismec.model.shard import Shard
from pwdismec.model.shard_plan import shard_at
from pwdismec.outputs import output_file
from pwdismec.quoting import visible
from pwdismec.solvers import Certificate

_ONE_COLUMN_FOR_TWO = "L2R_L2LOSS_SVC"
_SHARD_SIZE = 1000
_COLUMN_FOR_EACH = "MCSVM_CS"  # the one type of which LIBLINEAR stores two classes as two columns


_FIELDS = ("solver_type", "nr_class", "label", "nr_feature", "bias")
_WHOLE = re.compile("[0-9]{1,10}")
_LARGEST_LABEL = 2**31 - 2

# Bytes of a line: the weights of five million labels.
_LONGEST_LINE = 64_000_000

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
    with (
        replacing_file(path, overwrite=overwrite) as aside,
        TextIOWrapper(file_to_write(aside), "ascii") as out,
    ):
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
    label_uris: list[str] | None = None,
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
    label_uris
        What the source calls each of them, if that is not its name.
    overwrite
        Replace a model that is at `path`, once the new one is whole.
    on_file
        Called at first, and after every file that is read.

    Raises
    ------
    DataError
        If a file is not a text model (file and line are named), or a label has weights twice; or names or
        URIs are not one for each label.
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
    if n_labels > _LARGEST_LABEL + 1:
        raise ConfigError(f"n_labels: {n_labels}; expected at most {_LARGEST_LABEL + 1}")
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
        label_uris=label_uris is not None,
        positive_weights_sha256=None,
        config={"imported": [visible(file.name) for file in files], "bias": parts[0].constant},
        plan=_plan(label_ids, n_labels),
    )
    shards = (_part_of(place, label_ids, weights, bias) for place in run.plan)
    beside = Beside(
        Transforms(None, l2_normalize),
        None if label_names is None else check_names(label_names, n_labels, "labels"),
        None if label_uris is None else check_uris(label_uris, n_labels),
    )
    return write_model(folder, run, beside, shards, overwrite=overwrite)


def _plan(label_ids: NDArray[np.int32], n_labels: int) -> tuple[ShardPlan, ...]:
    """The shards that hold a label: whatever the ids are, no more than there are labels."""
    numbers = np.unique(label_ids // _SHARD_SIZE).tolist()
    return tuple(shard_at(number, n_labels, _SHARD_SIZE) for number in numbers)


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
        with file_to_read(path) as file:
            lines = _numbered(path, file)
            return _read_weights(path, lines, _read_header(path, lines))
    except OSError as error:
        raise DataError(path, f"cannot read: {error.strerror}") from error


Lines: TypeAlias = Iterator[tuple[int, str]]


def _numbered(path: Path, file: IO[bytes]) -> Lines:
    for number, line in enumerate(lines_of(file, path, _LONGEST_LINE), 1):
        try:
            yield number, line.decode("ascii")
        except UnicodeDecodeError as error:
            said = "not a text model: it holds bytes that are no ASCII text"
            raise DataError(path, said, number) from error


class _Header(NamedTuple):
    labels: NDArray[np.int32]
    n_features: int
    constant: float
    one_column: bool


def _read_header(path: Path, lines: Lines) -> _Header:
    fields: dict[str, tuple[int, list[str]]] = {}
    for number, line in lines:
        name, *words = line.split() or [""]
        if name == "w" and not words:
            break
        if name not in _FIELDS or name in fields:
            found = f"{line[:40].strip()!r}{' once more' * (name in fields)}"
            raise DataError(path, f"{found}; expected a line of a LIBLINEAR model's header", number)
        fields[name] = number, words
    else:
        raise DataError(path, "ends before the line 'w'; expected a LIBLINEAR text model")
    if missing := [name for name in _FIELDS if name not in fields]:
        raise DataError(path, f"header: no line {missing[0]!r}; expected {', '.join(_FIELDS)}")
    n_classes, n_features = _count(path, fields, "nr_class"), _count(path, fields, "nr_feature")
    labels = _labels(path, *fields["label"])
    if len(labels) != n_classes:
        raise DataError(path, f"{len(labels)} labels; nr_class says {n_classes}", fields["label"][0])
    one_column = n_classes == 2 and fields["solver_type"][1] != [_COLUMN_FOR_EACH]
    return _Header(labels, n_features, max(_bias(path, *fields["bias"]), 0.0), one_column)


def _count(path: Path, fields: Mapping[str, tuple[int, list[str]]], name: str) -> int:
    line, words = fields[name]
    if len(words) != 1 or not _WHOLE.fullmatch(words[0]) or not 0 < int(words[0]) < 2**31:
        found = " ".join(words)[:40]
        raise DataError(path, f"{name}: {found!r}; expected a whole number from 1 to {2**31 - 1}", line)
    return int(words[0])


def _labels(path: Path, line: int, words: list[str]) -> NDArray[np.int32]:
    for word in words:
        if not _WHOLE.fullmatch(word) or int(word) > _LARGEST_LABEL:
            raise DataError(path, f"label: {word[:40]!r}; expected ids from 0 to {_LARGEST_LABEL}", line)
    labels = np.array(list(map(int, words)), np.int32)
    if len(np.unique(labels)) != len(labels):
        raise DataError(path, "label: an id twice; expected distinct ids", line)
    return labels


def _bias(path: Path, line: int, words: list[str]) -> float:
    try:
        [value] = map(float, words)
    except ValueError:
        value = math.nan
    if not abs(value) <= float(np.finfo(np.float32).max) or "_" in words[0]:
        found = " ".join(words)[:40]
        raise DataError(path, f"bias: {found!r}; expected a finite number, at most 3.4e38", line)
    return value


def _read_weights(path: Path, lines: Lines, header: _Header) -> _Part:
    width = 1 if header.one_column else len(header.labels)
    n_rows = header.n_features + (header.constant > 0)
    columns, values = [np.zeros(0, np.int32)], [np.zeros(0, np.float32)]
    ends = array("q", [0])
    bias = np.zeros(width, np.float32)
    row = -1
    for row, (number, line) in enumerate(lines):
        weights = _weights(path, number, line, width)
        if row >= n_rows:
            raise DataError(path, f"more lines than features; expected {n_rows} lines of weights", number)
        if row == header.n_features:
            with np.errstate(over="ignore"):
                bias = weights * np.float32(header.constant)
            if not np.isfinite(bias).all():
                raise DataError(path, "weight times bias is beyond float32; expected at most 3.4e38", number)
        else:
            kept = np.flatnonzero(weights).astype(np.int32)
            if len(kept):  # most lines of a sparse model have none
                columns.append(kept)
                values.append(weights[kept])
            ends.append(ends[-1] + len(kept))
    if row + 1 != n_rows:
        raise DataError(path, f"ends after {row + 1} lines of weights; expected {n_rows}")
    stacked = (np.concatenate(values), np.concatenate(columns), np.array(ends, np.int64))
    matrix = sp.csr_matrix(stacked, shape=(header.n_features, width)).T
    if header.one_column:
        matrix, bias = sp.vstack([matrix, -matrix]), np.concatenate([bias, -bias])
    return _Part(header.labels, CSR.from_scipy(matrix), bias, header.constant)


def _weights(path: Path, number: int, line: str, width: int) -> NDArray[np.float32]:
    words = line.split()
    if len(words) != width:
        raise DataError(path, f"{len(words)} weights; expected {width}", number)
    try:
        with np.errstate(over="ignore"):
            weights = np.fromiter(map(float, words), np.float32, width)
    except ValueError as error:
        raise DataError(path, f"{str(error)[:100]}; expected {width} weights", number) from error
    if not np.isfinite(weights).all() or "_" in line:  # which Python takes between digits
        raise DataError(path, f"a weight is no finite number; expected {width}, at most 3.4e38", number)
    return weights
