"""The vectoriser against scikit-learn's own, and against itself after store and load in another process."""

import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

from pwdismec.data.csr import CSR
from pwdismec.errors import ConfigError, DataError
from pwdismec.text import TextSettings, TextVectorizer
from pwdismec.text.corpus import _Hashed
from pwdismec.text.counting import count
from pwdismec.text.vectorizer import hashed

# Latin, combining marks, right-to-left with marks and overrides, CJK, emoji of several code points, breaks,
# NUL and lone surrogates: whatever a JSON string may hold.
PIECES = ["wald", "Wälder", "wa\u0308lder", "\u05e9\u05dc\u05d5\u05dd", "\u202eabc\u202c", "図書館", "ﬁn"]
PIECES += [
    "👩‍👩‍👧",
    "🇩🇪",
    "\n",
    "\r\n",
    "\u2028",
    "\t",
    " ",
    "\0",
    "a\0b",
    "\ud83d",
    "\ude00",
    "İI",
    "ǅ",
    "x1",
    "_a",
]
texts = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=5)), max_size=8).map(" ".join)
corpora = st.lists(texts, min_size=1, max_size=6)


def fitted(records, setup):
    """The vectoriser of these records: as `Corpus` fits it, but all at once."""
    terms, matrix = count(setup, [[record[f.name] for record in records] for f in setup.fields])
    if setup.hashing is not None:
        columns = hashed(terms, 2**setup.hashing)
        present = np.zeros((matrix.n_rows, 2**setup.hashing), bool)
        for row in range(matrix.n_rows):
            present[row, columns[matrix.rows(row, row + 1).stored().indices]] = True
        return TextVectorizer.of(setup, None, present.sum(0), len(records))
    frequencies = matrix.column_counts()
    kept = sorted(t for t, f in zip(terms, frequencies, strict=True) if f >= setup.min_df)
    of = dict(zip(terms, frequencies, strict=True))
    return TextVectorizer.of(setup, kept, np.array([of[t] for t in kept], np.int64), len(records))


def assert_same(a: CSR, b: CSR):
    assert a.n_columns == b.n_columns
    for x, y in ((a.indptr, b.indptr), (a.indices, b.indices), (a.values, b.values)):
        assert x.dtype == y.dtype and np.array_equal(x, y)


@settings(deadline=None, max_examples=60)
@given(corpora, corpora, st.sampled_from([None, 4]))
@example(["a\ud83d b\ude00", "\udfff\ud800 ab"], ["\ud83d\ude00 ab"], None)
def test_same_features_after_store_and_load(tmp_path_factory, training, new, hashing):
    setup = TextSettings.of("t", words=(1, 2), chars=(1, 3), min_df=1, hashing=hashing)
    vectorizer = fitted([{"t": text} for text in training], setup)
    folder = tmp_path_factory.mktemp("stored") / "vectorizer"
    vectorizer.save(folder)
    loaded = TextVectorizer.load(folder)
    records = [{"t": text} for text in training + new]
    assert_same(loaded.transform(records), vectorizer.transform(records))
    assert loaded.feature_names == vectorizer.feature_names
    assert loaded.settings == setup


@settings(deadline=None, max_examples=60)
@given(corpora, corpora, st.sampled_from([("word", (1, 1)), ("word", (1, 2)), ("char_wb", (2, 4))]))
def test_features_are_those_of_scikit_learn(training, new, way):
    analyzer, sizes = way
    kind = "words" if analyzer == "word" else "chars"
    setup = TextSettings.of("t", **({"words": None} | {kind: sizes}), min_df=1)
    oracle = TfidfVectorizer(analyzer=analyzer, ngram_range=sizes, sublinear_tf=True)
    try:
        oracle.fit(training)
    except ValueError:  # an empty vocabulary
        return
    vectorizer = fitted([{"t": text} for text in training], setup)
    assert [name[2:] for name in vectorizer.feature_names] == oracle.get_feature_names_out().tolist()
    found, expected = vectorizer.transform([{"t": text} for text in new]).to_scipy(), oracle.transform(new)
    expected.sort_indices()
    assert np.array_equal(found.indptr, expected.indptr) and np.array_equal(found.indices, expected.indices)
    np.testing.assert_allclose(found.data, expected.data, rtol=1e-6)


def test_a_fields_weight_is_that_of_its_words_and_of_its_pieces():
    """Pieces of words are weighed as well, and each field by its own number."""
    training = [{"a": "rot blau", "b": "rot"}, {"a": "grün", "b": "rot blau blau"}]
    fields = {"words": (1, 1), "chars": (2, 3), "min_df": 1}
    plain, weighed = (fitted(training, TextSettings.of(text, **fields)) for text in ("a,b", "a:2,b:0.5"))
    assert weighed.feature_names == plain.feature_names
    expected = [{"a": 2.0, "b": 0.5}[name[0]] for name in plain.feature_names]
    np.testing.assert_allclose(weighed.idf / plain.idf, expected)
    marks = {name[1] for name in plain.feature_names}
    assert len(marks) == 2  # of words and of pieces


def test_fields_have_weights_and_features_of_their_own():
    training = [{"a": "rot blau", "b": "rot"}, {"a": "grün", "b": "rot blau blau"}]
    vectorizer = fitted(training, TextSettings.of("a:2,b", min_df=1))
    assert vectorizer.feature_names == ["a:blau", "a:grün", "a:rot", "b:blau", "b:rot"]
    assert [(field.name, field.weight) for field in vectorizer.fields] == [("a", 2.0), ("b", 1.0)]
    blocks = []
    for name, weight in (("a", 2.0), ("b", 1.0)):
        oracle = TfidfVectorizer(sublinear_tf=True, norm=None)
        blocks.append(weight * oracle.fit_transform([record[name] for record in training]).toarray())
    expected = normalize(np.hstack(blocks))
    np.testing.assert_allclose(vectorizer.transform(training).to_scipy().toarray(), expected, rtol=1e-6)


@pytest.mark.parametrize("hashing", [None, 10])
def test_names_of_a_records_features(hashing):
    record = {"t": "Der Wald, der Berg"}
    setup = TextSettings.of("t", words=(1, 1), min_df=1, hashing=hashing)
    vectorizer = fitted([record], setup)
    names = vectorizer.names_in({"t": "Wald und Berg"} if hashing is None else record)
    expected = {"t:wald", "t:berg"} | ({"t:der"} if hashing else set())
    assert set(names.values()) == expected
    assert set(names) <= set(vectorizer.transform([record]).indices.tolist())
    assert (vectorizer.feature_names is None) == (hashing is not None)


def test_names_that_share_a_hash_stand_together():
    record = {"t": "aa bb cc"}
    vectorizer = fitted([record], TextSettings.of("t", hashing=1))
    assert sorted(" | ".join(vectorizer.names_in(record).values()).split(" | ")) == ["t:aa", "t:bb", "t:cc"]


def test_a_line_of_ten_megabytes_in_another_process(tmp_path):
    text = " ".join(f"wort{i % 5003}" for i in range(1_000_000))
    assert len(text) > 8_000_000
    records = [{"t": text}, {"t": "wort1 wort2"}]
    vectorizer = fitted(records, TextSettings.of("t", min_df=1))
    vectorizer.save(tmp_path / "vectorizer")
    (tmp_path / "records.json").write_text(json.dumps(records))
    code = (
        "import json, sys, numpy as np; from pwdismec.text import TextVectorizer;"
        "made = TextVectorizer.load('vectorizer').transform(json.load(open('records.json')));"
        "np.savez('made.npz', indptr=made.indptr, indices=made.indices, values=made.values)"
    )
    subprocess.run([sys.executable, "-I", "-c", code], cwd=tmp_path, check=True)
    made, expected = np.load(tmp_path / "made.npz"), vectorizer.transform(records)
    for name in ("indptr", "indices", "values"):
        assert np.array_equal(made[name], getattr(expected, name))


def test_damage_is_told(tmp_path):
    fitted([{"t": "aa bb"}], TextSettings.of("t", min_df=1)).save(tmp_path / "v")
    with pytest.raises(DataError, match="no vectoriser"):
        TextVectorizer.load(tmp_path / "none")
    path = tmp_path / "v" / "terms.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"terms\.safetensors: changed since it was written"):
        TextVectorizer.load(tmp_path / "v")


@pytest.mark.parametrize(
    "text, others, message",
    [
        ("a,a", {}, "'a' is listed twice"),
        ("a,a:b", {}, "'a' and 'a:b' would share names of features"),
        ("a:-1", {}, "expected a number above 0"),
        ("a:nan", {}, "expected a number above 0"),
        ("a,", {}, "at least 1 character"),
        ("a", {"words": (2, 1)}, "expected a range that ascends"),
        ("a", {"words": None}, "expected words, chars or both"),
        ("a", {"hashing": 27}, "less than or equal to 26"),
    ],
)
def test_settings_out_of_range(text, others, message):
    with pytest.raises(ConfigError, match=message):
        TextSettings.of(text, **others)


@pytest.mark.parametrize(
    "record, message",
    [({}, "missing"), ({"t": None}, "None"), ({"t": 3}, "3"), ({"t": ["a"]}, r"\['a'\]")],
)
def test_a_record_without_the_text(record, message):
    vectorizer = fitted([{"t": "aa"}], TextSettings.of("t", min_df=1))
    with pytest.raises(DataError, match=f"record: field 't': {message}; expected a string"):
        vectorizer.transform([{"t": "aa"}, record])


@pytest.mark.parametrize("bits", [1, 4, 10])
def test_hashed_terms_have_two_to_the_bits_columns(bits):
    assert (
        TextVectorizer.of(TextSettings.of("t", hashing=bits), None, np.zeros(2**bits), 1).n_features
        == 2**bits
    )
    assert len(_Hashed(bits).frequencies) == 2**bits
