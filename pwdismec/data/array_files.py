""".npy files: written in pieces, hashed as they are written, checked when opened."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pwdismec.data.dataset_manifest import ArrayEntry
from pwdismec.errors import DamagedError
from pwdismec.files import RawFile, file_to_read
from pwdismec.patience import TRANSIENT

_HASH_CHUNK = 1 << 22


class ArrayWriter:
    """A .npy file that grows by values, or by rows of `columns` values; `entry` describes it when it is left.

    NumPy pads the header so that it is as long for any length of the array: it is written first for
    an empty one and again at the end.
    """

    def __init__(self, path: Path, dtype: DTypeLike, columns: int | None = None) -> None:
        self.dtype: np.dtype[Any] = np.dtype(dtype).newbyteorder("<")
        self.columns = columns
        self.length = 0
        self._bytes = 0
        self._digest = hashlib.sha256()
        self._file = RawFile(path, "wb")
        self._write(_header(self.dtype, self.entry.shape))

    def append(self, values: NDArray[Any]) -> None:
        """Write `values` behind what is there."""
        content = _bytes_of(values, self.dtype)
        self._digest.update(content)
        self._write(content)
        self._bytes += len(content)
        self.length += len(values)

    @property
    def entry(self) -> ArrayEntry:
        return ArrayEntry(
            bytes=self._bytes,
            sha256=self._digest.hexdigest(),
            dtype=self.dtype.name,  # type: ignore[arg-type]  # the record checks it
            length=self.length,
            columns=self.columns,
        )

    def __enter__(self) -> ArrayWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._file:
            if kind is None:
                self._file.seek(0)
                self._write(_header(self.dtype, self.entry.shape))

    def _write(self, content: bytes | memoryview) -> None:
        view = memoryview(content)
        while len(view):  # the system writes at most 2 GiB at a time
            view = view[self._file.write(view) :]


def open_array(path: Path, entry: ArrayEntry) -> NDArray[Any]:
    """The array, memory-mapped and read-only, if the file's header and size are what `entry` says.

    Raises
    ------
    DamagedError
        If the file is missing, or its type, shape or size is another.
    """
    header = _header(np.dtype(entry.dtype), entry.shape)
    try:
        with file_to_read(path) as file:
            found = file.read(len(header))
    except OSError as error:
        if error.errno in TRANSIENT:
            raise
        raise DamagedError(path, f"cannot read this part of the data set: {error.strerror}") from error
    size, expected = path.stat().st_size, len(header) + entry.bytes
    if size != expected:
        raise DamagedError(path, f"{size} bytes; the manifest says {expected}")
    if found != header:
        shape = " x ".join(map(str, entry.shape))
        raise DamagedError(path, f"not the header of {shape} values of type {entry.dtype}")
    if entry.bytes == 0:  # nothing to map
        return np.zeros(entry.shape, entry.dtype)
    dtype = np.dtype(entry.dtype).newbyteorder("<")
    with file_to_read(path) as file:
        return np.asarray(np.memmap(file, dtype, "r", len(header), entry.shape))


def sha256_of_array(array: NDArray[Any]) -> str:
    """SHA-256 of the values' bytes (little-endian), in hexadecimal."""
    digest = hashlib.sha256()
    little_endian = array.dtype.newbyteorder("<")
    values = array.reshape(-1)
    for start in range(0, len(values), _HASH_CHUNK):
        digest.update(_bytes_of(values[start : start + _HASH_CHUNK], little_endian))
    return digest.hexdigest()


def _bytes_of(values: NDArray[Any], dtype: np.dtype[Any]) -> memoryview:
    return np.ascontiguousarray(values, dtype).reshape(-1).data.cast("B")


def _header(dtype: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    buffer = io.BytesIO()
    description = {"descr": dtype.newbyteorder("<").str, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(buffer, description)
    return buffer.getvalue()
