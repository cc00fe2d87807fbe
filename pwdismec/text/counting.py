"""How often each term occurs in each text; what a term is, scikit-learn's analysers say."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer

from pwdismec.data.csr import CSR
from pwdismec.text.settings import CHAR, WORD, TextSettings

# The same words as scikit-learn's own pattern finds, \b\w\w+\b: a run of letters and digits is taken whole
# anyway. Without the boundaries it takes a third less time.
_WORDS = r"\w\w+"


class Counts(NamedTuple):
    """Term counts of some records.

    Attributes
    ----------
    terms
        Names of the terms that occur, such as "title:word"; not sorted.
    matrix
        Shape (n_records, len(terms)), counts.
    """

    terms: list[str]
    matrix: CSR


class Analyser(NamedTuple):
    """One way to cut the texts of one field.

    Attributes
    ----------
    field
        Number of the field.
    prefix
        What its terms' names begin with.
    terms_of
        The terms of a text, in order, repeated as they occur.
    """

    field: int
    prefix: str
    terms_of: Callable[[str], Sequence[str]]


def analysers(settings: TextSettings) -> list[Analyser]:
    """The analysers of every field."""
    kinds = [(WORD, "word", settings.words), (CHAR, "char_wb", settings.chars)]
    return [
        Analyser(
            number,
            field.name + mark,
            CountVectorizer(analyzer=kind, ngram_range=sizes, token_pattern=_WORDS).build_analyzer(),
        )
        for number, field in enumerate(settings.fields)
        for mark, kind, sizes in kinds
        if sizes is not None
    ]


def count(ways: Sequence[Analyser], texts: Sequence[Sequence[str]]) -> Counts:
    """Count the terms of the records whose field f has the texts ``texts[f]``."""
    terms: list[str] = []
    parts = []
    for way in ways:
        ids, part = _count_one(way.terms_of, texts[way.field])
        terms.extend(map(way.prefix.__add__, ids))
        parts.append(part)
    whole = parts[0] if len(parts) == 1 else sp.hstack(parts, format="csr", dtype=np.float32)
    return Counts(terms, CSR.from_scipy(whole))


def _count_one(
    terms_of: Callable[[str], Sequence[str]], texts: Sequence[str]
) -> tuple[dict[str, int], sp.csr_matrix]:
    ids: defaultdict[str, int] = defaultdict()
    ids.default_factory = ids.__len__  # a new term gets the next number
    found = array("i")
    ends = array("q", [0])
    for text in texts:
        found.extend(map(ids.__getitem__, terms_of(text)))
        ends.append(len(found))
    indices = np.frombuffer(found, np.int32) if found else np.zeros(0, np.int32)
    values = np.ones(len(indices), np.float32)
    matrix = sp.csr_matrix((values, indices, np.frombuffer(ends, np.int64)), shape=(len(texts), len(ids)))
    matrix.sum_duplicates()
    return ids, matrix


def in_columns(matrix: CSR, columns: NDArray[np.integer], n_columns: int) -> CSR:
    """Counts with term t in column ``columns[t]``, left out if that is negative; equal columns are added."""
    own = matrix.stored()
    own = CSR(own.indptr, columns[own.indices].astype(np.int32), own.data, n_columns)
    own = own.where(own.indices >= 0)
    moved = sp.csr_matrix((own.values, own.indices, own.indptr), shape=(own.n_rows, n_columns))
    moved.sum_duplicates()
    return CSR.from_scipy(moved)
