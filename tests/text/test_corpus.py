"""A corpus that comes in chunks, some of it held out, against scikit-learn on all of its training records."""

import json

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfVectorizer

from pwdismec.data.formats.layouts import record_files
from pwdismec.errors import DataError
from pwdismec.text import TextSettings
from pwdismec.text.chunks import chunks_of
from pwdismec.text.corpus import Corpus, LabelIds
from pwdismec.text.splits import Split

WORDS = ["wald", "baum", "fisch", "meer", "berg", "see", "stern", "haus"]
SETTINGS = TextSettings(fields=({"name": "t"},), label_field="l", min_df=2)


def written(path, n=60):
    rng = np.random.default_rng(0)
    records = []
    for i in range(n):
        text = " ".join(rng.choice(WORDS, 5))
        labels = sorted({f"L{j}" for j in rng.integers(0, 9, 2)} | ({f"new{i % 3}"} if i >= 45 else set()))
        records.append({"t": text, "l": labels, "y": i})
    path.write_text("".join(f"{json.dumps(record)}\n" for record in records))
    return records


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_is_held_out_counts_for_nothing_but_its_own_labels(tmp_path, jobs):
    records = written(tmp_path / "r.jsonl")
    train, held_out = records[:45], records[45:]
    with Corpus(SETTINGS, tmp_path) as corpus:
        for chunk in chunks_of(record_files(tmp_path / "r.jsonl").files, SETTINGS, Split.parse("y:45"), jobs):
            corpus.add(chunk)
        assert corpus.n_records == {False: 45, True: 15}
        fitted = corpus.fit(tmp_path / "r.jsonl")
        blocks = {part: list(fitted.blocks(part, 2)) for part in (False, True)}
    expected = TfidfVectorizer(min_df=2, token_pattern=r"(?u)\b\w+\b").fit([r["t"] for r in train])
    np.testing.assert_allclose(fitted.vectorizer.idf, expected.idf_, rtol=1e-12)
    assert fitted.vectorizer.labels == sorted({label for r in train for label in r["l"]})
    assert fitted.other_labels == ["new0", "new1", "new2"]
    names = [*fitted.vectorizer.labels, *fitted.other_labels]
    for part, own in ((False, train), (True, held_out)):
        counts = sp.vstack([block.features.to_scipy() for block in blocks[part]])
        wanted = sp.csr_matrix([[r["t"].split().count(w) for w in sorted(WORDS)] for r in own])
        np.testing.assert_array_equal(counts.toarray(), wanted.toarray())
        rows = [row for block in blocks[part] for row in block.labels.to_scipy()]
        assert [[names[j] for j in row.indices] for row in rows] == [r["l"] for r in own]


def test_nothing_for_training_is_refused(tmp_path):
    written(tmp_path / "r.jsonl", 5)
    with Corpus(SETTINGS, tmp_path) as corpus:
        for chunk in chunks_of(record_files(tmp_path / "r.jsonl").files, SETTINGS, Split.parse("y:0")):
            corpus.add(chunk)
        with pytest.raises(DataError, match=r"r\.jsonl: no record for training; expected at least one"):
            corpus.fit(tmp_path / "r.jsonl")


def test_labels_that_are_new_get_the_next_ids():
    ids = LabelIds(["a", "b"], ["A", "B"])
    assert ids.of(["b", "x", "a", "y", "x"]).tolist() == [1, 2, 0, 3, 2]
    assert ids.of(["y", "z"]).tolist() == [3, 4]
    assert ids.names == ["A", "B", "x", "y", "z"]
