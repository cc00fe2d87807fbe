"""What each step of an experiment was made from, so that what is done is not done again."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pwdismec.data.manifest import MANIFEST
from pwdismec.files import clear_os_errors, read_file, write_file


@dataclass(frozen=True)
class Steps:
    """The steps of one work folder.

    Attributes
    ----------
    folder
        Holds a record for each step.
    say
        Takes a line for the user.
    """

    folder: Path
    say: Callable[[str], None]

    def run(self, name: str, output: Path, made_from: Mapping[str, Any], make: Callable[[], None]) -> None:
        """Call `make`, unless its output is there and was made from the same.

        Parameters
        ----------
        name
            Names the step.
        output
            The file or folder that `make` writes, whole or not at all.
        made_from
            The step's inputs and settings, as plain JSON.
        """
        path = self.folder / f"{name}.json"
        made_from = json.loads(json.dumps(made_from))
        if _read(path) == {"made_from": made_from, "output": state_of(output)}:
            self.say(f"{name}: done before, nothing has changed")
            return
        make()
        record = {"made_from": made_from, "output": state_of(output)}
        with clear_os_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        write_file(path, f"{json.dumps(record, indent=1)}\n".encode())


def state_of(path: Path) -> list[int]:
    """Size and time of a file (of a folder: its manifest), which change with the content; else nothing."""
    file = path / MANIFEST if path.is_dir() else path
    if not file.exists():
        return []
    stat = file.stat()
    return [stat.st_size, stat.st_mtime_ns]


def _read(path: Path) -> Any:
    try:
        return json.loads(read_file(path))
    except (OSError, ValueError):  # no record, or none that is whole: the step is done again
        return None
