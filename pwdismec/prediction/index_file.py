"""The file of a prediction index: safetensors, so written that it is mapped into memory and used as it is.

Four tensors a block (see `LabelBlock`), each of whole words and so aligned.
The header's metadata names the weights it was made of, holds the SHA-256 of
the tensors and their places, and a time to which the file's modification time is set: a
file that has it was not written to since, and is trusted unread.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterable
from itertools import count
from pathlib import Path
from typing import Any, Final

import numpy as np

from pwdismec.data.tensors import DTYPES, Tensors, map_tensors
from pwdismec.errors import StorageError
from pwdismec.files import replacing_file
from pwdismec.patience import patient
from pwdismec.prediction.blocks import LabelBlock

FORMAT: Final = "pwdismec-index"
VERSION: Final = "1"

_DTYPES: Final = {"lists": "U32", "starts": "U32", "bias": "F32", "label_ids": "I32"}
_PAGE: Final = 4096
_CHUNK: Final = 1 << 22


@patient
def write_index(path: Path, blocks: Iterable[LabelBlock], n_blocks: int, source: str) -> None:
    """Write an index, whole or not at all; one block is held at a time.

    Parameters
    ----------
    path
        The file.
    blocks, n_blocks
        The blocks, and how many there are.
    source
        Names the weights.

    Raises
    ------
    PwdismecError
        If it cannot be written.
    """
    # The header comes first and is known last, so room is left for it.
    room = -(-(8 + 512 + 512 * n_blocks) // _PAGE) * _PAGE
    seal = int(time.time())
    header: dict[str, Any] = {}
    digest = hashlib.sha256()
    with replacing_file(path) as aside:
        with aside.open("wb") as file:
            file.seek(room)
            numbers = count()  # not enumerate, which would hold a block while the next one is built
            for block in blocks:
                number = next(numbers)
                for name, code in _DTYPES.items():
                    array = np.ascontiguousarray(getattr(block, name), DTYPES[code])
                    start = file.tell() - room
                    file.write(array.data)
                    digest.update(array.data)
                    place = [start, start + array.nbytes]
                    header[_name(number, name)] = {
                        "dtype": code,
                        "shape": [len(array)],
                        "data_offsets": place,
                    }
                del array, block
            digest.update(_canonical(header))
            header["__metadata__"] = {
                "format": FORMAT,
                "version": VERSION,
                "source": source,
                "sha256": digest.hexdigest(),
                "seal": str(seal),
            }
            file.seek(0)
            file.write((room - 8).to_bytes(8, "little"))
            file.write(json.dumps(header).encode().ljust(room - 8))
        _set_seal(aside, seal)


def read_index(path: Path, source: str) -> list[LabelBlock] | None:
    """The blocks of an index, mapped; None if there is none, or not of these weights, or damaged."""
    try:
        found = map_tensors(path)
        made_from = tuple(found.metadata.get(key) for key in ("format", "version", "source"))
        if made_from != (FORMAT, VERSION, source) or not _is_intact(path, found):
            return None
        return [
            LabelBlock(**{name: found.tensors[_name(number, name)] for name in _DTYPES})
            for number in range(len(found.tensors) // len(_DTYPES))
        ]
    except (OSError, StorageError, ValueError, KeyError):
        return None


def _name(block: int, array: str) -> str:
    return f"{block}.{array}"


def _canonical(tensors: dict[str, Any]) -> bytes:
    return json.dumps(tensors, sort_keys=True).encode()


@patient
def _is_intact(path: Path, found: Tensors) -> bool:
    """Whether the tensors are those that were written."""
    seal = int(found.metadata["seal"])
    if path.stat().st_mtime_ns == seal * 10**9:
        return True
    digest = hashlib.sha256()
    with path.open("rb") as file:
        file.seek(found.start)
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    digest.update(_canonical(found.places))
    if digest.hexdigest() != found.metadata["sha256"]:
        return False
    _set_seal(path, seal)  # a copy: the next opening need not read it
    return True


def _set_seal(path: Path, seal: int) -> None:
    with contextlib.suppress(OSError):  # somebody else's file is then read at every opening
        os.utime(path, (seal, seal))
