"""Single words counted: scikit-learn says once what the words of each run of characters are."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import accumulate, chain

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer

from pwdismec import native
from pwdismec.data.csr import CSR
from pwdismec.text.numbers import Numbers

# The same words as scikit-learn's own pattern finds, \b\w\w+\b: a run of letters and digits is taken whole
# anyway. Without the boundaries it takes a third less time.
PATTERN = r"\w\w+"


class Words:
    """Counts the words that `CountVectorizer` finds in texts.

    A text that its preprocessor has made lower-case is cut at each ASCII character but letters, digits and _,
    which cuts no word. The runs between are numbered; when one first occurs, its tokeniser says which words
    it holds.

    Parameters
    ----------
    numbers
        Of the words.
    prefix
        What their names begin with.
    """

    def __init__(self, numbers: Numbers, prefix: str) -> None:
        way = CountVectorizer(token_pattern=PATTERN)
        self._prepare, self._cut = way.build_preprocessor(), way.build_tokenizer()
        self._numbers, self._ids = numbers, numbers.ids(prefix)
        self._runs = native.Runs()
        self._words, self._ends = array("i"), array("q", [0])  # of each run

    def __len__(self) -> int:
        return len(self._runs)

    def count(self, texts: Sequence[str]) -> CSR:
        """Shape (len(texts), words so far); a row's words in the order in which they come."""
        prepared = [self._prepare(text).encode("utf-8", "surrogatepass") for text in texts]
        indptr, runs, new = self._runs.number(prepared)
        found = [self._cut(run) for run in new.decode("utf-8", "surrogatepass").split("\n")[:-1]]
        self._ends.extend(accumulate(map(len, found), initial=self._ends.pop()))
        self._words.extend(map(self._ids.__getitem__, chain.from_iterable(found)))
        words, ends = np.asarray(self._words, np.int32), np.asarray(self._ends, np.int64)
        return CSR(*native.count_in_rows(indptr, runs, ends, words, len(self._numbers)), len(self._numbers))
