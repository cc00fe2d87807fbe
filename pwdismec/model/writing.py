"""A whole model written at once: imported, or made of others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path

from pwdismec.data.transforms import Transforms
from pwdismec.errors import ModelError
from pwdismec.files import replacing_folder
from pwdismec.model.manifest import Run, ShardPlan
from pwdismec.model.model import Model, finish_run, write_run
from pwdismec.model.shard import Shard, write_shard

OnShard = Callable[[int, int], None]
"""Takes how many shards are done, at first none, and how many there will be."""


def check_is_new(folder: Path) -> None:
    """Raise ModelError if something is at `folder`."""
    if folder.exists():
        raise ModelError(f"{folder}: exists; expected a new folder")


def write_model(
    folder: Path,
    run: Run,
    transforms: Transforms,
    label_names: list[str] | None,
    shards: Iterable[Shard],
    on_shard: OnShard | None = None,
    *,
    vectorizer: Path | None = None,
) -> Model:
    """Write the shards of `run.plan` one by one; the folder takes its place when the model is whole.

    `vectorizer` is the folder of what made the features of texts, where there is one.

    Raises
    ------
    ModelError
        If the folder exists.
    PwdismecError
        If it cannot be written.
    """
    check_is_new(folder)
    with replacing_folder(folder) as aside:
        write_run(aside, run, transforms, label_names, vectorizer)
        entries, run_id = [], run.id
        if on_shard is not None:
            on_shard(0, len(run.plan))
        for place, shard in zip(run.plan, shards, strict=True):
            entries.append(write_shard(aside, place, run_id, shard, run.dtype))
            if on_shard is not None:
                on_shard(len(entries), len(run.plan))
        finish_run(aside, run, entries)
    return Model.open(folder)


def with_history(run: Run, notes: list[str], plan: tuple[ShardPlan, ...], **settings: object) -> Run:
    """The run of a model made of one of `run`: `notes` say how, and stay in its manifest."""
    config = {**run.config, **settings, "history": [*run.history, *notes]}
    return run.model_copy(
        update={"config": config, "plan": plan, "written_by": f"pwdismec {version('pwdismec')}"}
    )
