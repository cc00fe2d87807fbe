"""Annif's corpora: labels by URI and by name, files that are ignored, separators that are none."""

from itertools import pairwise

import pytest

from pwdismec import DataError, Dataset
from pwdismec.steps.convert import convert_files
from pwdismec.steps.convert_texts import convert_texts
from pwdismec.text import TextSettings

FOREST, SEA, BANK = "http://x/forest", "http://x/sea", "http://x/bank"
SETTINGS = TextSettings.of("text", min_df=1)


@pytest.fixture
def corpus(tmp_path):
    """Documents with subjects by URI, and with subjects by name."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    for name, subjects in {
        "a.tsv": f"<{FOREST}>\tForest\n<{SEA}>\tSea\n",
        "b.key": "Forest\nBank\n",
        "c.tsv": f"<{BANK}>\tBank\n<{BANK}2>\tBank\n",
        "d.key": f"Sea\n{FOREST}\n",
    }.items():
        (folder / name).write_text(subjects)
        (folder / name).with_suffix(".txt").write_text(f"the text of {name} is here")
    return folder


def rows_of(dataset):
    called = dataset.label_uris or dataset.label_names
    labels = dataset.labels.stored()
    ends = labels.indptr
    return [{called[i] for i in labels.indices[a:b]} for a, b in pairwise(ends)]


def test_a_name_that_one_uri_has_is_taken_for_it(corpus, tmp_path):
    (made,) = convert_texts(corpus, tmp_path / "out", SETTINGS)
    assert rows_of(made.dataset) == [{FOREST, SEA}, {FOREST, "Bank"}, {BANK, f"{BANK}2"}, {SEA, FOREST}]
    names = dict(zip(made.dataset.label_uris, made.dataset.label_names, strict=True))
    assert names == {FOREST: "Forest", SEA: "Sea", BANK: "Bank", f"{BANK}2": "Bank", "Bank": "Bank"}
    assert any("2 labels given by name, taken for the URI of that name" in note for note in made.notes)
    assert any(
        "1 label given by a name that several URIs have, such as 'Bank'" in note for note in made.notes
    )


def test_the_vocabulary_tells_the_uri_of_a_name(corpus, tmp_path):
    """Also where no document has the URI itself."""
    (tmp_path / "voc.tsv").write_text(f"<{FOREST}>\tForest\n\n<{SEA}>\tSea\n<{BANK}>\tBank\n")
    for name in ("a", "c"):
        (corpus / f"{name}.tsv").unlink()
        (corpus / f"{name}.txt").unlink()
    (made,) = convert_texts(corpus, tmp_path / "out", SETTINGS, label_names=tmp_path / "voc.tsv")
    assert rows_of(made.dataset) == [{FOREST, BANK}, {SEA, FOREST}]
    assert set(made.dataset.label_names) == {"Forest", "Bank", "Sea"}


def test_a_record_that_names_a_label_twice_has_it_once(corpus, tmp_path):
    (corpus / "b.key").write_text(f"Forest\n{FOREST}\n")
    (made,) = convert_texts(corpus, tmp_path / "out", SETTINGS)
    assert rows_of(made.dataset)[1] == {FOREST}


def test_a_test_set_may_give_labels_by_name(corpus, tmp_path):
    (train,) = convert_texts(corpus, tmp_path / "out", SETTINGS)
    test = tmp_path / "test"
    test.mkdir()
    (test / "x.txt").write_text("the text of x")
    (test / "x.key").write_text("Sea\nUnknown\n")
    made = convert_files([test], tmp_path / "like", like=train.dataset)
    assert rows_of(made) == [{SEA, "Unknown"}]
    assert made.n_labels == train.dataset.n_labels + 1


def test_ignored_files_are_told(corpus, tmp_path, caplog):
    for name in ("g.tsv", "a.key", "A.TXT", "z.txt.gz"):
        (corpus / name).write_text("x")
    (corpus / "inner").mkdir()
    (made,) = convert_texts(corpus, tmp_path / "out", SETTINGS)
    (note,) = [note for note in made.notes if "ignored 5" in note]
    assert "ignored 5 files, such as A.TXT; expected NAME.txt, with NAME.tsv or NAME.key" in note
    convert_files([corpus], tmp_path / "like", like=made.dataset)
    assert "ignored 5 files" in caplog.text


def test_a_separator_that_is_none_is_refused(tmp_path):
    path = tmp_path / "t.tsv"
    for between in (",", ";", "|", ", "):
        path.write_text(f"a text\t<{FOREST}>\nanother\t<{FOREST}>{between}<{SEA}>\n")
        with pytest.raises(DataError, match=r"t\.tsv:2: .*expected URIs divided by ' '"):
            convert_texts(path, tmp_path / "out", SETTINGS, format="annif")
    path.write_text(f"a text\t<{FOREST}>\nanother\t<{FOREST}> <{SEA}>\n")
    (made,) = convert_texts(path, tmp_path / "out", SETTINGS, format="annif")
    assert rows_of(made.dataset) == [{FOREST}, {FOREST, SEA}]


def test_the_first_line_without_subjects_does_not_hide_the_way_out(tmp_path):
    (tmp_path / "t.tsv").write_text(f"a text\t\nanother\t<{FOREST}>\n")
    with pytest.raises(DataError, match="--format annif reads Annif's"):
        convert_texts(tmp_path / "t.tsv", tmp_path / "out", SETTINGS)
    (made,) = convert_texts(tmp_path / "t.tsv", tmp_path / "out", SETTINGS, format="annif")
    assert rows_of(made.dataset) == [set(), {FOREST}]


def test_the_columns_of_a_layout_are_named(tmp_path):
    (tmp_path / "t.tsv").write_text(f"a text\t<{FOREST}>\nanother\n")
    with pytest.raises(DataError, match=r"t\.tsv:2: 1 cell; expected 2: 'text', 'subjects'"):
        convert_texts(tmp_path / "t.tsv", tmp_path / "out", SETTINGS)


def test_the_data_set_says_what_the_notes_say(corpus, tmp_path):
    (made,) = convert_texts(corpus, tmp_path / "out", SETTINGS)
    assert Dataset.open(tmp_path / "out").label_uris == made.dataset.label_uris


def test_a_name_of_spaces_that_are_no_blanks_is_a_name(tmp_path):
    (tmp_path / "voc.tsv").write_text("a\t\u2028\n\u2029\t\u2003\n \t \n", encoding="utf-8")
    (tmp_path / "r.jsonl").write_text('{"text": "words", "labels": ["a", "\u2029"]}\n', encoding="utf-8")
    settings = TextSettings.of("text", min_df=1, label_field="labels")
    (made,) = convert_texts(
        tmp_path / "r.jsonl", tmp_path / "out", settings, label_names=tmp_path / "voc.tsv"
    )
    assert made.dataset.label_names == ["\u2028", "\u2003"]
