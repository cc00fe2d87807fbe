"""One model of several over different labels, such as machines have trained that shared the work."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

from pwdismec.data.dataset_manifest import files_of_vectorizer
from pwdismec.errors import ConfigError, ModelError
from pwdismec.files import read_file
from pwdismec.model.beside import Beside
from pwdismec.model.model import Model
from pwdismec.model.model_manifest import Run, ShardPlan
from pwdismec.model.model_writer import OnShard, model_output, with_history, write_model
from pwdismec.model.shard import Shard
from pwdismec.model.shard_plan import plan_shards
from pwdismec.quoting import shown


def merge_models(
    models: Sequence[Model],
    path: str | Path,
    *,
    append: bool = False,
    overwrite: bool = False,
    on_shard: OnShard | None = None,
) -> Model:
    """Write one model with the labels of all `models`; a shard of it and of each of them is in memory.

    Parameters
    ----------
    models
        Two or more, of the same features, transforms and bias. Without `append` their label space is the
        same, too (number of labels, names, URIs), and no label is trained in two of them; with it, no two
        labels may have one URI.
    path
        The new model's folder, or that of a model if `overwrite`.
    append
        Each model's labels follow those of the model before it: their ids grow by the labels before them.
    overwrite
        Replace a model that is at `path`, once the new one is whole.
    on_shard
        Called at first, and after every shard.

    Raises
    ------
    ConfigError
        If there are fewer than two models.
    ModelError
        If the models do not fit, or a label is trained in two.
    OutputError
        If `path` exists and is not to be replaced, or must not be (`pwdismec.outputs`).
    """
    folder = model_output(path, [model.path for model in models], overwrite=overwrite)
    if len(models) < 2:
        raise ConfigError(f"{len(models)} model; expected two or more to merge")
    for model in models[1:]:
        _check_fits(models[0], model, append)
    offsets = list(accumulate((model.n_labels for model in models), initial=0)) if append else []
    parts = list(zip(models, offsets if append else [0] * len(models), strict=False))
    n_labels = offsets[-1] if append else models[0].n_labels
    entries = [(model, offset, entry) for model, offset in parts for entry in model.manifest.shards]
    size = max(entry.stop - entry.first for _, _, entry in entries)
    overlapping = {
        place: [
            (model, offset, entry)
            for model, offset, entry in entries
            if entry.first + offset < place.stop and entry.stop + offset > place.first
        ]
        for place in plan_shards(n_labels, size)
    }
    plan = tuple(place for place, found in overlapping.items() if found)

    def shards() -> Iterator[Shard]:
        for place in plan:
            cut = [
                (model, _within(model.shard(entry), offset, place))
                for model, offset, entry in overlapping[place]
            ]
            yield _together(cut)

    beside = Beside.of(models[0])
    if append and beside.label_names is not None:
        names = [name for model in models for name in model.label_names or []]
        beside = beside._replace(label_names=names)
    if append and beside.label_uris is not None:
        beside = beside._replace(label_uris=_all_uris(models))
    run = _run_of(models, n_labels, plan)
    return write_model(folder, run, beside, shards(), on_shard, overwrite=overwrite)


def _all_uris(models: Sequence[Model]) -> list[str]:
    """The models' URIs one after another; ModelError if two models have one in common."""
    path_of: dict[str, Path] = {}
    for model in models:
        for uri in model.label_uris or []:
            if uri in path_of:
                raise ModelError(f"{model.path}: label {shown(uri)} is in {path_of[uri]}, too")
            path_of[uri] = model.path
    return list(path_of)


def _check_fits(first: Model, other: Model, append: bool) -> None:
    def agree(what: str, of: Callable[[Model], Any], told: bool = True) -> None:
        a, b = of(first), of(other)
        if a != b:
            said = f"{b}; {first.path} has {a}" if told else f"not those of {first.path}"
            raise ModelError(f"{other.path}: {what}: {said}")

    agree("features", lambda model: model.n_features)
    agree("transforms", lambda model: str(model.transforms))
    agree("idf values", lambda model: model.transforms, told=False)
    agree("bias", lambda model: model.manifest.run.bias)
    if append:
        agree("names of labels", lambda model: "none" if model.label_names is None else "given")
        agree("URIs of labels", lambda model: "none" if model.label_uris is None else "given")
    else:
        agree("labels", lambda model: model.n_labels)
        agree("names of labels", lambda model: model.label_names, told=False)
        agree("URIs of labels", lambda model: model.label_uris, told=False)
        agree("vectoriser", _vectorizer_of, told=False)


def _vectorizer_of(model: Model) -> dict[str, bytes] | None:
    folder = model.vectorizer
    return None if folder is None else {file.name: read_file(file) for file in files_of_vectorizer(folder)}


def _within(shard: Shard, offset: int, place: ShardPlan) -> Shard:
    """The labels of a shard that belong to `place` once `offset` is added to them."""
    label_ids = shard.label_ids.astype(np.int64) + offset
    rows = np.flatnonzero((label_ids >= place.first) & (label_ids < place.stop))
    return shard.take(rows, offset)


def _together(parts: Sequence[tuple[Model, Shard]]) -> Shard:
    shard = Shard.concatenate([part for _, part in parts])
    order = np.argsort(shard.label_ids, kind="stable")
    ascending = shard.label_ids[order]
    twice = np.flatnonzero(ascending[1:] == ascending[:-1])
    if len(twice):
        label = ascending[twice[0]]
        both = [str(model.path) for model, part in parts if label in part.label_ids]
        raise ModelError(f"label {label} is trained in two models: {' and '.join(both[:2])}")
    return shard.take(order)


def _run_of(models: Sequence[Model], n_labels: int, plan: tuple[ShardPlan, ...]) -> Run:
    """What the models have in common; of settings in which they differ, each one's."""
    runs = [model.manifest.run for model in models]

    def common(values: Sequence[Any], otherwise: Any) -> Any:
        return values[0] if all(value == values[0] for value in values) else otherwise

    names = [name for name in runs[0].config if all(name in run.config for run in runs)]
    config = {name: common(of, of) for name in names for of in [[run.config[name] for run in runs]]}
    of_parts = dict.fromkeys(note for run in runs for note in run.history)
    config["history"] = common([run.history for run in runs], [f"in part {note}" for note in of_parts])
    config["dtype"] = common([run.dtype for run in runs], "float32")
    merged = runs[0].model_copy(
        update={
            "config": config,
            "n_labels": n_labels,
            "n_instances": common([run.n_instances for run in runs], 0),
            "dataset_fingerprint": common([run.dataset_fingerprint for run in runs], None),
            "positive_weights_sha256": common([run.positive_weights_sha256 for run in runs], None),
        }
    )
    return with_history(merged, [f"merged from {len(models)} models"], plan)
