"""A tuning's folder: what is done so far, then the results alone."""

from __future__ import annotations

from pathlib import Path

from pwdismec.errors import ModelError
from pwdismec.files import clear_os_errors, sweep
from pwdismec.model.model_manifest import check_resumed, read_record, write_record
from pwdismec.outputs import is_taken
from pwdismec.tuning.results import Tuning, TuningRun
from pwdismec.tuning.standings import Standings

RUN = "tuning.json"
STANDINGS = "standings.safetensors"
RESULTS = "results.json"
BEST = "best.yaml"


def contents(folder: Path) -> set[str]:
    """The files of a tuning.

    Raises
    ------
    ModelError
        If none is there.
    """
    if not any((folder / name).exists() for name in (RUN, RESULTS)):
        raise ModelError(f"{folder}: exists and is not a tuning; expected a new folder")
    return {RUN, STANDINGS, RESULTS, BEST}


def run_in(folder: Path) -> TuningRun | None:
    """What is tuned in a folder, or was; None if nothing is there.

    Raises
    ------
    ModelError
        If something else is there, or it is damaged.
    """
    if not is_taken(folder):
        return None
    contents(folder)
    whole = (folder / RESULTS).exists()
    return read_record(folder / RESULTS, Tuning).run if whole else read_record(folder / RUN, TuningRun)


def find_finished(folder: Path, run: TuningRun, resume: bool) -> Tuning | None:
    """The very tuning if it is done, None if it is to be begun or gone on with.

    Raises
    ------
    ModelError
        If anything else is there, or `resume` is not set.
    """
    found = run_in(folder)
    if found is None:
        return None
    whole = read_record(folder / RESULTS, Tuning) if (folder / RESULTS).exists() else None
    state = "a finished tuning" if whole else "an interrupted tuning"
    check_resumed(
        folder,
        found,
        run,
        same=found.id == run.id,
        what="tune",
        state=state,
        whole=whole is not None,
        resume=resume,
    )
    return whole


def begin(folder: Path, run: TuningRun) -> Standings | None:
    """Begin the folder or go on with it: where the run was broken off, None at its beginning.

    Raises
    ------
    ModelError
        If what is there is damaged.
    PwdismecError
        If the folder cannot be written.
    """
    with clear_os_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        sweep(folder)
    write_record(folder / RUN, run)
    return Standings.read(folder / STANDINGS, run) if (folder / STANDINGS).exists() else None


def finish(folder: Path, tuning: Tuning) -> None:
    """Write the results, then drop what only an unfinished tuning needs."""
    write_record(folder / RESULTS, tuning)
    with clear_os_errors(folder):
        for name in (RUN, STANDINGS):
            (folder / name).unlink(missing_ok=True)
        sweep(folder)
