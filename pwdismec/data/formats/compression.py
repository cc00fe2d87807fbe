"""Files as streams of bytes; gzip, xz, bzip2 and Zstandard by the file name's suffix."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import lzma
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import zstandard

from pwdismec.errors import DataError, StorageError
from pwdismec.patience import TRANSIENT, patient

_READ_SIZE = 1 << 16

COMPRESSIONS = {".gz": "gzip", ".xz": "xz", ".bz2": "bzip2", ".zst": "Zstandard"}


class _ZstandardReader(io.RawIOBase):
    """Decompresses frame after frame; unlike `zstandard`'s own reader it notices when the last is cut off."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._frame: Any = None
        self._rest = b""
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready:
            data = self._rest or self._file.read(_READ_SIZE)
            if not data:
                if self._frame is not None:
                    raise EOFError
                return 0
            frame = self._frame or zstandard.ZstdDecompressor().decompressobj()
            self._ready = memoryview(frame.decompress(data))
            self._rest = frame.unused_data
            self._frame = None if frame.eof else frame
        count = min(len(buffer), len(self._ready))
        buffer[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count

    def close(self) -> None:
        self._file.close()
        super().close()


def is_compressed(path: Path) -> bool:
    """Whether the file's name says so."""
    return path.suffix in COMPRESSIONS


@patient
def open_to_read(path: Path) -> io.BufferedIOBase:
    """The file's content, decompressed. Read it within `clear_read_errors`."""
    if path.suffix == ".gz":
        return gzip.open(path, "rb")
    if path.suffix == ".xz":
        return lzma.open(path, "rb")
    if path.suffix == ".bz2":
        return bz2.open(path, "rb")
    if path.suffix == ".zst":
        return io.BufferedReader(_ZstandardReader(path.open("rb")))
    return path.open("rb")


@contextlib.contextmanager
def clear_read_errors(path: Path) -> Iterator[None]:
    """What can go wrong while `path` is opened and read, as a `DataError` of one line."""
    name = COMPRESSIONS.get(path.suffix)
    try:
        yield
    except EOFError as error:
        raise DataError(path, f"cut off: the {name} data ends too early") from error
    except (gzip.BadGzipFile, lzma.LZMAError, zlib.error, zstandard.ZstdError) as error:
        raise DataError(path, f"damaged, or no {name} file: {error}") from error
    except OSError as error:
        if error.errno in TRANSIENT:
            raise StorageError(f"{path}: cannot read: {error.strerror}", error.errno) from error
        # bz2 reports damage as an OSError without a number.
        said = f"cannot read: {error.strerror}" if error.strerror else f"damaged, or no {name} file: {error}"
        raise DataError(path, said) from error


@contextlib.contextmanager
def open_to_write(path: Path, suffix: str) -> Iterator[Any]:
    """A binary stream into a new file, compressed as `suffix` says; the same content gives the same bytes."""
    with contextlib.ExitStack() as stack:
        stream: Any = stack.enter_context(path.open("wb"))
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
