"""A truth keeps the labels that the training set lacks; features that it lacks are ignored; both are told."""

import io
import json
import re
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse
from helpers.command_line import output, pwdismec, refusal
from helpers.small_data import small_dataset

from pwdismec.calibration import Calibration
from pwdismec.data import Dataset
from pwdismec.data.formats import write_xmc
from pwdismec.model import Model
from pwdismec.prediction.files import read_predictions

FIELDS = ("--text", "text", "--label-field", "labels", "--min-df", 1)
TOLD = "2 labels of the truth are not in the training set: 66.7 % of its pairs"


def metrics(text):
    """The table's rows by name."""
    rows = re.findall(r"^(\S+) +(\d.*)$", text, re.M)
    return {name: [float(value) for value in values.split()] for name, values in rows if " " not in name}


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    """The texts of a public report, with two labels of the test set that no training record has."""
    folder = tmp_path_factory.mktemp("texts")
    records = {
        "tr": [("wald baum", ["a"]), ("fisch meer", ["b"]), ("wald meer", ["a", "b"])],
        "te": [("wald baum", ["a", "new1"]), ("fisch meer", ["new2"])],
    }
    for name, rows in records.items():
        lines = (json.dumps({"text": text, "labels": labels}) + "\n" for text, labels in rows)
        (folder / f"{name}.jsonl").write_text("".join(lines))
    output(
        "convert",
        folder / "tr.jsonl",
        folder / "tr",
        "--text",
        "text",
        "--label-field",
        "labels",
        "--min-df",
        1,
    )
    output("convert", folder / "te.jsonl", folder / "te", "--like", folder / "tr")
    output("train", folder / "tr", folder / "m")
    output("predict", folder / "m", folder / "te.jsonl", folder / "p.txt", "--top-k", 2)
    return folder


@pytest.mark.parametrize("truth", ["te.jsonl", "te"], ids=["records", "a data set"])
def test_labels_of_texts_that_training_lacks_stay_in_the_truth(texts, truth):
    """The values are those of pyxclib and napkinXC."""
    text = output("evaluate", texts / "p.txt", texts / truth, "--train", texts / "tr", "-k", "1,2", "-q")
    found = metrics(text)
    assert (found["PSP"][0], found["recall"][0], found["nDCG"][1]) == (47.85, 25.0, 30.66)
    assert found["P"] == [50.0, 25.0] and TOLD in text


def test_a_test_part_of_the_same_records_has_all_of_its_labels(tmp_path):
    rows = [(2000 + i, "wald meer"[: 4 + i], [f"label{i % 3}"]) for i in range(6)]
    rows += [(2020, "wald", ["zz", "label1"]), (2021, "meer", ["aa"])]
    lines = (json.dumps({"y": year, "text": text, "labels": labels}) + "\n" for year, text, labels in rows)
    (tmp_path / "r.jsonl").write_text("".join(lines))
    held_out = ("--test", tmp_path / "te", "--split", "y:2020")
    out = output("convert", tmp_path / "r.jsonl", tmp_path / "tr", *FIELDS, *held_out, "-q")
    train, test = Dataset.open(tmp_path / "tr"), Dataset.open(tmp_path / "te")
    assert train.label_names == ["label0", "label1", "label2"]
    assert test.label_names == [*train.label_names, "aa", "zz"]
    named = [[test.label_names[j] for j in test.labels.to_scipy()[row].indices] for row in range(2)]
    assert named == [["label1", "zz"], ["aa"]]
    assert re.search(r"^pairs of these labels +2 \(66.7 %\)$", out, re.M)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Files of svmlight, whose test set has ids beyond training."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "tr.txt").write_text("0 0:1 5:2\n1 2:3\n")
    (folder / "te.txt").write_text("1 0:1 9:2\n3 0:1\n")
    output("convert", folder / "tr.txt", folder / "tr")
    output("train", folder / "tr", folder / "m")
    return folder


@pytest.mark.parametrize("piped", [False, True], ids=["a file", "standard input"])
def test_features_that_training_lacks_are_ignored_and_told(files, tmp_path, monkeypatch, piped):
    source = tmp_path / "te.txt"
    source.write_text((files / "te.txt").read_text())
    (tmp_path / "known.txt").write_text("1 0:1\n3 0:1\n")
    output("predict", files / "m", tmp_path / "known.txt", tmp_path / "known")
    if piped:
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(source.read_bytes())))
    answer = pwdismec("predict", files / "m", "-" if piped else source, tmp_path / "p", "-q")
    assert answer.code == 0 and "ignored values of features that the model does not have: 1" in answer.err
    assert (tmp_path / "p").read_text() == (tmp_path / "known").read_text()


def test_a_test_file_may_have_more_features_and_labels_than_training(files, tmp_path):
    out = output("convert", files / "te.txt", tmp_path / "te", "--like", files / "tr", "-q")
    assert re.search(r"^values of unknown features, ignored +1$", out, re.M)
    output("predict", files / "m", tmp_path / "te", tmp_path / "p", "--top-k", 1)
    for truth in (tmp_path / "te", files / "te.txt"):
        text = output("evaluate", tmp_path / "p", truth, "--train", files / "tr", "-k", 1)
        assert "1 label of the truth is not in the training set: 50.0 % of its pairs" in text


def test_all_of_a_run_and_its_report_have_the_whole_truth(tmp_path):
    pytest.importorskip("matplotlib")
    whole = small_dataset(n=120)
    common = np.flatnonzero(np.arange(whole.n_labels) < 30)
    train, test = whole.select_instances(slice(0, 80)), whole.select_instances(slice(80, 120))
    for name, part in (("train", train.select_labels(common)), ("test", test)):
        write_xmc(tmp_path / f"{name}.txt", part.features, part.labels)
    config = {
        "name": "r",
        "data": str(tmp_path),
        "train": "train.txt",
        "test": "test.txt",
        "weightings": ["pw"],
    }
    (tmp_path / "r.yaml").write_text(json.dumps(config))
    work = tmp_path / "work"
    out = output("run", tmp_path / "r.yaml", "--out", work)
    report = json.loads((work / "report.json").read_text())["reports"]["pw"]
    assert report["n_labels"] == whole.n_labels and report["n_pairs"] == test.labels.nnz
    counts = np.zeros(whole.n_labels, int)
    counts[:30] = train.label_counts[:30]
    unseen = test.label_counts[counts == 0]
    assert report["n_unseen_labels"] == (unseen > 0).sum() and report["n_unseen_pairs"] == unseen.sum()
    assert f"{(unseen > 0).sum()} labels of the truth are not in the training set: " in out
    output("report", work)
    page = (work / "report.html").read_text()
    assert "labels not in the training set" in page
    rows = [int(row) for row in re.findall(r"test instance (\d+)</b><br>\s*true: ", page)]
    named = re.findall(r"true: (.*?)<br>", page)
    assert len(rows) == len(named) > 0
    for row, chips in zip(rows, named, strict=True):
        true = test.labels.rows(row, row + 1).stored().indices
        assert re.findall(r"label (\d+)", chips) == [str(label) for label in true]


def test_a_calibration_counts_labels_that_the_model_lacks_as_missed(tmp_path):
    whole = small_dataset(n=150)
    known = whole.select_labels(np.arange(30))
    train = known.select_instances(slice(0, 90)).save(tmp_path / "train")
    output("train", train.path, tmp_path / "m")
    found = []
    for name, part in (("known", known), ("whole", whole)):
        held_out = part.select_instances(slice(90, 150)).save(tmp_path / name)
        output("calibrate", tmp_path / "m", held_out.path, "--overwrite")
        found.append(Calibration.of(Model.open(tmp_path / "m")))
        assert found[-1].points.n_true == held_out.labels.nnz
    assert found[0].points.n_true < 0.9 * found[1].points.n_true
    np.testing.assert_array_equal(found[0].points.counts, found[1].points.counts)
    assert found[0].after == found[1].after


def test_a_truth_of_other_labels_is_refused(texts, tmp_path):
    (tmp_path / "other.jsonl").write_text(
        '{"text": "wald", "labels": ["x"]}\n{"text": "wald", "labels": ["y"]}\n'
    )
    output(
        "convert",
        tmp_path / "other.jsonl",
        tmp_path / "o",
        "--text",
        "text",
        "--label-field",
        "labels",
        "--min-df",
        1,
    )
    said = refusal("evaluate", texts / "p.txt", tmp_path / "o", "--train", texts / "tr", "-k", 1)
    assert said == f"{tmp_path / 'o'}: label 0 is 'x'; in the training set it is 'a': convert it with --like"


def test_a_truth_of_fewer_labels_is_refused(files, tmp_path):
    (tmp_path / "t.txt").write_text("1 6 1\n0 0:1\n")
    (tmp_path / "p.txt").write_text("1 2\n0:1\n")
    said = refusal("evaluate", tmp_path / "p.txt", tmp_path / "t.txt", "-k", 1)
    assert (
        said
        == f"{tmp_path / 't.txt'}: 1 labels; {tmp_path / 'p.txt'} has 2; expected these, and perhaps more"
    )


@pytest.fixture(scope="module")
def ranked(files, tmp_path_factory):
    """Predictions of a small set in our form, its truth, and training labels, as files of label rows."""
    folder = tmp_path_factory.mktemp("ranked")
    (folder / "p.txt").write_text("3 6\n2:0.9 0:0.5 1:0.25\n5:1 3:0.5\n4:2 1:1 0:0.5\n")
    (folder / "t.txt").write_text("3 6\n0:1 1:1\n3:1\n1:1 4:1 5:1\n")
    (folder / "y.txt").write_text("4 6\n0:1 1:1\n0:1 4:1\n1:1 0:1\n0:1 2:1 3:1\n")
    return folder


def report_of(folder, *words):
    output("evaluate", *words, "-k", "1,2", "--json", folder / "r.json", "--overwrite")
    return json.loads((folder / "r.json").read_text())


def test_predictions_of_others_are_read(ranked, tmp_path):
    """Without a header, in the order of the ids, and as SciPy's matrix of scores."""
    ours = report_of(tmp_path, ranked / "p.txt", ranked / "t.txt", "--train", ranked / "y.txt")
    rows = [sorted(line.split()) for line in (ranked / "p.txt").read_text().splitlines()[1:]]
    (tmp_path / "by_id.txt").write_text("3 6\n" + "".join(f"{' '.join(row)}\n" for row in rows))
    (tmp_path / "bare.txt").write_text("".join(f"{' '.join(row)}\n" for row in rows))
    dense = np.zeros((3, 6), np.float32)
    for number, row in enumerate(rows):
        for label, score in (pair.split(":") for pair in row):
            dense[number, int(label)] = score
    scipy.sparse.save_npz(tmp_path / "scores.npz", scipy.sparse.csr_matrix(dense))
    for name in ("by_id.txt", "bare.txt", "scores.npz"):
        assert report_of(tmp_path, tmp_path / name, ranked / "t.txt", "--train", ranked / "y.txt") == ours


def test_counts_alone_give_the_propensities(ranked, tmp_path):
    (tmp_path / "counts.txt").write_text("4\n2\n1\n1\n1\n0\n")
    words = (
        ranked / "p.txt",
        ranked / "t.txt",
        "--by-frequency",
        "--propensity",
        "lf-wikipedia-500k",
        "--train",
    )
    of_labels = report_of(tmp_path, *words, ranked / "y.txt")
    assert report_of(tmp_path, *words, tmp_path / "counts.txt", "--n-train", 4) == of_labels
    assert of_labels["propensity"] == [0.5, 0.4] and of_labels["n_unseen_labels"] == 1
    train = Dataset.from_scipy(np.ones((4, 1)), np.array([[1, 1, 0, 0, 0, 0], [1, 0, 0, 0, 1, 0]] * 2))
    saved = train.save(tmp_path / "train")
    assert report_of(tmp_path, *words, saved.path) != of_labels
    (tmp_path / "counts.txt").write_text("4\n2\n1\n1\n5\n0\n")
    said = refusal("evaluate", *words, tmp_path / "counts.txt", "--n-train", 4)
    assert said == f"{tmp_path / 'counts.txt'}:5: 5 instances; the training set has 4"
    (tmp_path / "counts.txt").write_text("4\n2\nx\n")
    said = refusal("evaluate", *words, tmp_path / "counts.txt", "--n-train", 4)
    assert said == f"{tmp_path / 'counts.txt'}:3: 'x'; expected a whole number"


@pytest.mark.parametrize("first_id", [0, 1])
def test_filtered_pairs_are_in_neither_truth_nor_predictions(ranked, tmp_path, first_id):
    pairs = [(0, 2), (0, 1), (2, 4), (2, 0), (1, 0), (2, 4)]
    for name in ("p.txt", "t.txt", "y.txt"):
        text = (ranked / name).read_text()
        shift = re.compile(r"\d+(?=:)")
        (tmp_path / name).write_text(shift.sub(lambda m: str(int(m[0]) + first_id), text))
    (tmp_path / "f.txt").write_text("".join(f"{i + first_id} {j + first_id}\n" for i, j in pairs))
    options = ["--one-based"] * first_id
    words = tmp_path / "p.txt", tmp_path / "t.txt", "--train", tmp_path / "y.txt", *options
    found = report_of(tmp_path, *words, "--filter", tmp_path / "f.txt")
    assert found.pop("filtered") == [2, 4]
    (tmp_path / "p2.txt").write_text("3 6\n0:0.5\n5:1 3:0.5\n1:1\n")
    (tmp_path / "t2.txt").write_text("3 6\n0:1\n3:1\n1:1 5:1\n")
    expected = report_of(tmp_path, tmp_path / "p2.txt", tmp_path / "t2.txt", "--train", ranked / "y.txt")
    assert expected.pop("filtered") is None and found == expected
    (tmp_path / "f.txt").write_text(f"0 {6 + first_id}\n".replace("0 ", f"{first_id} "))
    said = refusal("evaluate", *words, "-k", 1, "--filter", tmp_path / "f.txt")
    last = 5 + first_id
    assert said == f"{tmp_path / 'f.txt'}:1: label {6 + first_id}; expected {first_id} to {last}"


@pytest.mark.parametrize("format", ["xmc", "npz", "jsonl", "csv"])
def test_ids_from_one_stay_ids_from_one(tmp_path, format):
    (tmp_path / "tr.txt").write_text("1 1:1 6:2\n2 3:3\n")
    (tmp_path / "te.txt").write_text("2 1:1\n1 6:1\n")
    output("convert", tmp_path / "tr.txt", tmp_path / "tr", "--one-based")
    output("train", tmp_path / "tr", tmp_path / "m")
    how = "--output-format", format, "--top-k", 2
    train = "--train", tmp_path / "tr", "-k", 1
    output("predict", tmp_path / "m", tmp_path / "te.txt", tmp_path / "p", "--one-based", *how)
    ids = read_predictions(tmp_path / "p", one_based=True).top.labels
    if format == "xmc":
        rows = [line.split() for line in (tmp_path / "p").read_text().splitlines()[1:]]
        assert [[int(pair.split(":")[0]) - 1 for pair in row] for row in rows] == ids.tolist()
    one = output("evaluate", tmp_path / "p", tmp_path / "te.txt", "--one-based", *train)
    output("convert", tmp_path / "te.txt", tmp_path / "te", "--one-based", "--like", tmp_path / "tr")
    output("predict", tmp_path / "m", tmp_path / "te", tmp_path / "q", *how)
    assert one == output("evaluate", tmp_path / "q", tmp_path / "te", *train)
