"""What each step of an experiment was made from, so that what is done is not done again."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pwdismec.data.dataset_manifest import MANIFEST
from pwdismec.errors import DamagedError, OutputError
from pwdismec.files import clear_os_errors, make_own_folder, write_file
from pwdismec.outputs import check_no_links
from pwdismec.stored import raw_json, read_stored

_MAX_BYTES = 1 << 24


@dataclass(frozen=True)
class Steps:
    """The steps of one work folder.

    Attributes
    ----------
    folder
        Holds a record for each step.
    say
        Takes a line for the user.
    overwrite
        Whether an output that was changed since, or that no step has written, is replaced.
    """

    folder: Path
    say: Callable[[str], None]
    overwrite: bool = False

    def run(
        self,
        name: str,
        output: Path,
        made_from: Mapping[str, Any],
        make: Callable[[], None],
        *,
        resumes: bool = False,
    ) -> None:
        """Call `make`, unless its output is there and was made from the same.

        It may overwrite the output: what is there was written by this step, as the record tells that is
        begun before, unless all are to be overwritten.

        Parameters
        ----------
        name
            Names the step.
        output
            The file or folder that `make` writes, whole or not at all.
        made_from
            The step's inputs and settings, as plain JSON.
        resumes
            Whether `make` itself knows its own work from anything else that is there.

        Raises
        ------
        OutputError
            If something is there that the step did not write, unless it is to be overwritten.
        """
        path = self.folder / f"{name}.json"
        check_no_links([output])
        made_from = json.loads(json.dumps(made_from))
        found = _read(path)
        if found and [found["made_from"], found["output"]] == [made_from, state_of(output)]:
            self.say(f"{name}: done before, nothing has changed")
            return
        if not (resumes or self.overwrite):
            _check_own(output, found)
        with clear_os_errors(self.folder):
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            make_own_folder(self.folder)
        _write(path, {**(found or {"made_from": None, "output": None}), "begun": True})
        make()
        _write(path, {"made_from": made_from, "output": state_of(output)})


def state_of(path: Path) -> list[int]:
    """Size and time of a file (of a folder: its manifest), which change with the content; else nothing."""
    file = path / MANIFEST if path.is_dir() else path
    if not file.exists():
        return []
    stat = file.stat()
    return [stat.st_size, stat.st_mtime_ns]


def _check_own(output: Path, found: Mapping[str, Any] | None) -> None:
    """Refuse what is there if the record does not tell of it."""
    known = found is not None and (found.get("begun") or found["output"] == state_of(output))
    if output.exists() and not known:
        raise OutputError(
            f"{output}: exists, and is not what this experiment wrote there; --overwrite replaces it, "
            "or work in another folder (--out)"
        )


def _read(path: Path) -> dict[str, Any] | None:
    """A step's record, if there is one.

    Raises
    ------
    OutputError
        If something else is in its place.
    """
    if not path.exists() and not path.is_symlink():
        return None
    try:
        found = raw_json(read_stored(path, _MAX_BYTES))
    except DamagedError:
        found = None
    if not isinstance(found, dict) or not {"made_from", "output"} <= found.keys():
        raise OutputError(f"{path}: not the record of a step; remove it, or work in another folder (--out)")
    return found


def _write(path: Path, record: Mapping[str, Any]) -> None:
    write_file(path, f"{json.dumps(record, indent=1)}\n".encode())
