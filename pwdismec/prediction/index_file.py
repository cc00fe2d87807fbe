"""The file of a prediction index: safetensors, so written that it is mapped into memory and used as it is.

The dense features, and six tensors a block (see `LabelBlock`), each of whole words and so aligned.
The header's metadata names the weights it was made of.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pwdismec.data.mapping import release
from pwdismec.data.tensors import DTYPES, map_tensors
from pwdismec.files import file_to_read, file_to_write, replacing_file
from pwdismec.patience import patient
from pwdismec.prediction.dense_features import DenseFeatures
from pwdismec.prediction.scored_blocks import LabelBlock

FORMAT: Final = "pwdismec-index"
VERSION: Final = "6"

_DENSE: Final = "dense_features"
_DTYPES: Final = {
    "label_ids": "I32",
    "bias": "F32",
    "dense_bounds": "F32",
    "starts": "U32",
    "lists": "U32",
    "dense_weights": "U32",
}
# Where the weights of dense features begin, so that none of the kernel's vectors lies in two of the
# processor's lines; what is missing are zeros behind the lists.
_ALIGNMENT: Final = 64
_PAGE: Final = 4096
_CHUNK: Final = 1 << 22


@patient
def write_index(
    path: Path, dense: DenseFeatures, blocks: Iterable[LabelBlock], n_blocks: int, source: str
) -> None:
    """Write an index, whole or not at all; one block is held at a time.

    Parameters
    ----------
    path
        The file.
    dense
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
    layout = _Layout(n_blocks, source)
    with replacing_file(path) as aside, file_to_write(aside) as file:
        file.seek(layout.start)
        for piece in layout.pieces(dense, blocks):
            file.write(piece)
        file.seek(0)
        file.write(layout.head)


@patient
def is_as_built(
    path: Path, dense: DenseFeatures, blocks: Iterable[LabelBlock], n_blocks: int, source: str
) -> bool:
    """Whether a file holds, byte for byte, what `write_index` would write; one block is held at a time."""
    layout = _Layout(n_blocks, source)
    try:
        if path.stat().st_size < layout.start:
            return False
        with file_to_read(path) as file:
            found = np.memmap(file, np.uint8, "r")
    except (OSError, ValueError):
        return False
    end = layout.start
    for piece in layout.pieces(dense, blocks):
        expected = np.frombuffer(piece, np.uint8)
        if not _equal(found[end : end + len(expected)], expected):
            return False
        end += len(expected)
    return end == len(found) and found[: layout.start].tobytes() == layout.head


def read_index(path: Path, n_features: int) -> list[LabelBlock]:
    """The blocks of an index, mapped. What the file holds is not looked at: see `is_as_built`."""
    found = map_tensors(path)
    dense = DenseFeatures(found.tensors[_DENSE], n_features)
    return [
        LabelBlock(dense, **{name: found.tensors[_name(number, name)] for name in _DTYPES})
        for number in range(len(found.tensors) // len(_DTYPES))
    ]


class _Layout:
    """Where what is in the file.

    The header comes first and is known last, so room is left for it.

    Attributes
    ----------
    start
        Where the tensors begin.
    """

    def __init__(self, n_blocks: int, source: str) -> None:
        self.start = -(-(8 + 1024 + 768 * n_blocks) // _PAGE) * _PAGE
        self._header: dict[str, Any] = {
            "__metadata__": {"format": FORMAT, "version": VERSION, "source": source}
        }
        self._end = 0

    def pieces(self, dense: DenseFeatures, blocks: Iterable[LabelBlock]) -> Iterator[bytes | memoryview]:
        """What follows the header, piece by piece."""
        yield from self._place(_DENSE, "I32", dense.ids)
        numbers = count()  # not enumerate, which would hold a block while the next one is built
        for block in blocks:
            number = next(numbers)
            for name, code in _DTYPES.items():
                yield from self._place(_name(number, name), code, getattr(block, name), name == "lists")
            del block

    def _place(
        self, name: str, code: str, values: NDArray[Any], padded: bool = False
    ) -> Iterator[bytes | memoryview]:
        array = np.ascontiguousarray(values, DTYPES[code])
        padding = -(self._end + array.nbytes) % _ALIGNMENT if padded else 0
        stop = self._end + array.nbytes + padding
        shape = [(stop - self._end) // array.itemsize]
        self._header[name] = {"dtype": code, "shape": shape, "data_offsets": [self._end, stop]}
        self._end = stop
        yield array.data
        yield bytes(padding)

    @property
    def head(self) -> bytes:
        """What precedes the tensors, once all pieces are there."""
        length = self.start - 8
        return length.to_bytes(8, "little") + json.dumps(self._header).encode().ljust(length)


def _equal(found: NDArray[np.uint8], expected: NDArray[np.uint8]) -> bool:
    """Whether two arrays are equal; the first, mapped, is let go of."""
    if len(found) != len(expected):
        return False
    for first in range(0, len(expected), _CHUNK):
        chunk = found[first : first + _CHUNK]
        if not np.array_equal(chunk, expected[first : first + _CHUNK]):
            return False
        release(chunk)
    return True


def _name(block: int, array: str) -> str:
    return f"{block}.{array}"
