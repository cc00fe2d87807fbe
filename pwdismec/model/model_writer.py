"""A whole model written at once: imported, or made of others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path

from pwdismec.cluster.leases import claims_in
from pwdismec.data.dataset_manifest import VECTORIZER, VECTORIZER_FILES
from pwdismec.errors import OutputError
from pwdismec.files import replacing_folder
from pwdismec.model.beside import Beside
from pwdismec.model.model import Model, finish_run, write_run
from pwdismec.model.model_manifest import (
    CALIBRATION,
    CLAIMS,
    IDF,
    INDEX,
    LABEL_NAMES,
    LABEL_URIS,
    MANIFEST,
    RUN,
    VERIFIED,
    Run,
    ShardPlan,
    run_at,
)
from pwdismec.model.shard import Shard, write_shard
from pwdismec.outputs import Inputs, output_folder

OnShard = Callable[[int, int], None]
"""Takes how many shards are done, at first none, and how many there will be."""


def model_output(path: str | Path, inputs: Inputs, *, overwrite: bool) -> Path:
    """Where to write a model; parameters and errors are those of `output_folder`.

    Raises
    ------
    OutputError
        If a training runs there; or as `output_folder`.
    """
    return output_folder(path, inputs, contents=_contents, overwrite=overwrite)


def _contents(folder: Path) -> set[str]:
    """The files of a model, or of a training that was broken off, and what was derived from them."""
    run = run_at(folder)
    if run is None:
        raise OutputError(f"{folder}: exists and is not a model; expected a new folder")
    at_work = sorted({str(claim) for claim in claims_in(folder / CLAIMS).values() if not claim.is_dead})
    if at_work and not (folder / MANIFEST).exists():
        raise OutputError(f"{folder}: holds a training that runs ({'; '.join(at_work)})")
    claims = [f"{CLAIMS}/{Path(place.file).stem}" for place in run.plan]
    texts = [f"{VECTORIZER}/{name}" for name in VECTORIZER_FILES]
    files = [RUN, MANIFEST, IDF, LABEL_NAMES, LABEL_URIS, VERIFIED, INDEX, CALIBRATION]
    return {*files, f"{CLAIMS}/{MANIFEST}", *(place.file for place in run.plan), *claims, *texts}


def write_model(
    folder: Path,
    run: Run,
    beside: Beside,
    shards: Iterable[Shard],
    on_shard: OnShard | None = None,
    *,
    overwrite: bool = False,
) -> Model:
    """Write the shards of `run.plan` one by one; the folder takes its place when the model is whole.

    `folder` is one that `model_output` gave.

    Raises
    ------
    PwdismecError
        If it cannot be written.
    """
    with replacing_folder(folder, overwrite=overwrite) as aside:
        write_run(aside, run, beside)
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
