"""One-dimensional .npy files: written in pieces, hashed as they are written, checked when opened."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pwdismec.data.manifest import ArrayEntry
from pwdismec.errors import DataError

_HASH_CHUNK = 1 << 22


class ArrayWriter:
    """A .npy file that grows; `entry` describes it once the `with` block is left.

    NumPy pads the header so that it is as long for any length of the array: it is written first for
    an empty one and again at the end.
    """

    def __init__(self, path: Path, dtype: DTypeLike) -> None:
        self.dtype: np.dtype[Any] = np.dtype(dtype).newbyteorder("<")
        self.length = 0
        self._digest = hashlib.sha256()
        self._file = path.open("wb", buffering=0)
        self._write(_header(self.dtype, 0))

    def append(self, values: NDArray[Any]) -> None:
        """Write `values` behind what is there."""
        if len(values) == 0:
            return
        content = np.ascontiguousarray(values, self.dtype).data.cast("B")
        self._digest.update(content)
        self._write(content)
        self.length += len(values)

    @property
    def entry(self) -> ArrayEntry:
        return ArrayEntry(
            bytes=self.length * self.dtype.itemsize,
            sha256=self._digest.hexdigest(),
            dtype=self.dtype.name,
            length=self.length,
        )

    def __enter__(self) -> ArrayWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._file:
            if kind is None:
                self._file.seek(0)
                self._write(_header(self.dtype, self.length))

    def _write(self, content: bytes | memoryview) -> None:
        view = memoryview(content)
        while len(view):  # the system writes at most 2 GiB at a time
            view = view[self._file.write(view) :]


def open_array(path: Path, entry: ArrayEntry) -> NDArray[Any]:
    """The array, memory-mapped and read-only, if the file's header and size are what `entry` says.

    Raises
    ------
    DataError
        If the file is missing, or its type, length or size is another.
    """
    header = _header(np.dtype(entry.dtype), entry.length)
    try:
        with path.open("rb") as file:
            found = file.read(len(header))
    except OSError as error:
        raise DataError(path, f"cannot read this part of the data set: {error.strerror}") from error
    size, expected = path.stat().st_size, len(header) + entry.bytes
    if size != expected:
        raise DataError(path, f"{size} bytes; the manifest says {expected}")
    if found != header:
        raise DataError(path, f"not the header of {entry.length} values of type {entry.dtype}")
    if entry.length == 0:  # nothing to map
        return np.zeros(0, entry.dtype)
    return np.asarray(np.load(path, mmap_mode="r"))


def sha256_of_array(array: NDArray[Any]) -> str:
    """SHA-256 of the values' bytes (little-endian), in hexadecimal."""
    digest = hashlib.sha256()
    little_endian = array.dtype.newbyteorder("<")
    for start in range(0, len(array), _HASH_CHUNK):
        piece = np.ascontiguousarray(array[start : start + _HASH_CHUNK], little_endian)
        digest.update(piece.data.cast("B"))
    return digest.hexdigest()


def _header(dtype: np.dtype[Any], length: int) -> bytes:
    buffer = io.BytesIO()
    description = {"descr": dtype.newbyteorder("<").str, "fortran_order": False, "shape": (length,)}
    np.lib.format.write_array_header_1_0(buffer, description)
    return buffer.getvalue()
