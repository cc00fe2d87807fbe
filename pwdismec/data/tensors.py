"""safetensors files, read, or mapped into memory: nothing is then read or copied before it is used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pwdismec.files import read_file
from pwdismec.patience import patient

_CODES = {"U8": "u1", "U16": "u2", "U32": "u4", "I32": "i4", "I64": "i8"}
_CODES |= {"F16": "f2", "F32": "f4", "F64": "f8"}
DTYPES: Final = {name: np.dtype(f"<{code}") for name, code in _CODES.items()}


class Tensors(NamedTuple):
    """A file's content.

    Attributes
    ----------
    metadata
        What its writer said of it.
    places
        Where each tensor lies, as the header has it.
    tensors
        Views of the file's bytes, read-only.
    start
        Offset of the first tensor's bytes in the file.
    """

    metadata: dict[str, str]
    places: dict[str, Any]
    tensors: dict[str, NDArray[Any]]
    start: int


@patient
def map_tensors(path: Path) -> Tensors:
    """Map a file of tensors, read-only.

    Raises
    ------
    OSError
        If it cannot be read.
    ValueError
        If it is not a safetensors file, or cut off, or longer than its tensors.
    """
    return parse_tensors(np.memmap(path, np.uint8, "r"))


def read_tensors(path: Path) -> Tensors:
    """Read a file of tensors into memory; errors as `map_tensors`, and StorageError as `read_file`."""
    return parse_tensors(np.frombuffer(read_file(path), np.uint8))


def parse_tensors(content: NDArray[np.uint8]) -> Tensors:
    """The tensors in a file's content; ValueError as `map_tensors`."""
    length = int.from_bytes(content[:8].tobytes(), "little")
    if length > len(content) - 8:
        raise ValueError("the header is cut off")
    start = 8 + length
    try:
        places = json.loads(content[8:start].tobytes())
        metadata = places.pop("__metadata__", {})
        tensors = {name: _view(content[start:], place) for name, place in places.items()}
        ends = (place["data_offsets"][1] for place in places.values())
        if max(ends, default=0) != len(content) - start:
            raise ValueError("the tensors are cut off, or something follows them")
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise ValueError(f"the header is damaged: {error!r}") from error
    return Tensors(metadata, places, tensors, start)


def _view(content: NDArray[np.uint8], place: dict[str, Any]) -> NDArray[Any]:
    first, stop = place["data_offsets"]
    return np.asarray(content[first:stop]).view(DTYPES[place["dtype"]]).reshape(place["shape"])
