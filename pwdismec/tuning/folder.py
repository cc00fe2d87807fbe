"""A tuning's folder: what is done so far, then the results alone."""

from __future__ import annotations

from pathlib import Path

from pwdismec.errors import ModelError
from pwdismec.files import clear_os_errors, is_leftover, sweep
from pwdismec.model.manifest import difference, read_record, write_record
from pwdismec.tuning.results import Tuning, TuningRun
from pwdismec.tuning.standings import Standings

RUN = "tuning.json"
STANDINGS = "standings.safetensors"
RESULTS = "results.json"


def find_finished(folder: Path, run: TuningRun, resume: bool) -> Tuning | None:
    """The very tuning if it is done, None if it is to be begun or gone on with.

    Raises
    ------
    ModelError
        If anything else is there, or `resume` is not set.
    """
    if not any((folder / name).exists() for name in (RUN, RESULTS)):
        if folder.exists() and not (folder.is_dir() and all(map(is_leftover, folder.iterdir()))):
            raise ModelError(f"{folder}: exists and is not a tuning; expected a new folder")
        return None
    whole = read_record(folder / RESULTS, Tuning) if (folder / RESULTS).exists() else None
    found = whole.run if whole else read_record(folder / RUN, TuningRun)
    state = "a tuning" if whole else "a tuning that was broken off"
    if not resume:
        raise ModelError(f"{folder}: holds {state}; go on with --resume, or tune into another folder")
    if found.id != run.id:
        raise ModelError(f"{folder}: holds {state} of other settings or data: {difference(found, run)}")
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
    return Standings.read(folder / STANDINGS, run.id) if (folder / STANDINGS).exists() else None


def finish(folder: Path, tuning: Tuning) -> None:
    """Write the results, then drop what only an unfinished tuning needs."""
    write_record(folder / RESULTS, tuning)
    with clear_os_errors(folder):
        for name in (RUN, STANDINGS):
            (folder / name).unlink(missing_ok=True)
        sweep(folder)
