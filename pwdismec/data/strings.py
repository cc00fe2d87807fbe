"""Many strings as two arrays, in memory or mapped: any strings, so that no line break can divide one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from pwdismec.data.csr import row_chunks
from pwdismec.data.mapping import is_mapped, release
from pwdismec.errors import ArrayError
from pwdismec.quoting import shown

# Bytes that are decoded at a time.
_CHUNK = 1 << 22


@dataclass(frozen=True, eq=False, repr=False)
class Strings(Sequence[str]):
    """An immutable sequence of strings.

    Attributes
    ----------
    indptr
        int64, shape (n + 1,): string i is ``utf8[indptr[i]:indptr[i + 1]]``.
    utf8
        uint8: the strings' UTF-8.
    """

    indptr: NDArray[np.int64]
    utf8: NDArray[np.uint8]

    @classmethod
    def of(cls, strings: Iterable[str], name: str = "strings") -> Strings:
        """Strings in memory; those that are `Strings` already stay as they are.

        Raises
        ------
        ArrayError
            Naming `name` and the place, if one is no string, or none that UTF-8 can write.
        """
        if isinstance(strings, Strings):
            return strings
        if isinstance(strings, (str, bytes)) or not isinstance(strings, Iterable):
            raise ArrayError(name, f"of type {type(strings).__name__}; expected a list of strings")
        return cls._packed([_encoded(string, place, name) for place, string in enumerate(strings)])

    @classmethod
    def _packed(cls, encoded: Sequence[bytes]) -> Strings:
        indptr = np.zeros(len(encoded) + 1, np.int64)
        np.cumsum(np.fromiter(map(len, encoded), np.int64, len(encoded)), out=indptr[1:])
        return cls(indptr, np.frombuffer(b"".join(encoded), np.uint8))

    @classmethod
    def concatenate(cls, parts: Sequence[Strings]) -> Strings:
        """The strings of one after those of another."""
        own = [part.stored() for part in parts]
        lengths = [np.diff(part.indptr) for part in own]
        indptr = np.zeros(1 + sum(map(len, own)), np.int64)
        np.cumsum(np.concatenate([np.empty(0, np.int64), *lengths]), out=indptr[1:])
        return cls(indptr, np.concatenate([np.empty(0, np.uint8), *(part.utf8 for part in own)]))

    def __len__(self) -> int:
        return len(self.indptr) - 1

    @overload
    def __getitem__(self, place: int) -> str: ...

    @overload
    def __getitem__(self, place: slice) -> Strings: ...

    def __getitem__(self, place: int | slice) -> str | Strings:
        if isinstance(place, slice):
            return self.take(np.arange(len(self))[place])
        place = range(len(self))[place]
        return self.utf8[self.indptr[place] : self.indptr[place + 1]].tobytes().decode()

    def __iter__(self) -> Iterator[str]:
        return map(bytes.decode, self._encoded())

    def __eq__(self, other: object) -> bool:
        """Whether the other, too, is `Strings`, with the same ones in the same order."""
        if not isinstance(other, Strings):
            return NotImplemented
        ours, theirs = self.stored(), other.stored()
        return np.array_equal(ours.indptr, theirs.indptr) and np.array_equal(ours.utf8, theirs.utf8)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Strings({len(self)} of {self.nbytes} bytes)"

    @property
    def nbytes(self) -> int:
        """Bytes of offsets and text."""
        own = self.stored()
        return own.indptr.nbytes + own.utf8.nbytes

    @property
    def is_mapped(self) -> bool:
        """Whether the text is mapped from a file, read-only."""
        return is_mapped(self.utf8)

    def digest(self) -> str:
        """SHA-256 of the strings, in hexadecimal digits."""
        own = self.stored()
        digest = sha256(np.ascontiguousarray(own.indptr).data)
        digest.update(np.ascontiguousarray(own.utf8).data)
        return digest.hexdigest()

    def rows(self, start: int, stop: int) -> Strings:
        """Strings start … stop − 1, as a view."""
        return Strings(self.indptr[start : stop + 1], self.utf8)

    def take(self, ids: NDArray[np.integer[Any]]) -> Strings:
        """The strings `ids`, in that order, copied."""
        spans = zip(self.indptr[:-1][ids].tolist(), self.indptr[1:][ids].tolist(), strict=True)
        return self._packed([self.utf8[start:stop].tobytes() for start, stop in spans])

    def stored(self) -> Strings:
        """The same strings with offsets from 0 and no text outside them; arrays are views."""
        start, stop = int(self.indptr[0]), int(self.indptr[-1])
        return Strings(self.indptr if start == 0 else self.indptr - start, self.utf8[start:stop])

    def check(self, name: str) -> None:
        """Raise ArrayError, naming `name` and the place, unless these are the arrays of strings."""
        for field, array, dtype in (("indptr", self.indptr, np.int64), ("utf8", self.utf8, np.uint8)):
            if not isinstance(array, np.ndarray) or array.ndim != 1 or array.dtype != dtype:
                raise ArrayError(name, f"{field}: expected a 1-D array of {np.dtype(dtype)}")
        if not len(self.indptr):
            raise ArrayError(name, "indptr is empty; expected one offset more than strings")
        if self.indptr[0] < 0 or (self.indptr[1:] < self.indptr[:-1]).any():
            raise ArrayError(name, "indptr falls or is negative; expected offsets that do not fall")
        if self.indptr[-1] > len(self.utf8):
            raise ArrayError(name, f"utf8 has {len(self.utf8)} bytes, but indptr ends at {self.indptr[-1]}")
        for start, stop in row_chunks(self.indptr, _CHUNK):
            for place, encoded in enumerate(self.rows(start, stop)._encoded(), start):
                try:
                    encoded.decode()
                except UnicodeDecodeError as error:
                    raise ArrayError(name, f"string {place}: not UTF-8: {error.reason}") from error
        release(self.utf8)

    def _encoded(self) -> Iterator[bytes]:
        for start, stop in row_chunks(self.indptr, _CHUNK):
            offsets = self.indptr[start : stop + 1].tolist()
            first = offsets[0]
            content = self.utf8[first : offsets[-1]].tobytes()
            for begin, end in pairwise(offsets):
                yield content[begin - first : end - first]


def _encoded(string: object, place: int, name: str) -> bytes:
    if not isinstance(string, str):
        raise ArrayError(name, f"string {place} is of type {type(string).__name__}; expected a string")
    try:
        return string.encode()
    except UnicodeEncodeError as error:
        what = "holds half a surrogate pair, which UTF-8 cannot write"
        raise ArrayError(name, f"string {place} {what}: {shown(string)}") from error
