"""A model cut to some of its labels, which keep their ids."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pwdismec.data.names import MAX_NAMES
from pwdismec.errors import ConfigError, DataError, ModelError
from pwdismec.files import read_file
from pwdismec.model.beside import Beside
from pwdismec.model.model import Model
from pwdismec.model.model_manifest import ShardPlan
from pwdismec.model.model_writer import OnShard, model_output, with_history, write_model
from pwdismec.model.shard import Shard
from pwdismec.quoting import shown

# Of a label's id, with zeros in front.
_MOST_DIGITS = 100


def slice_model(
    model: Model,
    path: str | Path,
    label_ids: NDArray[np.integer],
    on_shard: OnShard | None = None,
    *,
    overwrite: bool = False,
) -> Model:
    """Write the model of some labels only.

    The label space stays what it was: ids, names and `n_labels` are the model's, so that predictions mean
    the same and slices can be merged again. The other labels are as if they had not been trained.

    Parameters
    ----------
    model
        The model.
    path
        The new model's folder, or that of a model if `overwrite`.
    label_ids
        Shape (n,): the labels to keep, in any order.
    on_shard
        Called at first, and after every shard.
    overwrite
        Replace a model that is at `path`, once the new one is whole.

    Raises
    ------
    ConfigError
        If an id is out of range, or there is none.
    ModelError
        If no label of them was trained.
    OutputError
        If `path` exists and is not to be replaced, or must not be (`pwdismec.outputs`).
    """
    folder = model_output(path, [model.path], overwrite=overwrite)
    if len(label_ids) == 0:
        raise ConfigError("labels: none; expected the labels to keep")
    if label_ids.min() < 0 or label_ids.max() >= model.n_labels:
        raise ConfigError(f"labels: expected ids from 0 to {model.n_labels - 1}")
    wanted = np.unique(label_ids)
    places = [place for place in model.manifest.run.plan if _holds_any(place, wanted)]
    entries = {entry.file: entry for entry in model.manifest.shards}
    run = with_history(model.manifest.run, [f"cut to {len(wanted)} labels"], tuple(places))

    def shards() -> Iterator[Shard]:
        n_trained = 0
        for place in places:
            shard = model.shard(entries[place.file])
            shard = shard.take(np.flatnonzero(np.isin(shard.label_ids, wanted)))
            n_trained += len(shard.label_ids)
            yield shard
        if n_trained == 0:
            raise ModelError(f"{model.path}: none of the {len(wanted)} labels was trained")

    return write_model(folder, run, Beside.of(model), shards(), on_shard, overwrite=overwrite)


def _holds_any(place: ShardPlan, wanted: NDArray[np.integer]) -> bool:
    first, stop = np.searchsorted(wanted, (place.first, place.stop))
    return bool(first < stop)


def read_labels(path: str | Path, model: Model) -> NDArray[np.int64]:
    """The labels listed in a file, ids, or URIs and names, one a line; the first line tells which.

    Returns
    -------
    NDArray
        int64, shape (n,): ids in the order of the lines.

    Raises
    ------
    DataError
        If the file cannot be read, a line is no label of the model, names no label or several, or is there
        twice; or the first line can be read both as an id and as a URI or name of another label.
    """
    lines = _lines(path)
    first = next(lines, (1, ""))[1]
    lines = chain([(1, first)], lines)
    names, uris = model.label_names or [], model.label_uris or []
    ids_of = {name: label for of_labels in (names, uris) for label, name in enumerate(of_labels)}
    several = {name for name, count in Counter(names).items() if count > 1} - set(uris)
    by_name = first in ids_of
    if by_name and (label := _id(first, model.n_labels)) is not None and label != ids_of[first]:
        raise DataError(
            path,
            f"{shown(first)} is the id of one label and what another is called; begin with another label",
            1,
        )
    seen: dict[int, int] = {}
    for number, line in lines:
        label = ids_of.get(line) if by_name else _id(line, model.n_labels)
        if label is None:
            called = "a URI or name" if uris else "a name"
            expected = f"{called} of a label" if by_name else f"a label id from 0 to {model.n_labels - 1}"
            or_name = f" or, in every line, {called}" if ids_of and not by_name else ""
            raise DataError(path, f"{shown(line)}; expected {expected}{or_name}", number)
        if by_name and line in several:
            raise DataError(
                path,
                f"{shown(line)}: several labels have this name; list {'URIs' if uris else 'ids'}",
                number,
            )
        if label in seen:
            raise DataError(path, f"{shown(line)}: the same label as in line {seen[label]}", number)
        seen[label] = number
    return np.fromiter(seen, np.int64, len(seen))


def _lines(path: str | Path) -> Iterator[tuple[int, str]]:
    """The lines with their numbers."""
    try:
        content = read_file(path, MAX_NAMES).removeprefix(BOM_UTF8)
    except FileNotFoundError as error:
        raise DataError(path, "no such file; expected a file of labels, ids or names, one a line") from error
    except OSError as error:
        raise DataError(path, f"cannot read: {error.strerror}") from error
    for number, line in enumerate(BytesIO(content), 1):  # not all at once: the first may be none
        try:
            yield number, line.decode().removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError as error:
            raise DataError(path, f"not UTF-8: {error.reason}", number) from error


def _id(text: str, n_labels: int) -> int | None:
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        return None
    return int(text) if int(text) < n_labels else None
