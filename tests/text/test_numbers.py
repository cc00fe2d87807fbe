"""Counts of several processes, each with numbers of its own, brought together."""

from collections import Counter as Bag
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pwdismec.text import TextSettings, counting
from pwdismec.text.counting import Counter
from pwdismec.text.numbers import Translation

WORDS = [f"w{i}" for i in range(12)]
batches = st.lists(
    st.tuples(st.sampled_from("abc"), st.lists(st.sampled_from(WORDS), max_size=6)), max_size=12
)


@pytest.mark.parametrize("remembered", [0, 5, 1 << 20])
@pytest.mark.parametrize("words", [(1, 1), (1, 2)])
def test_a_name_has_one_number_whoever_counts_it(remembered, words, monkeypatch):
    monkeypatch.setattr(counting, "_REMEMBERED", remembered)
    setup = TextSettings.of("t", words=words)

    @settings(deadline=None, max_examples=50)
    @given(batches)
    def check(given_batches):
        here: dict[str, int] = {}
        translation = Translation(lambda names: np.array([here.setdefault(n, len(here)) for n in names]))
        counters = {process: Counter.of_texts(setup) for process in "abc"}
        for process, some in given_batches:
            counts = counters[process].count([[" ".join(some)]])
            numbers = translation.of(process, counts)
            assert len(numbers) == counts.matrix.n_columns
            names = list(here)
            found = zip(numbers[counts.matrix.indices].tolist(), counts.matrix.values.tolist(), strict=True)
            pairs = pairwise(some) if words == (1, 2) else ()
            expected = Bag(f"t:{term}" for term in [*some, *map(" ".join, pairs)])
            assert {names[j]: n for j, n in found} == expected

    check()


def test_fields_and_analysers_together():
    setup = TextSettings.of("a,b", chars=(2, 2))
    names, matrix = Counter.of_texts(setup).count([["ab ab", ""], ["ab", "cd"]])
    dense = matrix.to_scipy().toarray()
    assert [dict(zip(names, row, strict=True)) for row in dense.tolist()] == [
        {"a:ab": 2, "a~ a": 2, "a~ab": 2, "a~b ": 2, "b:ab": 1, "b~ a": 1, "b~ab": 1, "b~b ": 1}
        | {"b:cd": 0, "b~ c": 0, "b~cd": 0, "b~d ": 0},
        {"a:ab": 0, "a~ a": 0, "a~ab": 0, "a~b ": 0, "b:ab": 0, "b~ a": 0, "b~ab": 0, "b~b ": 0}
        | {"b:cd": 1, "b~ c": 1, "b~cd": 1, "b~d ": 1},
    ]
