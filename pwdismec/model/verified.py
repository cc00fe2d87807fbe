"""Which shards were found intact, and their files' times then: one of another time was written to.

The record is derived: without it, or where it cannot be written, every shard is verified.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from pwdismec.errors import PwdismecError
from pwdismec.files import read_file, write_file
from pwdismec.model.manifest import ShardEntry
from pwdismec.model.shard import check_shard
from pwdismec.patience import patient

VERIFIED: Final = "verified.json"


@patient
def verify_changed(folder: Path, shards: Iterable[ShardEntry]) -> None:
    """Verify the checksums of those `shards` of a model that were written to since this was last done.

    Where there are none, it takes a `stat` a shard. What a failing disk changes without telling the file
    system is not seen.

    Raises
    ------
    ModelError
        If a shard is missing, or not the one in the manifest.
    """
    record = folder / VERIFIED
    sha256_of = {entry.file: entry.sha256 for entry in shards}
    found = {file: [sha256, (folder / file).stat().st_mtime_ns] for file, sha256 in sha256_of.items()}
    verified = _read(record)
    changed = [file for file in found if verified.get(file) != found[file]]
    for file in changed:
        check_shard(folder / file, sha256_of[file])
    if changed:
        with contextlib.suppress(PwdismecError):
            write_file(record, json.dumps({**verified, **found}).encode())


def _read(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(read_file(path)))
    except (OSError, PwdismecError, ValueError, TypeError):
        return {}
