"""Annif's folders of documents, and texts beside the labels of the XMC repository or PECOS."""

import os

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from pwdismec.data.formats.layouts import record_files
from pwdismec.errors import DataError
from pwdismec.text import TextSettings
from pwdismec.text.pieces import pieces_of

SETTINGS = TextSettings.of("text", label_field="labels")


def records_of(sources, settings=SETTINGS):
    files = record_files(sources).files
    return [
        dict(record) for file in files for piece in pieces_of(file, settings) for record in piece.records()
    ]


def corpus(folder, **files):
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        path = folder / name.replace("__", ".")
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def test_documents_have_the_subjects_of_the_file_beside_them(tmp_path):
    folder = corpus(
        tmp_path / "docs",
        b__txt="\ufeffDas Meer\nund\r\n",
        b__tsv="\ufeff<http://x/3>\tMeer\t42\n\n<http://x/4>\n",
        a__txt="",
        a__key="computer science\r\nInternet Protocol\r\n",
        a__pdf="?",
    )
    assert records_of(folder) == [
        {"id": "a", "text": "", "subjects": ["computer science", "Internet Protocol"]},
        {
            "id": "b",
            "text": "Das Meer\nund\r\n",
            "subjects": [{"uri": "http://x/3", "label": "Meer"}, "http://x/4"],
        },
    ]


def test_a_tsv_goes_before_a_key(tmp_path):
    folder = corpus(tmp_path / "docs", a__txt="x", a__tsv="<http://x/1>\tX\n", a__key="Y\n")
    assert records_of(folder)[0]["subjects"] == [{"uri": "http://x/1", "label": "X"}]


def test_a_document_without_subjects_is_refused_where_they_are_wanted(tmp_path):
    folder = corpus(tmp_path / "docs", a__txt="x", a__key="X\n", b__txt="y")
    with pytest.raises(
        DataError, match=r"b.txt: a document without subjects; expected b.tsv or b.key beside"
    ):
        records_of(folder)
    unlabelled = TextSettings.of("text")
    assert [record["text"] for record in records_of(folder, unlabelled)] == ["x", "y"]


@pytest.mark.parametrize(
    "content, said",
    [
        (b"ab\nc\xffd", r"a.txt:2: byte 0xff is not UTF-8; expected UTF-8"),
        (b"x" * 33_000_000, "more than 32 MB"),
    ],
)
def test_a_document_that_is_no_text_is_refused(tmp_path, content, said):
    with pytest.raises(DataError, match=said):
        records_of(corpus(tmp_path / "docs", a__txt=content, a__key="X\n"))


def test_a_document_is_no_link_out_of_the_folder_and_no_pipe(tmp_path):
    folder = corpus(tmp_path / "docs", a__txt="x", a__key="X\n")
    (folder / "b.txt").symlink_to("/etc/hostname")
    with pytest.raises(DataError, match=r"b.txt: a link that leads out of the folder"):
        records_of(folder)
    (folder / "b.txt").unlink()
    os.mkfifo(folder / "b.txt")
    with pytest.raises(DataError, match=r"b.txt: a pipe or device, where a file is expected"):
        records_of(folder)


TEXTS = st.lists(
    st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), max_size=9), min_size=1, max_size=9
)


@given(TEXTS, st.data())
def test_texts_stand_beside_the_labels_of_their_line(tmp_path_factory, texts, data):
    folder = tmp_path_factory.mktemp("xmc")
    if not any(texts):
        texts = [*texts, "x"]
    sets = data.draw(
        st.lists(st.lists(st.integers(0, 4), unique=True), min_size=len(texts), max_size=len(texts))
    )
    (folder / "trn_X.txt").write_text("\n".join(texts) + "\n", newline="")
    rows = "".join(" ".join(f"{label}:1" for label in labels) + "\n" for labels in sets)
    (folder / "trn_X_Y.txt").write_text(f"{len(texts)} 5\n{rows}")
    expected = [{"text": text, "labels": sorted(labels)} for text, labels in zip(texts, sets, strict=True)]
    bom = expected[0]["text"].startswith("\ufeff")
    if not bom:
        assert records_of(folder) == expected
    matrix = sp.lil_matrix((len(texts), 5))
    for row, labels in enumerate(sets):
        matrix[row, labels] = 1
    sp.save_npz(folder / "Y.npz", matrix.tocsr())
    if not bom:
        assert records_of([folder / "trn_X.txt", folder / "Y.npz"]) == expected


@pytest.mark.parametrize(
    "labels, said",
    [
        ("2 5\n0:1\n1:1\n", r"trn_X.txt:3: more than the 2 texts that .*trn_X_Y.txt has labels for"),
        ("4 5\n0:1\n1:1\n\n\n", r"trn_X.txt: 3 texts; .*trn_X_Y.txt has labels for 4"),
        ("3 5\n0:1\n1:1\n", r"trn_X_Y.txt:1: the header says 3 rows, the file holds 2"),
        ("3 5\n0:1\n9:1\n\n", r"trn_X_Y.txt:3: '9:1'; expected a label id from 0 to 4"),
        ("3 5\n0:1\n1:0\n\n", r"trn_X_Y.txt:3: label 1; expected a value above zero"),
    ],
)
def test_texts_and_labels_must_agree(tmp_path, labels, said):
    (tmp_path / "trn_X.txt").write_text("a b\nc d\ne f\n")
    (tmp_path / "trn_X_Y.txt").write_text(labels)
    with pytest.raises(DataError, match=said):
        records_of(tmp_path)


def test_pieces_of_many_texts_have_their_labels(tmp_path):
    n = 200_000
    sets = np.arange(n) % 7
    (tmp_path / "trn_X.txt").write_text("".join(f"text number {i}\n" for i in range(n)))
    (tmp_path / "trn_X_Y.txt").write_text(f"{n} 7\n" + "".join(f"{label}:1\n" for label in sets))
    found = records_of(tmp_path)
    assert [record["labels"] for record in found] == [[label] for label in sets]
    assert found[-1]["text"] == f"text number {n - 1}"
