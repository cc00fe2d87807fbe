"""safetensors files mapped into memory: nothing is read or copied before it is used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

_CODES = {"U16": "u2", "U32": "u4", "I32": "i4", "I64": "i8", "F16": "f2", "F32": "f4", "F64": "f8"}
DTYPES: Final = {name: np.dtype(f"<{code}") for name, code in _CODES.items()}


class MappedTensors(NamedTuple):
    """A file's content.

    Attributes
    ----------
    metadata
        What its writer said of it.
    places
        Where each tensor lies, as the header has it.
    tensors
        Views of the file, one-dimensional.
    start
        Offset of the first tensor's bytes in the file.
    """

    metadata: dict[str, str]
    places: dict[str, Any]
    tensors: dict[str, NDArray[Any]]
    start: int


def map_tensors(path: Path) -> MappedTensors:
    """Map a file of one-dimensional tensors, read-only.

    Raises
    ------
    OSError
        If it cannot be read.
    ValueError
        If it is not a safetensors file, or cut off, or longer than its tensors.
    """
    mapped: NDArray[np.uint8] = np.memmap(path, np.uint8, "r")
    length = int.from_bytes(mapped[:8].tobytes(), "little")
    if length > len(mapped) - 8:
        raise ValueError("the header is cut off")
    start = 8 + length
    try:
        places = json.loads(mapped[8:start].tobytes())
        metadata = places.pop("__metadata__", {})
        tensors = {name: _view(mapped[start:], place) for name, place in places.items()}
        ends = (place["data_offsets"][1] for place in places.values())
        if max(ends, default=0) != len(mapped) - start:
            raise ValueError("the tensors are cut off, or something follows them")
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise ValueError(f"the header is damaged: {error!r}") from error
    return MappedTensors(metadata, places, tensors, start)


def _view(mapped: NDArray[np.uint8], place: dict[str, Any]) -> NDArray[Any]:
    first, stop = place["data_offsets"]
    return np.asarray(mapped[first:stop]).view(DTYPES[place["dtype"]])
