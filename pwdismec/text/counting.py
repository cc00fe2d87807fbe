"""How often each term occurs in each text; what a term is, scikit-learn's analysers say."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple, Protocol

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer

from pwdismec.data.csr import CSR
from pwdismec.text.numbers import Counts, Numbers
from pwdismec.text.settings import CHAR, WORD, TextSettings
from pwdismec.text.words import PATTERN, Words

# What a counter remembers before it begins anew, so that its memory is some 200 MB whatever it reads.
_REMEMBERED = 1 << 20


class Counting(Protocol):
    """Counts the terms of texts; its numbers go on from call to call."""

    def __len__(self) -> int:
        """How much it remembers."""
        ...

    def count(self, texts: Sequence[Any]) -> CSR:
        """Shape (len(texts), terms so far)."""
        ...


class Way(NamedTuple):
    """One way to cut the texts of one field, by its number."""

    field: int
    counting: Counting


class Terms:
    """Counts the terms that a function finds in each text, in order, repeated as they occur."""

    def __init__(self, numbers: Numbers, prefix: str, terms_of: Callable[[Any], Sequence[str]]) -> None:
        self._numbers, self._ids = numbers, numbers.ids(prefix)
        self._terms_of = terms_of

    def __len__(self) -> int:
        return len(self._ids)

    def count(self, texts: Sequence[Any]) -> CSR:
        """Shape (len(texts), terms so far)."""
        found = array("i")
        ends = array("q", [0])
        for text in texts:
            found.extend(map(self._ids.__getitem__, self._terms_of(text)))
            ends.append(len(found))
        values = np.ones(len(found), np.float32)
        shape = (len(texts), len(self._numbers))
        matrix = sp.csr_matrix((values, np.asarray(found), np.asarray(ends)), shape=shape)
        matrix.sum_duplicates()
        return CSR.from_scipy(matrix)


class Counter:
    """Counts the terms of records, numbered in the order in which they come.

    Parameters
    ----------
    ways_of
        The ways to cut the records' fields, whose terms get these numbers.
    """

    def __init__(self, ways_of: Callable[[Numbers], Sequence[Way]]) -> None:
        self._ways_of = ways_of
        self._begin()

    @classmethod
    def of_texts(cls, settings: TextSettings) -> Counter:
        """Of the features of texts."""
        return cls(partial(_ways, settings))

    @classmethod
    def of_lists(cls) -> Counter:
        """Of one field, which lists its terms."""
        return cls(lambda numbers: [Way(0, Terms(numbers, "", lambda terms: terms))])

    def count(self, fields: Sequence[Sequence[Any]]) -> Counts:
        """The counts of the records whose field f has the texts ``fields[f]``."""
        if sum(len(way.counting) for way in self._ways) > _REMEMBERED:
            self._begin()
        parts = [way.counting.count(fields[way.field]) for way in self._ways]
        parts = [replace(part, n_columns=len(self._numbers)) for part in parts]
        whole = parts[0] if len(parts) == 1 else CSR.from_scipy(sum(part.to_scipy() for part in parts))
        return Counts(self._numbers.new(), whole)

    def _begin(self) -> None:
        self._numbers = Numbers()
        self._ways = self._ways_of(self._numbers)


def _ways(settings: TextSettings, numbers: Numbers) -> list[Way]:
    ways = []
    for number, field in enumerate(settings.fields):
        if settings.words == (1, 1):
            ways.append(Way(number, Words(numbers, field.name + WORD)))
        elif settings.words is not None:
            ways.append(Way(number, _analysed(numbers, field.name + WORD, "word", settings.words)))
        if settings.chars is not None:
            ways.append(Way(number, _analysed(numbers, field.name + CHAR, "char_wb", settings.chars)))
    return ways


def _analysed(numbers: Numbers, prefix: str, kind: str, sizes: tuple[int, int]) -> Terms:
    analyser = CountVectorizer(analyzer=kind, ngram_range=sizes, token_pattern=PATTERN).build_analyzer()
    return Terms(numbers, prefix, analyser)


def count(settings: TextSettings, texts: Sequence[Sequence[str]]) -> Counts:
    """Count the terms of the records whose field f has the texts ``texts[f]``."""
    return Counter.of_texts(settings).count(texts)


def in_columns(matrix: CSR, columns: NDArray[np.integer], n_columns: int) -> CSR:
    """Counts with term t in column ``columns[t]``, left out if that is negative; equal columns are added."""
    own = matrix.stored()
    own = CSR(own.indptr, columns[own.indices].astype(np.int32), own.data, n_columns)
    own = own.where(own.indices >= 0)
    moved = sp.csr_matrix((own.values, own.indices, own.indptr), shape=(own.n_rows, n_columns))
    moved.sum_duplicates()
    return CSR.from_scipy(moved)
