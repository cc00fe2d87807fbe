"""safetensors files, read, or mapped into memory: nothing is then read or copied before it is used."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from pwdismec.errors import DamagedError
from pwdismec.files import file_to_read
from pwdismec.patience import patient
from pwdismec.quoting import shown_name
from pwdismec.stored import Count, Record, problem, read_stored

_CODES = {"U8": "u1", "U16": "u2", "U32": "u4", "I32": "i4", "I64": "i8"}
_CODES |= {"F16": "f2", "F32": "f4", "F64": "f8"}
DTYPES: Final = {name: np.dtype(f"<{code}") for name, code in _CODES.items()}

_METADATA: Final = "__metadata__"
_MAX_HEADER: Final = 1 << 27


class _Place(Record):
    dtype: Literal["U8", "U16", "U32", "I32", "I64", "F16", "F32", "F64"]
    shape: Annotated[tuple[Count, ...], Field(max_length=8)]
    data_offsets: tuple[Count, Count]


_HEADER: Final = TypeAdapter(dict[str, _Place | dict[str, str]], config=ConfigDict(strict=True))


class Tensors(NamedTuple):
    """A file's content.

    Attributes
    ----------
    path
        The file.
    metadata
        What its writer said of it.
    tensors
        Views of the file's bytes, read-only, aligned.
    """

    path: Path
    metadata: dict[str, str]
    tensors: dict[str, NDArray[Any]]

    def said(self, key: str) -> str:
        """What its writer said under `key`; DamagedError if nothing."""
        if key not in self.metadata:
            raise DamagedError(self.path, f"{_METADATA}: {key}: is missing")
        return self.metadata[key]

    def only(self, dtypes: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
        """The tensors, which must be those named and of these dtypes; else DamagedError."""
        found = {name: tensor.dtype.name for name, tensor in self.tensors.items()}
        expected = {name: np.dtype(dtype).name for name, dtype in dtypes.items()}
        for name in sorted(found.keys() ^ expected.keys()):
            what = "is missing" if name in expected else "unknown tensor"
            raise DamagedError(self.path, f"{shown_name(name)}: {what}")
        for name, dtype in expected.items():
            if found[name] != dtype:
                raise DamagedError(self.path, f"{name}: {found[name]}; expected {dtype}")
        return self.tensors


@patient
def map_tensors(path: Path) -> Tensors:
    """Map a file of tensors, read-only.

    Raises
    ------
    OSError
        If it cannot be read.
    DamagedError
        If it is not a safetensors file, or cut off, or longer than its tensors.
    """
    if path.stat().st_size == 0:  # nothing to map
        raise DamagedError(path, "is empty; expected tensors")
    with file_to_read(path) as file:
        return parse_tensors(np.memmap(file, np.uint8, "r"), path)


def read_tensors(path: Path, limit: int) -> Tensors:
    """Read a file of at most `limit` bytes into memory.

    Raises
    ------
    DamagedError
        If it cannot be read, or is not a safetensors file, or larger.
    StorageError
        As `read_stored`.
    """
    return parse_tensors(np.frombuffer(read_stored(path, limit), np.uint8), path)


def parse_tensors(content: NDArray[np.uint8], path: Path) -> Tensors:
    """The tensors in a file's content, one behind the other; DamagedError as `map_tensors`."""
    content = np.asarray(content)  # slices of a memmap take their time
    length = int.from_bytes(content[:8].tobytes(), "little")
    if length > min(len(content) - 8, _MAX_HEADER):
        raise DamagedError(path, "header: is cut off")
    start = 8 + length
    try:
        header = _HEADER.validate_json(content[8:start].tobytes())
    except ValidationError as error:
        raise DamagedError(path, f"header: {problem(error)}") from None
    metadata = header.pop(_METADATA, {})
    places = {name: place for name, place in header.items() if isinstance(place, _Place)}
    if not isinstance(metadata, dict) or len(places) != len(header):
        raise DamagedError(path, "header: expected tensors and, under __metadata__, text")
    end = 0
    for name, place in sorted(places.items(), key=lambda item: item[1].data_offsets):
        first, stop = place.data_offsets
        dtype = DTYPES[place.dtype]
        if first != end or stop - first != math.prod(place.shape) * dtype.itemsize:
            raise DamagedError(path, f"{shown_name(name)}: data_offsets: {first}, {stop}: do not fit")
        if (start + first) % dtype.itemsize:
            raise DamagedError(path, f"{shown_name(name)}: data_offsets: {first}: is not aligned")
        end = stop
    if end != len(content) - start:
        raise DamagedError(path, "the tensors are cut off, or something follows them")
    views = {name: _view(content[start:], place) for name, place in places.items()}
    return Tensors(path, metadata, views)


def _view(content: NDArray[np.uint8], place: _Place) -> NDArray[Any]:
    first, stop = place.data_offsets
    return content[first:stop].view(DTYPES[place.dtype]).reshape(place.shape)
