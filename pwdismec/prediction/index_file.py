"""The file of a prediction index: safetensors, so written that it is mapped into memory and used as it is.

Five tensors a block (see `LabelBlock`), in an order in which each is aligned.
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
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

from pwdismec.files import replacing_file
from pwdismec.prediction.blocks import LabelBlock

FORMAT: Final = "pwdismec-index"
VERSION: Final = "1"

# In this order: bytes an element never grow, so that each tensor is aligned.
_DTYPES: Final[dict[str, tuple[str, np.dtype[Any]]]] = {
    "weights": ("F32", np.dtype("<f4")),
    "starts": ("U32", np.dtype("<u4")),
    "bias": ("F32", np.dtype("<f4")),
    "label_ids": ("I32", np.dtype("<i4")),
    "labels": ("U16", np.dtype("<u2")),
}
_PAGE: Final = 4096
_CHUNK: Final = 1 << 22


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
            for number, block in enumerate(blocks):
                for name, (code, dtype) in _DTYPES.items():
                    array = np.ascontiguousarray(getattr(block, name), dtype)
                    start = file.tell() - room
                    file.write(array.data)
                    digest.update(array.data)
                    place = [start, start + array.nbytes]
                    header[_name(number, name)] = {
                        "dtype": code,
                        "shape": [len(array)],
                        "data_offsets": place,
                    }
                    del array
                del block  # before the next one is built
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
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            size = os.fstat(file.fileno()).st_size
            if length > size - 8:
                return None
            header = json.loads(file.read(length))
            metadata = header.pop("__metadata__")
            if (metadata["format"], metadata["version"], metadata["source"]) != (FORMAT, VERSION, source):
                return None
            end = max((tensor["data_offsets"][1] for tensor in header.values()), default=0)
            if size != 8 + length + end or not _is_intact(file, path, header, metadata):
                return None
        mapped = np.memmap(path, np.uint8, "r")[8 + length :]
        blocks = [_block(mapped, header, number) for number in range(len(header) // len(_DTYPES))]
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError):
        return None
    return blocks


def _block(mapped: NDArray[np.uint8], header: dict[str, Any], number: int) -> LabelBlock:
    arrays: dict[str, NDArray[Any]] = {}
    for name, (_, dtype) in _DTYPES.items():
        start, stop = header[_name(number, name)]["data_offsets"]
        arrays[name] = np.asarray(mapped[start:stop]).view(dtype)
    return LabelBlock(**arrays)


def _name(block: int, array: str) -> str:
    return f"{block}.{array}"


def _canonical(tensors: dict[str, Any]) -> bytes:
    return json.dumps(tensors, sort_keys=True).encode()


def _is_intact(file: IO[bytes], path: Path, tensors: dict[str, Any], metadata: dict[str, str]) -> bool:
    """Whether the tensors' bytes, from where `file` is, are those that were written."""
    seal = int(metadata["seal"])
    if os.fstat(file.fileno()).st_mtime_ns == seal * 10**9:
        return True
    digest = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
    digest.update(_canonical(tensors))
    if digest.hexdigest() != metadata["sha256"]:
        return False
    _set_seal(path, seal)  # a copy: the next opening need not read it
    return True


def _set_seal(path: Path, seal: int) -> None:
    with contextlib.suppress(OSError):  # somebody else's file is then read at every opening
        os.utime(path, (seal, seal))
