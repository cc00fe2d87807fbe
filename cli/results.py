"""Results of commands, as text for people and as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pwdismec.files import write_file
from pwdismec.outputs import Inputs, output_file

from .command import STDOUT
from .streams import print_json, print_text


def json_output(path: Path | None, inputs: Inputs, *, overwrite: bool) -> Path | None:
    """Where ``--json`` is to be written, seen to be free before the work begins."""
    if path is None or path == STDOUT:
        return path
    return output_file(path, inputs, overwrite=overwrite)


def print_result(text: str, value: Mapping[str, Any], path: Path | None, *, overwrite: bool = False) -> None:
    """Print a result as text, or with ``--json`` as JSON; with ``--json FILE`` the JSON goes to the file."""
    if path == STDOUT:
        print_json(value)
        return
    if path is not None:
        write_file(path, f"{json.dumps(value, indent=1)}\n".encode(), overwrite=overwrite)
    print_text(text)
