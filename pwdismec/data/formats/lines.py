"""A text file in pieces of whole lines, to be parsed apart from each other.

A byte order mark, with which some programs begin a file, is no part of its text.
"""

from __future__ import annotations

import io
import mmap
import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from pwdismec.data.formats.compression import clear_read_errors, is_compressed, open_to_read
from pwdismec.errors import DataError
from pwdismec.files import file_to_read
from pwdismec.plain_text import size_text

# Large enough that the work on a piece outweighs handing it to a thread, small
# enough that the text and the arrays of a few pieces stay in cache.
PIECE_SIZE = 1 << 20

# Bytes of a line, without its end: 12 million features with ids of seven digits and values of nine. The
# arrays of a line take twice as much as its text.
LONGEST_LINE = 256_000_000

# Bytes of a line, or row, with a record: parsing JSON may take thirty times as much memory.
LONGEST_RECORD = 32_000_000

# Bytes of the first line; numbers that could be meant take less.
LONGEST_HEADER = 200


_ARCHIVE = re.compile(r"\.(zip|7z|rar|tar|tgz|tbz2?|txz|tar\.\w+)$", re.IGNORECASE)


class LongLine(Exception):
    """A line is longer than it may be; all lines before it have been given."""


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
    check_is_no_archive(path)


def check_is_no_archive(path: Path) -> None:
    """A `DataError` if the file's name is that of an archive."""
    if _ARCHIVE.search(path.name):
        raise DataError(path, "an archive; unpack it, and name the files that were in it")


def first_line(path: Path) -> bytes:
    """The first line without its end, or as much of it as could be a header."""
    with clear_read_errors(path), open_to_read(path) as file:
        line = _first_line_in(file)
    if not line:
        raise DataError(path, "the file is empty")
    return line.removeprefix(BOM_UTF8).rstrip(b"\r\n")


def whole_first_line(path: Path, longest: int) -> bytes:
    """The first line without its end; a `DataError` if it has more than `longest` bytes."""
    with open_to_read(path) as file:
        return next(lines_of(file, path, longest), b"").rstrip(b"\r\n")


def _first_line_in(file: io.BufferedIOBase) -> bytes:
    return file.readline(len(BOM_UTF8) + LONGEST_HEADER + 2)


def pieces_of_lines(
    path: Path, *, skip_first: bool, longest: int = LONGEST_LINE
) -> Iterator[NDArray[np.uint8]]:
    """The bytes of whole lines, about `PIECE_SIZE` at a time, from the second line on if `skip_first`.

    Plain files are mapped, not copied; of a compressed one only the piece under way is in memory. A line is
    never cut.

    Raises
    ------
    DataError
        If the file cannot be read.
    LongLine
        At a line of more than `longest` bytes.
    """
    return (_decompressed if is_compressed(path) else _mapped)(path, skip_first, longest)


def _mapped(path: Path, skip_first: bool, longest: int) -> Iterator[NDArray[np.uint8]]:
    with clear_read_errors(path), file_to_read(path) as file:
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    text = np.frombuffer(content, np.uint8)
    start = len(BOM_UTF8) if content[: len(BOM_UTF8)] == BOM_UTF8 else 0
    if skip_first:
        start = content.find(b"\n") + 1 or len(content)
    while start < len(content):
        stop = _end_of_piece(content, start, longest)
        yield text[start:stop]
        start = stop


def _end_of_piece(content: mmap.mmap, start: int, longest: int) -> int:
    """Where the line ends that the piece from `start` on reaches into, or begins if it is too long."""
    reached = start + PIECE_SIZE - 1
    stop = content.find(b"\n", reached, reached + longest + 1) + 1
    if stop == 0:
        stop = min(len(content), reached + longest + 1)
    if stop - start <= longest:
        return stop
    begin = max(start, content.rfind(b"\n", start, reached) + 1)
    if stop - begin - (content[stop - 1] == ord("\n")) <= longest:
        return stop
    if begin == start:
        raise LongLine
    return begin


def _decompressed(path: Path, skip_first: bool, longest: int) -> Iterator[NDArray[np.uint8]]:
    with clear_read_errors(path):
        file = open_to_read(path)
    with file:
        with clear_read_errors(path):
            if skip_first:
                _first_line_in(file)  # which is all of it, or it was no header
        mark = b"" if skip_first else BOM_UTF8
        yield from pieces_of_stream(file, path, longest=longest, mark=mark)


def pieces_of_stream(
    file: IO[bytes] | io.BufferedIOBase,
    path: Path,
    begun: bytes = b"",
    longest: int = LONGEST_LINE,
    mark: bytes = b"",
) -> Iterator[NDArray[np.uint8]]:
    """As `pieces_of_lines`, from where `file` stands, behind `begun`; errors name `path`.

    A `mark` that comes first is left out.
    """
    parts, held = [begun], len(begun)  # a line whose end is still to come
    while True:
        with clear_read_errors(path):
            read = file.read(PIECE_SIZE)
        chunk, mark = read.removeprefix(mark), b""
        first = chunk.find(b"\n")
        if held + (len(chunk) if first < 0 else first) > longest:
            raise LongLine
        end = chunk.rfind(b"\n") + 1
        if end:
            yield np.frombuffer(b"".join([*parts, chunk[:end]]), np.uint8)
            parts, held = [], 0
        parts.append(chunk[end:])
        held += len(chunk) - end
        if not read:
            break
    if held:
        yield np.frombuffer(b"".join(parts), np.uint8)


def lines_of(file: IO[bytes] | io.BufferedIOBase, path: str | Path, longest: int) -> Iterator[bytes]:
    """The lines of a stream with their ends, as they come; errors name `path`.

    Raises
    ------
    DataError
        If the stream cannot be read, or a line has more than `longest` bytes.
    """
    number = 0
    with clear_read_errors(Path(path)):
        while line := file.readline(longest + 2 + len(BOM_UTF8)):
            number += 1
            if number == 1:
                line = line.removeprefix(BOM_UTF8)
            if len(line) > longest and len(line.rstrip(b"\r\n")) > longest:
                raise DataError(path, too_long(longest), number)
            yield line


def too_long(longest: int) -> str:
    """What is said of a line of more bytes."""
    return f"a line of more than {size_text(longest)}; expected shorter lines"
