"""Folders as they are published, and which of their files are read."""

import gzip
import json
import os

import numpy as np
import pytest
import scipy.sparse as sp

from pwdismec.data.formats import open_source, read_source
from pwdismec.data.formats.layouts import are_records, feature_files, record_files
from pwdismec.errors import ConfigError, DataError

PAIR = {"trn_X_Xf.txt": "1 2\n0:1\n", "trn_X_Y.txt": "1 3\n2:1\n"}
PAIR |= {"tst_X_Xf.txt": "1 2\n1:1\n", "tst_X_Y.txt": "1 3\n0:1\n"}
NAMES = {"Xf.txt": "a\nb\n", "Yf.txt": "x\ny\nz\n"}
TEXTS = {"trn_X.txt": "wald\n", "tst_X.txt": "meer\n"}
RAW = {"trn.json.gz": "{}\n", "tst.json.gz": "{}\n", "lbl.json.gz": "{}\n", "filter_labels_test.txt": "0 1\n"}
ONE_FILE = {"eurlex_train.txt": "1 2 2\n0 0:1\n", "eurlex_test.txt": "1 2 2\n1 0:1\n"}
ARFF = {"e-train.arff": "@data\n", "e-test.arff": "@data\n", "e.xml": "<labels/>"}
ANNIF = {"d1.txt": "x", "d1.tsv": "<http://x/1>\tX\n", "d2.txt": "y", "d2.key": "Y\n"}


def folder_of(folder, files):
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        write = gzip.compress if name.endswith(".gz") else bytes
        (folder / name).write_bytes(write(content.encode()))
    return folder


def pecos(folder):
    (folder / "tfidf-attnxml").mkdir(parents=True)
    for part in ("trn", "tst"):
        sp.save_npz(folder / "tfidf-attnxml" / f"X.{part}.npz", sp.csr_matrix([[1.0, 0]]))
        sp.save_npz(folder / f"Y.{part}.npz", sp.csr_matrix([[0, 1]]))
    return folder_of(folder, {"X.trn.txt": "wald\n", "X.tst.txt": "meer\n", "output-items.txt": "a\nb\n"})


def names_of(paths, folder):
    return [str(path.relative_to(folder)) for path in paths if path is not None]


@pytest.mark.parametrize(
    "files, format, train, test, names",
    [
        (
            {**PAIR, **NAMES, **TEXTS},
            "xmc-pair",
            ["trn_X_Xf.txt", "trn_X_Y.txt"],
            ["tst_X_Xf.txt", "tst_X_Y.txt"],
            ["Yf.txt", "Xf.txt"],
        ),
        (
            {f"{name}.gz": text for name, text in PAIR.items()},
            "xmc-pair",
            ["trn_X_Xf.txt.gz", "trn_X_Y.txt.gz"],
            ["tst_X_Xf.txt.gz", "tst_X_Y.txt.gz"],
            [],
        ),
        (ONE_FILE, "xmc", ["eurlex_train.txt"], ["eurlex_test.txt"], []),
        ({"train.svm": "0 1:2\n", "test.svm": "0 1:2\n"}, "svmlight", ["train.svm"], ["test.svm"], []),
        (ARFF, "arff", ["e-train.arff", "e.xml"], ["e-test.arff", "e.xml"], []),
    ],
    ids=["xmc", "compressed", "napkinxc", "svmlight", "mulan"],
)
def test_features_of_a_folder(tmp_path, files, format, train, test, names):
    folder = folder_of(tmp_path / "data", files)
    for part, expected in (("train", train), ("test", test)):
        found = feature_files(folder, part=part)
        assert (found.format, names_of(found.paths, folder)) == (format, expected)
        assert names_of([found.label_names, found.feature_names], folder) == names


def test_features_and_texts_of_a_folder_of_pecos(tmp_path):
    folder = pecos(tmp_path / "eurlex-4k")
    found = feature_files(folder, part="test")
    assert found.format == "npz" and names_of(found.paths, folder) == ["tfidf-attnxml/X.tst.npz", "Y.tst.npz"]
    assert read_source(folder).labels.indices.tolist() == [1]
    assert names_of(record_files(folder).paths, folder) == ["X.trn.txt", "Y.trn.npz"]
    assert found.label_names == record_files(folder).names == folder / "output-items.txt"
    (folder / "tfidf-other").mkdir()
    sp.save_npz(folder / "tfidf-other" / "X.trn.npz", sp.csr_matrix([[1.0, 0]]))
    with pytest.raises(DataError, match="features in tfidf-attnxml and tfidf-other; name the files"):
        feature_files(folder)


def test_dense_features_of_a_folder(tmp_path):
    np.save(tmp_path / "X.trn.npy", np.ones((2, 3), np.float32))
    sp.save_npz(tmp_path / "Y.trn.npz", sp.eye(2, format="csr"))
    assert open_source(tmp_path).format == "npy"


@pytest.mark.parametrize(
    "files, format, train, names",
    [
        ({**RAW, **PAIR, **TEXTS}, "jsonl", ["trn.json.gz"], "lbl.json.gz"),
        ({**PAIR, **TEXTS, **NAMES}, "xmc-text", ["trn_X.txt", "trn_X_Y.txt"], "Yf.txt"),
        (ANNIF, "annif", ["."], None),
    ],
    ids=["raw", "texts", "annif"],
)
def test_records_of_a_folder(tmp_path, files, format, train, names):
    folder = folder_of(tmp_path / "data", files)
    found = record_files(folder)
    assert are_records(folder) and found.files[0].format == format
    assert names_of(found.paths, folder) == train
    assert found.names == (names and folder / names)


def test_a_format_chooses_among_what_a_folder_holds(tmp_path):
    folder = folder_of(tmp_path / "data", {**RAW, **PAIR, **TEXTS})
    assert record_files(folder, "xmc-text").files[0].path.name == "trn_X.txt"
    with pytest.raises(DataError, match=r"no folder with features in format npz as docs/formats.md has them"):
        feature_files(folder, "npz")


def test_tables_of_annif_are_told_by_their_first_line(tmp_path):
    folder = folder_of(
        tmp_path,
        {
            "a.tsv": "Der Wald\t<http://x/1> <http://x/2>\n",
            "b.tsv": "text\tlabels\nDer Wald\ta\n",
            "c.csv": "document_id,text,subject_uris\n",
            "d.csv": "text,labels\n",
            "e.jsonl": json.dumps({"text": "x", "subjects": []}),
        },
    )
    says = {name: dict(record_files(folder / name).says) for name in ("a.tsv", "b.tsv", "c.csv", "d.csv")}
    table = {"columns": ("text", "subjects"), "label_field": "subjects", "label_separator": " "}
    csv = {"label_field": "subject_uris", "label_separator": " "}
    assert says == {"a.tsv": table, "b.tsv": {}, "c.csv": csv, "d.csv": {}}
    assert record_files(folder / "b.tsv", "annif").says == table
    assert record_files(folder / "e.jsonl", "annif").says == {"label_field": "subjects"}


def test_two_files_are_texts_or_features_by_their_first_lines(tmp_path):
    folder = folder_of(tmp_path, {**PAIR, **TEXTS})
    labels = folder / "trn_X_Y.txt"
    assert are_records([folder / "trn_X.txt", labels]) and not are_records([folder / "trn_X_Xf.txt", labels])


def test_a_link_out_of_a_folder_is_not_followed(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("1 3\n2:1\n")
    folder = folder_of(tmp_path / "data", PAIR)
    (folder / "trn_X_Y.txt").unlink()
    (folder / "trn_X_Y.txt").symlink_to(secret)
    with pytest.raises(DataError, match=r"trn_X_Y.txt: a link that leads out of the folder"):
        feature_files(folder)
    (folder / "trn_X_Y.txt").unlink()
    (folder / "trn_X_Y.txt").symlink_to(folder / "tst_X_Y.txt")
    assert feature_files(folder).format == "xmc-pair"


def test_what_is_no_layout_is_told(tmp_path):
    with pytest.raises(
        DataError, match=r"not a data set, and no folder with features as docs/formats.md has"
    ):
        feature_files(tmp_path)
    folder_of(tmp_path, {name: text for name, text in PAIR.items() if name.startswith("tst")})
    with pytest.raises(
        DataError, match="holds a test part, and no train part; name the files that are meant"
    ):
        open_source(tmp_path)
    folder_of(tmp_path, {"trn_X_Xf.txt": "", "trn_X_Xf.txt.gz": "", "trn_X_Y.txt": ""})
    with pytest.raises(DataError, match=r"trn_X_Xf.txt and trn_X_Xf.txt.gz; expected one of them"):
        feature_files(tmp_path)
    with pytest.raises(ConfigError, match="a folder; expected it alone"):
        feature_files([tmp_path, tmp_path])


def test_a_folder_of_texts_is_no_folder_of_features(tmp_path):
    with pytest.raises(DataError, match="a folder with texts, and no features; say with --text which fields"):
        open_source(folder_of(tmp_path / "data", RAW))
    with pytest.raises(ConfigError, match="format annif: records with texts; say with --text"):
        open_source(tmp_path, "annif")
    with pytest.raises(ConfigError, match="format xmc: features; expected records with texts: jsonl"):
        record_files(tmp_path, "xmc")


def test_pipes_and_pickles_are_refused(tmp_path):
    folder = folder_of(tmp_path / "data", PAIR)
    (folder / "trn_X_Y.txt").unlink()
    os.mkfifo(folder / "trn_X_Y.txt")
    with pytest.raises(DataError, match="a pipe or device, where a file is expected"):
        open_source(folder)
    (tmp_path / "X-train.scikitml.bz2").write_bytes(b"x")
    with pytest.raises(DataError, match="a pickle, which may run code when it is opened"):
        open_source(tmp_path / "X-train.scikitml.bz2")


def test_a_line_of_a_megabyte_is_told_at_once(tmp_path):
    (tmp_path / "a.tsv").write_text("x\t" + "a://" * 300_000 + "<\n")
    assert record_files(tmp_path / "a.tsv").says == {}


@pytest.mark.parametrize(
    "names, said",
    [
        (
            ["trn_X.txt", "tst_X.txt", "tst_X_Y.txt"],
            "train part is not whole: trn_X.txt is there without trn_X_Y.txt",
        ),
        (["trn_X_Y.txt", "tst_X_Xf.txt", "tst_X_Y.txt"], "trn_X_Y.txt is there without trn_X_Xf.txt"),
        (["trn_X_Xf.txt"], "train part is not whole: trn_X_Xf.txt is there without trn_X_Y.txt"),
        (["X.trn.npz", "X.tst.npz", "Y.tst.npz"], "X.trn.npz is there without Y.trn.npz"),
        (["a-train.arff", "b-train.arff", "a.xml"], "a-train.arff, b-train.arff: which of them is not known"),
        (["a-train.arff", "a.xml", "b.xml"], "a.xml, b.xml: which of them is not known"),
        (
            ["eurlex_train.txt", "wiki_train.txt"],
            "eurlex_train.txt, wiki_train.txt: which of them is not known",
        ),
        (["a_train.txt", "b_train.txt", "c_train.txt"], "a_train.txt, b_train.txt and 1 more: which"),
    ],
)
def test_a_folder_that_cannot_be_read_says_which_file_is_the_matter(tmp_path, names, said):
    for name in names:
        (tmp_path / name).write_text("1 1 1\n0 0:1\n")
    with pytest.raises(DataError) as caught:
        feature_files(tmp_path)
    assert said in str(caught.value)
