"""Numbers of n-grams against scikit-learn's analysers, and the limit that they are for."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from pwdismec.data.formats.layouts import record_files
from pwdismec.errors import DataError
from pwdismec.text import TextSettings, TextVectorizer, ngrams
from pwdismec.text.chunks import chunks_of

RANGES = st.tuples(st.integers(1, 8), st.integers(1, 8)).map(sorted).map(tuple)
TEXTS = st.text("abé_1 ,\n\t", max_size=60)


@pytest.mark.parametrize("analyzer, count", [("word", ngrams.of_words), ("char_wb", ngrams.of_chars)])
@given(text=TEXTS, sizes=RANGES)
def test_as_many_n_grams_as_scikit_learn_finds(analyzer, count, text, sizes):
    analyse = CountVectorizer(analyzer=analyzer, ngram_range=sizes).build_analyzer()
    assert count(text, sizes) == len(analyse(text))


@given(text=TEXTS, words=RANGES, chars=RANGES, most=st.integers(0, 200))
def test_a_text_is_refused_just_where_it_has_too_many(text, words, chars, most):
    settings = TextSettings.of("t", words=words, chars=chars)
    found = [ngrams.of_chars(text, chars), *([ngrams.of_words(text, words)] if words != (1, 1) else [])]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ngrams, "MOST", most)
        assert (ngrams.too_many(text, settings) is None) == (max(found) <= most)


@pytest.mark.parametrize(
    "option, sizes, text, found",
    [("chars", (3, 50), "x" * 10**6, "47,998,872"), ("words", (1, 100), "ab " * 10**6, "99,995,050")],
)
def test_a_record_of_too_many_n_grams_is_refused(tmp_path, option, sizes, text, found):
    settings = TextSettings.of("t", label_field="l", **{option: sizes})
    path = tmp_path / "r.jsonl"
    path.write_text('{"t": "a", "l": []}\n' + json.dumps({"t": text, "l": []}))
    limit = f"{found} n-grams of {option} {sizes[0]}-{sizes[1]}; expected at most 20,000,000"
    with pytest.raises(DataError, match=f"{path}:2: field 't': {limit}"):
        list(chunks_of(record_files(path).files, settings))
    vectorizer = TextVectorizer.of(settings, ["t:ab"], np.array([2]), 2)
    with pytest.raises(DataError, match=f"record: field 't': {limit}"):
        vectorizer.transform([{"t": text}])
