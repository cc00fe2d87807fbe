"""A text file in pieces of whole lines, to be parsed apart from each other."""

from __future__ import annotations

import io
import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from pwdismec.data.formats.compression import clear_read_errors, is_compressed, open_to_read
from pwdismec.errors import DataError

# Large enough that the work on a piece outweighs handing it to a thread, small
# enough that the text and the arrays of a few pieces stay in cache.
PIECE_SIZE = 1 << 20

_LONGEST_HEADER = 200


def check_is_file(path: Path) -> None:
    """A `DataError` unless `path` is a file that holds something."""
    if not path.exists():
        raise DataError(path, "no such file")
    if path.is_dir():
        raise DataError(path, "a folder, where a file is expected")
    if not path.is_file():
        raise DataError(path, "a pipe or device, where a file is expected")
    if path.stat().st_size == 0:
        raise DataError(path, "the file is empty")


def first_line(path: Path) -> bytes:
    """The first line without its end, or as much of it as could be a header."""
    with clear_read_errors(path), open_to_read(path) as file:
        line = file.readline(_LONGEST_HEADER)
    if not line:
        raise DataError(path, "the file is empty")
    return line.rstrip(b"\r\n")


def pieces_of_lines(path: Path, *, skip_first: bool) -> Iterator[NDArray[np.uint8]]:
    """The bytes of whole lines, about `PIECE_SIZE` at a time, from the second line on if `skip_first`.

    Plain files are mapped, not copied; of a compressed one only the piece under way is in memory. A line is
    never cut, however long it is.
    """
    return (_decompressed if is_compressed(path) else _mapped)(path, skip_first)


def _mapped(path: Path, skip_first: bool) -> Iterator[NDArray[np.uint8]]:
    with clear_read_errors(path), path.open("rb") as file:
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    text = np.frombuffer(content, np.uint8)

    def end_of_line(position: int) -> int:
        return content.find(b"\n", position) + 1 or len(content)

    start = end_of_line(0) if skip_first else 0
    while start < len(content):
        stop = end_of_line(start + PIECE_SIZE - 1)
        yield text[start:stop]
        start = stop


def _decompressed(path: Path, skip_first: bool) -> Iterator[NDArray[np.uint8]]:
    with clear_read_errors(path):
        file = open_to_read(path)
    with file:
        with clear_read_errors(path):
            if skip_first:
                file.readline()
        yield from pieces_of_stream(file, path)


def pieces_of_stream(
    file: IO[bytes] | io.BufferedIOBase, path: Path, begun: bytes = b""
) -> Iterator[NDArray[np.uint8]]:
    """As `pieces_of_lines`, from where `file` stands, behind `begun`; errors name `path`."""
    parts = [begun]  # a line whose end is still to come
    while True:
        with clear_read_errors(path):
            chunk = file.read(PIECE_SIZE)
        end = chunk.rfind(b"\n") + 1
        if end:
            yield np.frombuffer(b"".join([*parts, chunk[:end]]), np.uint8)
            parts = []
        parts.append(chunk[end:])
        if not chunk:
            break
    if rest := b"".join(parts):
        yield np.frombuffer(rest, np.uint8)
