"""Files as streams of bytes; gzip, xz, bzip2 and Zstandard by the file name's suffix."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import IO, Any, Protocol

import zstandard

from pwdismec.errors import DataError, StorageError
from pwdismec.files import file_to_read, file_to_write
from pwdismec.patience import TRANSIENT, patient
from pwdismec.plain_text import size_text
from pwdismec.quoting import said_by

COMPRESSIONS = {".gz": "gzip", ".xz": "xz", ".bz2": "bzip2", ".zst": "Zstandard"}

_READ_SIZE = 1 << 16

# Bytes given to a decompressor at a time. What is behind the end of a stream comes back as a copy, which has
# to stay small where a file is all tiny streams. And Zstandard's decompressor hands over all that its input
# makes, which of 4 bytes can be 128 KiB: of this much it is 128 MiB at the most.
_STEP = 1 << 12

# Of xz, which keeps what it has written last; `xz -9` asks for 65 MB to read. Zstandard's own limit is the
# same for what it keeps (`zstd --ultra -22`).
_MOST_KEPT = 1 << 27


class _Decompressor(Protocol):
    """Of one stream; `lzma`, `bz2`, `_GzipMember` and `_ZstandardFrame` are such."""

    @property
    def eof(self) -> bool:
        """Whether the stream has ended."""
        ...

    @property
    def needs_input(self) -> bool:
        """Whether nothing more comes of what was given."""
        ...

    @property
    def unused_data(self) -> bytes:
        """What was given behind the end of the stream."""
        ...

    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _GzipMember:
    """`zlib`'s decompressor as the others are: it keeps what `max_length` leaves over."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(16 + zlib.MAX_WBITS)  # 16: with the header and checksum of gzip

    @property
    def eof(self) -> bool:
        return self._member.eof

    @property
    def needs_input(self) -> bool:
        return not self._member.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._member.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._member.decompress(self._member.unconsumed_tail + data, max_length)


class _ZstandardFrame:
    """`zstandard`'s decompressor as the others are, but that it does not keep to `max_length`."""

    needs_input = True

    def __init__(self, decompressor: zstandard.ZstdDecompressor) -> None:
        self._frame = decompressor.decompressobj()

    @property
    def eof(self) -> bool:
        return self._frame.eof

    @property
    def unused_data(self) -> bytes:
        return self._frame.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._frame.decompress(data)


class _Streams(io.RawIOBase):
    """What a file's compressed streams hold, one after another, in memory that its content cannot choose.

    Unlike the readers of Python and `zstandard` it notices when the last stream is cut off, and when what
    comes behind a stream is none.

    Parameters
    ----------
    begin
        Makes the decompressor of a stream.
    padding
        Bytes that may stand between streams.
    """

    def __init__(self, file: IO[bytes], begin: Callable[[], _Decompressor], padding: bytes = b"") -> None:
        self._file, self._begin, self._padding = file, begin, padding
        self._stream: _Decompressor | None = None
        self._is_first = True
        self._block, self._given = b"", 0  # what was read last, and how much of it decompressors took
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready:
            data = b""
            if self._stream is None or self._stream.needs_input:
                data = self._next_step()
                if not data:
                    if self._stream is not None:
                        raise EOFError
                    return 0
            self._ready = memoryview(self._decompress(data, len(buffer)))
        count = min(len(buffer), len(self._ready))
        buffer[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count

    def _next_step(self) -> bytes:
        if self._given == len(self._block):
            self._block, self._given = self._file.read(_READ_SIZE), 0
        step = self._block[self._given : self._given + _STEP]
        self._given += len(step)
        return step

    def _decompress(self, data: bytes, most: int) -> bytes:
        if self._stream is None:
            if not self._is_first and not (data := data.lstrip(self._padding)):
                return b""
            self._stream, self._is_first = self._begin(), False
        made = self._stream.decompress(data, most)
        if self._stream.eof:
            self._given -= len(self._stream.unused_data)  # of the last step: another was not asked for
            self._stream = None
        return made

    def close(self) -> None:
        self._file.close()
        super().close()


def is_compressed(path: Path) -> bool:
    """Whether the file's name says so."""
    return _suffix(path) in COMPRESSIONS


def without_compression(path: Path) -> Path:
    """The path without the suffix that says it is compressed."""
    return path.with_suffix("") if is_compressed(path) else path


def _suffix(path: Path) -> str:
    return path.suffix.lower()


@patient
def open_to_read(path: Path) -> io.BufferedIOBase:
    """The file's content, decompressed. Read it within `clear_read_errors`."""
    begin: Callable[[], _Decompressor]
    suffix = _suffix(path)
    if suffix == ".gz":
        begin, padding = _GzipMember, b"\0"
    elif suffix == ".xz":
        begin, padding = partial(lzma.LZMADecompressor, memlimit=_MOST_KEPT), b"\0"
    elif suffix == ".bz2":
        begin, padding = bz2.BZ2Decompressor, b""
    elif suffix == ".zst":
        begin = partial(_ZstandardFrame, zstandard.ZstdDecompressor(max_window_size=_MOST_KEPT))
        padding = b""
    else:
        return file_to_read(path)
    return io.BufferedReader(_Streams(file_to_read(path), begin, padding))


@contextlib.contextmanager
def clear_read_errors(path: Path) -> Iterator[None]:
    """What can go wrong while `path` is opened and read, as a `DataError` of one line."""
    name = COMPRESSIONS.get(_suffix(path))
    try:
        yield
    except EOFError as error:
        raise DataError(path, f"cut off: the {name} data ends too early") from error
    except (lzma.LZMAError, zlib.error, zstandard.ZstdError) as error:
        if re.search("Memory usage limit|too much memory", str(error)):
            limit = f"takes more than {size_text(_MOST_KEPT)} of memory to decompress"
            raise DataError(path, f"{limit}; expected {name} data of a smaller window") from error
        raise DataError(path, f"damaged, or no {name} file: {said_by(error)}") from error
    except OSError as error:
        if error.errno in TRANSIENT:
            raise StorageError(f"{path}: cannot read: {error.strerror}", error.errno) from error
        if not error.strerror:  # bz2 reports damage as such an OSError
            raise DataError(path, f"damaged, or no {name} file: {said_by(error)}") from error
        raise DataError(path, f"cannot read: {error.strerror}") from error


@contextlib.contextmanager
def open_to_write(path: Path, suffix: str) -> Iterator[Any]:
    """A binary stream into a new file, compressed as `suffix` says; the same content gives the same bytes."""
    with contextlib.ExitStack() as stack:
        stream: Any = stack.enter_context(file_to_write(path))
        if suffix == ".gz":
            gz = gzip.GzipFile("", "wb", compresslevel=6, fileobj=stream, mtime=0)
            stream = stack.enter_context(gz)
        elif suffix == ".xz":
            stream = stack.enter_context(lzma.open(stream, "wb"))
        elif suffix == ".bz2":
            stream = stack.enter_context(bz2.open(stream, "wb"))
        elif suffix == ".zst":
            compressor = zstandard.ZstdCompressor(write_checksum=True)
            stream = stack.enter_context(compressor.stream_writer(stream, closefd=False))
        yield stream
