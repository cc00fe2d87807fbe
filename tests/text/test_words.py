"""Words counted by runs of characters against scikit-learn's analyser on whole texts."""

import re
from collections import Counter as Bag
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from pwdismec import native
from pwdismec.text.numbers import Numbers
from pwdismec.text.words import Words

ANALYSE = CountVectorizer().build_analyzer()

# Letters whose lower case has several characters or depends on their neighbours, what is ignored in finding
# these, marks, joiners, breaks of every kind, NUL, lone surrogates, digits and letters of other scripts.
PARTS = [
    *"aB7_éİIßẞǅΣΩ'.:^`,;-٣図ﬁ𝒜👩",
    "\xad",
    "\xa0",
    "\u0301",
    "\u0345",
    "\u200d",
    "\u2019",
    "\u2028",
    "\u3000",
]
PARTS += [*" \t\n\v\f\r\0\x1b\x1c\x1d\x1e\x1f\x7f\x85\ud800\udfff", "wald", "ΛΟΓΟΣ"]
texts = st.one_of(st.lists(st.sampled_from(PARTS), max_size=12).map("".join), st.text(max_size=12))


def counted(words, numbers, some):
    """Each text's words and their counts; what is new there, told."""
    matrix = words.count(some)
    for i in range(len(some)):
        row = matrix.rows(i, i + 1).stored()
        assert len(set(row.indices.tolist())) == len(row.indices)
        yield dict(zip(row.indices.tolist(), row.values.tolist(), strict=True))


def assert_like_the_analyser(batches):
    numbers = Numbers()
    words, names = Words(numbers, "t:"), []
    for some in batches:
        rows = list(counted(words, numbers, some))
        names += numbers.new()
        found = [{names[j]: n for j, n in row.items()} for row in rows]
        assert found == [dict(Bag(f"t:{word}" for word in ANALYSE(text))) for text in some]


@settings(deadline=None, max_examples=300)
@given(st.lists(st.lists(texts, max_size=4), max_size=3))
def test_words_are_those_of_the_analyser(batches):
    assert_like_the_analyser(batches)


def test_beside_every_character():
    characters = [chr(code) for code in [*range(0x20000), *range(0xE0000, 0xE0200)]]
    blocks = [characters[i : i + 256] for i in range(0, len(characters), 256)]
    lines = [" ".join(f"aΣ{c}Β{c} {c}{c} Σ{c}" for c in block) for block in blocks]
    assert_like_the_analyser([lines])


@settings(deadline=None)
@given(st.lists(st.lists(st.text("ab_Z9é図 .,\0-@[`{/:", max_size=30), max_size=4), max_size=4))
def test_runs_are_numbered_on(batches):
    runs, known = native.Runs(), []
    for some in batches:
        indptr, numbers, new = runs.number([text.encode() for text in some])
        known += new.decode().split("\n")[:-1]
        assert len(runs) == len(known) == len(set(known))
        found = [[known[j] for j in numbers[a:b]] for a, b in pairwise(indptr)]
        assert found == [re.findall(r"[\w\u0080-\U0010ffff]+", text, re.ASCII) for text in some]


def test_many_runs():
    text = " ".join(f"{i % 30_000:x}" for i in range(100_000))
    runs = native.Runs()
    indptr, numbers, new = runs.number([text.encode()])
    assert len(runs) == 30_000 and indptr.tolist() == [0, 100_000]
    assert np.array_equal(numbers, np.arange(100_000) % 30_000)
    assert new.decode().split() == [f"{i:x}" for i in range(30_000)]
    assert np.array_equal(runs.number([text.encode()])[1], numbers) and runs.number([])[2] == b""
