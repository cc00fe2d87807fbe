"""Which shards were found intact, and their files' times then: one of another time was written to.

The record is derived: without it, or where it cannot be written, every shard is verified.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any, Final

from pwdismec.errors import PwdismecError
from pwdismec.files import read_file, write_file
from pwdismec.model.model import Model
from pwdismec.model.shard import check_shard
from pwdismec.patience import patient

VERIFIED: Final = "verified.json"


@patient
def verify_changed(model: Model) -> None:
    """Verify the checksums of the shards that were written to since this was last done.

    Where there are none, it takes a `stat` a shard. What a failing disk changes without telling the file
    system is not seen.

    Raises
    ------
    ModelError
        If a shard is missing, or not the one in the manifest.
    """
    record = model.path / VERIFIED
    shards = model.manifest.shards
    found = {e.file: [e.sha256, (model.path / e.file).stat().st_mtime_ns] for e in shards}
    verified = _read(record)
    changed = [entry for entry in shards if verified.get(entry.file) != found[entry.file]]
    for entry in changed:
        check_shard(model.path / entry.file, entry.sha256)
    if changed:
        with contextlib.suppress(PwdismecError):
            write_file(record, json.dumps(found).encode())


def _read(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(read_file(path)))
    except (OSError, PwdismecError, ValueError, TypeError):
        return {}
