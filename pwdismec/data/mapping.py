"""Arrays mapped from files, whose memory is only lent, and from none."""

from __future__ import annotations

import mmap
from typing import Any

import numpy as np
from numpy.typing import NDArray


def is_mapped(array: NDArray[Any]) -> bool:
    """Whether the values are mapped from a file, read-only."""
    return _mapping_of(array) is not None


def release(array: NDArray[Any]) -> None:
    """Give the memory of a contiguous mapped array back to the system; it is read again when it is used.

    Pages that it shares with its neighbours in the file go with it. An array that is not mapped read-only is
    left alone, as its values may be in no file.
    """
    mapping = _mapping_of(array)
    if mapping is None or not hasattr(mmap, "MADV_DONTNEED"):
        return
    first = int(array.ctypes.data - np.frombuffer(mapping, np.uint8).ctypes.data)
    start = first - first % mmap.PAGESIZE
    mapping.madvise(mmap.MADV_DONTNEED, start, first + array.nbytes - start)


def zeros(count: int, dtype: type[np.generic]) -> NDArray[Any]:
    """An array whose memory goes back to the system with it, which malloc's need not."""
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    return np.frombuffer(mmap.mmap(-1, max(1, count * np.dtype(dtype).itemsize), flags=flags), dtype, count)


def _mapping_of(array: NDArray[Any]) -> mmap.mmap | None:
    base: Any = array
    read_only = False
    while isinstance(base, np.ndarray):
        read_only = isinstance(base, np.memmap) and base.mode == "r"
        base = base.base
    return base if read_only and isinstance(base, mmap.mmap) else None
