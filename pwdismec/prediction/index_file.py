"""The file of a prediction index: safetensors, so written that it is mapped into memory and used as it is.

The heads, and six tensors a block (see `LabelBlock`), each of whole words and so aligned.
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
from numpy.typing import NDArray

from pwdismec.data.tensors import DTYPES, Tensors, map_tensors
from pwdismec.errors import StorageError
from pwdismec.files import replacing_file
from pwdismec.patience import patient
from pwdismec.prediction.blocks import LabelBlock
from pwdismec.prediction.heads import Heads

FORMAT: Final = "pwdismec-index"
VERSION: Final = "4"

_HEADS: Final = "heads"
_DTYPES: Final = {
    "label_ids": "I32",
    "bias": "F32",
    "head_bounds": "F32",
    "starts": "U32",
    "lists": "U32",
    "head_weights": "U32",
}
# Where head weights begin, so that none of the kernel's vectors lies in two of the processor's lines; what is
# missing are zeros behind the lists.
_ALIGNMENT: Final = 64
_PAGE: Final = 4096
_CHUNK: Final = 1 << 22


@patient
def write_index(path: Path, heads: Heads, blocks: Iterable[LabelBlock], n_blocks: int, source: str) -> None:
    """Write an index, whole or not at all; one block is held at a time.

    Parameters
    ----------
    path
        The file.
    heads
        Those of all blocks.
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
    room = -(-(8 + 1024 + 768 * n_blocks) // _PAGE) * _PAGE
    seal = int(time.time())
    header: dict[str, Any] = {}
    digest = hashlib.sha256()
    with replacing_file(path) as aside:
        with aside.open("wb") as file:
            file.seek(room)

            def append(name: str, code: str, values: NDArray[Any], padded: bool = False) -> None:
                array = np.ascontiguousarray(values, DTYPES[code])
                start = file.tell() - room
                padding = -(start + array.nbytes) % _ALIGNMENT if padded else 0
                for data in (array.data, bytes(padding)):
                    file.write(data)
                    digest.update(data)
                size = array.nbytes + padding
                shape, place = [size // array.itemsize], [start, start + size]
                header[name] = {"dtype": code, "shape": shape, "data_offsets": place}

            append(_HEADS, "I32", heads.ids)
            numbers = count()  # not enumerate, which would hold a block while the next one is built
            for block in blocks:
                number = next(numbers)
                for name, code in _DTYPES.items():
                    append(_name(number, name), code, getattr(block, name), padded=name == "lists")
                del block
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


def read_index(path: Path, n_features: int, source: str) -> list[LabelBlock] | None:
    """The blocks of an index, mapped; None if there is none, or not of these weights, or damaged."""
    try:
        found = map_tensors(path)
        made_from = tuple(found.metadata.get(key) for key in ("format", "version", "source"))
        if made_from != (FORMAT, VERSION, source) or not _is_intact(path, found):
            return None
        heads = Heads(found.tensors[_HEADS], n_features)
        return [
            LabelBlock(heads, **{name: found.tensors[_name(number, name)] for name in _DTYPES})
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
