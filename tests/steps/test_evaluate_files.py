"""What the files of an evaluation may be: arrays, counts, rows with all labels; and what is told of sets."""

import json

import numpy as np
import pytest
import scipy.sparse as sp

from pwdismec import ConfigError, DataError, Dataset, TopK
from pwdismec.metrics import evaluate, evaluate_sets
from pwdismec.prediction.files import writing_predictions
from pwdismec.steps.evaluate import evaluate_file, evaluate_sets_file

LABELS = np.array([[1, 0, 0, 1, 0], [0, 1, 0, 0, 0], [0, 0, 0, 0, 0], [1, 1, 0, 0, 1]])
TRAIN = np.array([[1, 0, 1], [1, 1, 0], [0, 1, 0], [1, 0, 0], [0, 0, 1]])


@pytest.fixture
def files(tmp_path):
    """A training set of 3 labels, predictions of all of them, and a truth of 5 labels in several forms."""
    train = Dataset.from_scipy(sp.identity(5, format="csr", dtype=np.float32), sp.csr_matrix(TRAIN))
    train.save(tmp_path / "train")
    rng = np.random.default_rng(0)
    order = np.array([rng.permutation(3) for _ in LABELS], np.int32)
    scores = np.sort(rng.normal(size=order.shape).astype(np.float32), axis=1)[:, ::-1]
    with writing_predictions(tmp_path / "p.txt", "xmc", n_labels=3, top_k=3) as file:
        file.append(TopK(order, np.ascontiguousarray(scores)))
    np.save(tmp_path / "Y.npy", LABELS)
    sp.save_npz(tmp_path / "Y.npz", sp.csr_matrix(LABELS.astype(np.float32)))
    np.save(tmp_path / "T.npy", TRAIN)
    np.save(tmp_path / "counts.npy", TRAIN.sum(axis=0))
    (tmp_path / "counts.txt").write_text("".join(f"{n}\n" for n in TRAIN.sum(axis=0)))
    return tmp_path


def test_an_indicator_array_is_a_truth_and_a_training_set(files):
    expected = evaluate_file(files / "p.txt", files / "Y.npz", train=files / "train")
    assert evaluate_file(files / "p.txt", files / "Y.npy", train=files / "train") == expected
    assert evaluate_file(files / "p.txt", files / "Y.npy", train=files / "T.npy") == expected
    assert expected.n_unseen_labels == 2


def test_counts_are_read_from_text_and_arrays(files):
    expected = evaluate_file(files / "p.txt", files / "Y.npz", train=files / "train")
    for name in ("counts.txt", "counts.npy"):
        assert evaluate_file(files / "p.txt", files / "Y.npz", train=files / name, n_train=5) == expected


def test_counts_without_their_number_of_instances_are_refused(files):
    with pytest.raises(DataError, match=r"counts\.txt: one number in each line; expected .* --n-train N"):
        evaluate_file(files / "p.txt", files / "Y.npz", train=files / "counts.txt")


@pytest.mark.parametrize(
    "array, said",
    [
        (np.array([[1, 2], [3, 4]]), "2 dimensions of int64; expected one dimension of integers"),
        (np.array([1.0, 2.0, 2.0]), "1 dimension of float64; expected one dimension of integers"),
        (np.array([1, -2, 2]), "-2 at 1; expected numbers from 0 on"),
        (np.array([1, 2**64 - 1, 2], np.uint64), "at 1; expected numbers from 0 on"),
        (np.array([1, 9, 2]), "9 instances; the training set has 5"),
        (np.array(["a", "b", "c"]), "expected one dimension of integers"),
    ],
)
def test_other_arrays_are_no_counts(files, array, said):
    np.save(files / "bad.npy", array)
    with pytest.raises(DataError, match=said):
        evaluate_file(files / "p.txt", files / "Y.npz", train=files / "bad.npy", n_train=5)


def test_an_array_of_other_values_is_no_truth(files):
    np.save(files / "X.npy", LABELS * 0.5)
    with pytest.raises(DataError, match=r"X\.npy: row 1, label 0: 0\.5; expected 0 or 1"):
        evaluate_file(files / "p.txt", files / "X.npy")


def test_texts_are_no_training_set(files):
    (files / "t.jsonl").write_text('{"text": "a", "labels": ["b"]}\n')
    with pytest.raises(DataError, match="records with texts; expected the data set that convert made"):
        evaluate_file(files / "p.txt", files / "Y.npz", train=files / "t.jsonl")
    (files / "folder").mkdir()
    (files / "folder" / "a.txt").write_text("text")
    (files / "folder" / "a.tsv").write_text("<http://x/1>\tname\n")
    with pytest.raises(DataError, match="records with texts; expected the data set that convert made"):
        evaluate_file(files / "p.txt", files / "Y.npz", train=files / "folder")


@pytest.mark.parametrize("train", [None, "train"])
def test_any_k_may_be_asked_of_rows_that_have_all_labels(files, train):
    """The model has 3 labels, the truth 5: P@4 of a row is its hits by 4, as if a place were left."""
    training = train and files / train
    report = evaluate_file(files / "p.txt", files / "Y.npz", train=training, ks=[3, 4])
    assert report.percent["P@4"] == pytest.approx(report.percent["P@3"] * 3 / 4)


def test_a_k_that_was_not_predicted_is_refused(files):
    with writing_predictions(files / "two.txt", "xmc", n_labels=3, top_k=2) as file:
        file.append(TopK(np.array([[0, 1]] * 4, np.int32), np.ones((4, 2), np.float32)))
    with pytest.raises(ConfigError, match="k: 3; the predictions have 2 labels per instance"):
        evaluate_file(files / "two.txt", files / "Y.npz", train=files / "train", ks=[3])


def test_of_sets_unlabelled_rows_and_unseen_labels_are_told(files):
    report = evaluate_sets_file(files / "p.txt", files / "Y.npy", train=files / "train")
    assert (report.n_unlabelled, report.n_pairs) == (1, LABELS.sum())
    assert (report.n_unseen_labels, report.n_unseen_pairs) == (2, LABELS[:, 3:].sum())
    text = report.to_text()
    assert "without a true label: 1 instance" in text
    assert "2 labels of the truth are not in the training set: 33.3 % of its pairs" in text
    assert json.loads(json.dumps(report.to_dict()))["n_unseen_labels"] == 2
    (files / "filter.txt").write_text("0 0\n\n")
    report = evaluate_sets_file(files / "p.txt", files / "Y.npy", filter=files / "filter.txt")
    assert report.filtered == (1, 1) and "filtered: 1 pair of the truth" in report.to_text()


def test_without_a_training_set_a_report_of_sets_says_nothing_of_unseen_labels():
    from pwdismec.data import CSR

    truth = CSR.from_scipy(sp.csr_matrix(LABELS.astype(np.float32)), binary=True)
    top = TopK(np.array([[0], [1], [2], [0]], np.int32), np.ones((4, 1), np.float32))
    assert evaluate_sets(top, truth).n_unseen_labels is None
    assert evaluate(top, truth, ks=[1]).n_unseen_labels is None


def test_an_empty_filter_takes_nothing_out(files):
    (files / "filter.txt").write_text("")
    report = evaluate_file(files / "p.txt", files / "Y.npz", filter=files / "filter.txt")
    assert report.filtered == (0, 0)


def test_a_name_that_tsv_cannot_hold_is_refused_for_tsv_alone(files):
    labels = ['a "quoted" name', "two\twords", "three"]
    Dataset.from_scipy(
        sp.identity(5, format="csr", dtype=np.float32), sp.csr_matrix(TRAIN), label_names=labels
    ).save(files / "named")
    how = {"train": files / "named"}
    with pytest.raises(DataError, match=r"'two\\twords' has a tab or line break"):
        evaluate_file(files / "p.txt", files / "Y.npz", per_label=files / "l.tsv", **how)
    assert not (files / "l.tsv").exists()
    evaluate_file(files / "p.txt", files / "Y.npz", per_label=files / "l.jsonl", **how)
    rows = [json.loads(line) for line in (files / "l.jsonl").read_text().splitlines()]
    assert [row["label"] for row in rows] == [*labels, "", ""]


def test_quotes_are_text_in_tsv(files):
    labels = ['a "quoted" name', '"', "three"]
    Dataset.from_scipy(
        sp.identity(5, format="csr", dtype=np.float32), sp.csr_matrix(TRAIN), label_names=labels
    ).save(files / "named")
    evaluate_file(
        files / "p.txt", files / "Y.npz", train=files / "named", per_label=files / "l.tsv", overwrite=True
    )
    header, *rows = [line.split("\t") for line in (files / "l.tsv").read_text().splitlines()]
    assert [row[header.index("label")] for row in rows] == [*labels, "", ""]
