import json
import platform
import sys

import numpy as np
import pytest
from helpers import plain_metrics as plain
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from sklearn.metrics import f1_score, ndcg_score, recall_score

from pwdismec.data.csr import CSR
from pwdismec.data.topk import TopK
from pwdismec.errors import ConfigError, DataError
from pwdismec.metrics import evaluate
from pwdismec.metrics.judging import judged, ranges


def truth_of(rows, n_labels):
    """CSR of a list of sets; it does not start at 0, as a view of a longer matrix would not."""
    indptr = np.cumsum([3, *map(len, rows)])
    indices = np.array([0, 0, 0, *(label for row in rows for label in sorted(row))], np.int32)
    return CSR(indptr.astype(np.int64), indices, None, n_labels)


def topk_of(rows, scores=None):
    labels = np.array(rows, np.int32)
    if scores is None:
        scores = np.where(labels >= 0, -np.arange(labels.shape[1], dtype=np.float32), -np.inf)
    return TopK(labels, np.asarray(scores, np.float32))


@st.composite
def cases(draw):
    n_labels = draw(st.integers(1, 25))
    n_rows = draw(st.integers(1, 8))
    width = draw(st.integers(1, 8))
    everyone = st.permutations(range(n_labels))
    predicted, scores, truth = [], [], []
    for _ in range(n_rows):
        row = draw(everyone)[: draw(st.integers(0, width))]
        values = sorted(
            draw(st.lists(st.integers(-2, 2), min_size=len(row), max_size=len(row))), reverse=True
        )
        predicted.append(row + [-1] * (width - len(row)))
        scores.append(values + [-np.inf] * (width - len(row)))
        truth.append(set(draw(everyone)[: draw(st.integers(0, min(n_labels, 6)))]))
    counts = np.array(draw(st.lists(st.integers(0, 6), min_size=n_labels, max_size=n_labels)))
    limit = width if width < n_labels else 12
    ks = tuple(sorted(draw(st.sets(st.integers(1, limit), min_size=1, max_size=3))))
    return predicted, scores, truth, counts, ks


@settings(deadline=None, max_examples=300)
@given(case=cases(), n_train=st.integers(10, 10**6), a=st.floats(0, 1), b=st.floats(0.1, 5))
def test_agrees_with_the_equations_in_plain_python(case, n_train, a, b):
    predicted, scores, truth, counts, ks = case
    n_labels = len(counts)
    report = evaluate(
        topk_of(predicted, scores),
        truth_of(truth, n_labels),
        ks=ks,
        label_counts=counts,
        n_train=n_train,
        a=a,
        b=b,
        by_frequency=True,
    )
    inverse = [plain.inverse_propensity(count, n_train, a, b) for count in counts]
    expected = plain.everything(predicted, truth, ks, inverse, range(n_labels), predicted, False)
    assert report.percent == pytest.approx({name: 100 * value for name, value in expected.items()}, abs=1e-10)
    assert report.n_unlabelled == sum(not row for row in truth)
    groups = plain.deciles(counts)
    assert len(report.by_frequency) == len(groups)
    for found, labels in zip(report.by_frequency, groups, strict=True):
        expected = plain.everything(predicted, truth, ks, inverse, labels, predicted, True)
        assert found.percent == pytest.approx({name: 100 * v for name, v in expected.items()}, abs=1e-10)
        assert found.n_labels == len(labels)
        assert (found.count_min, found.count_max) == (min(counts[labels]), max(counts[labels]))
        assert found.n_true == sum(len(row & set(labels)) for row in truth)
        assert found.n_instances == sum(bool(row & set(labels)) for row in truth)


@settings(deadline=None, max_examples=200)
@given(case=cases())
def test_the_parts_by_frequency_sum_to_the_total(case):
    predicted, scores, truth, counts, ks = case
    report = evaluate(
        topk_of(predicted, scores),
        truth_of(truth, len(counts)),
        ks=ks,
        label_counts=counts,
        n_train=50,
        by_frequency=True,
    )
    for metric in ("P", "nDCG", "PSP", "PSnDCG"):
        for k in ks:
            parts = sum(group.percent[f"{metric}@{k}"] for group in report.by_frequency)
            assert parts == pytest.approx(report.percent[f"{metric}@{k}"], abs=1e-10)
    assert sum(group.n_labels for group in report.by_frequency) == len(counts)


@settings(deadline=None, max_examples=300)
@given(case=cases())
def test_the_papers_reordering_is_its_rule_in_plain_python(case):
    predicted, scores, truth, counts, ks = case
    width, n_labels = len(predicted[0]), len(counts)
    fit = {"label_counts": counts, "n_train": 50}
    if width < min(5, n_labels):
        with pytest.raises(ConfigError, match="paper_reranking, places: 5"):
            evaluate(
                topk_of(predicted, scores), truth_of(truth, n_labels), ks=(1,), paper_reranking=True, **fit
            )
        return
    report = evaluate(
        topk_of(predicted, scores), truth_of(truth, n_labels), ks=ks, paper_reranking=True, **fit
    )
    inverse = [plain.inverse_propensity(count, 50, 0.55, 1.5) for count in counts]
    reordered = [
        plain.paper_reordered(row, values, inverse) for row, values in zip(predicted, scores, strict=True)
    ]
    expected = plain.everything(predicted, truth, ks, inverse, range(n_labels), reordered, False)
    assert report.percent == pytest.approx({name: 100 * value for name, value in expected.items()}, abs=1e-10)
    assert report.paper_reranking


def test_a_hand_computed_example():
    # Three rows: {0, 1} predicted 1, 2, 0; {2} predicted 0, 2 and a missing place; none predicted 0, 1, 2.
    predictions = topk_of([[1, 2, 0], [0, 2, -1], [0, 1, 2]])
    counts, n = np.array([5, 1, 0]), 10
    report = evaluate(
        predictions, truth_of([{0, 1}, {2}, set()], 3), ks=(1, 2, 3), label_counts=counts, n_train=n
    )
    got = report.percent
    assert got["P@1"] == pytest.approx(100 * 1 / 3)
    assert got["P@3"] == pytest.approx(100 * (2 / 3 + 1 / 3) / 3)
    second, third = 1 / np.log2(3), 1 / np.log2(4)
    assert got["nDCG@1"] == pytest.approx(100 / 3)
    assert got["nDCG@3"] == pytest.approx(100 * ((1 + third) / (1 + second) + second) / 3)
    assert got["recall@2"] == pytest.approx(100 * (1 / 2 + 1) / 3)
    assert got["coverage@1"] == pytest.approx(100 * 1 / 3)
    assert got["coverage@3"] == pytest.approx(100)
    assert got["macro-F1@1"] == pytest.approx(100 * (0 + 1 + 0) / 3)
    q = [1 + (np.log(10) - 1) * 2.5**0.55 * (c + 1.5) ** -0.55 for c in counts]
    assert got["PSP@1"] == pytest.approx(100 * q[1] / (q[1] + q[2]))
    assert got["PSP@3"] == pytest.approx(100)
    ideal = (q[1] + q[0] * second) / (1 + second) + q[2]
    assert got["PSnDCG@3"] == pytest.approx(
        100 * ((q[1] + q[0] * third) / (1 + second) + q[2] * second) / ideal
    )
    assert report.n_unlabelled == 1


def test_the_reordering_by_hand():
    # Counts fall with the id, so label 4 is the rarest. Scores: 3 of them positive, 0 is not.
    predictions = topk_of([[0, 3, 1, 4, 2]], [[3.0, 2.0, 1.0, 0.0, -1.0]])
    truth = truth_of([{3}], 5)
    fit = {"ks": (1, 2), "label_counts": np.array([90, 70, 50, 30, 10]), "n_train": 100}
    as_predicted = evaluate(predictions, truth, **fit)
    reordered = evaluate(predictions, truth, paper_reranking=True, **fit)
    assert as_predicted.percent["PSP@1"] == 0
    assert reordered.percent["PSP@1"] == pytest.approx(100)
    assert reordered.percent["P@1"] == 0  # P and nDCG keep the order predicted
    assert reordered.percent["PSP@2"] == as_predicted.percent["PSP@2"] == pytest.approx(100)


def random_case(rng, n_rows, n_labels, k, *, empty_rows=False):
    scores = rng.permuted(np.tile(np.arange(n_labels, dtype=np.float64), (n_rows, 1)), axis=1)
    labels = np.argsort(-scores, axis=1)[:, :k].astype(np.int32)
    dense = rng.random((n_rows, n_labels)) < 0.2
    dense[np.arange(n_rows), rng.integers(n_labels, size=n_rows)] = True
    if empty_rows:
        dense[::7] = False
    truth = truth_of([set(np.flatnonzero(row).tolist()) for row in dense], n_labels)
    return scores, topk_of(labels), dense, truth


def test_agrees_with_scikit_learn_where_the_definitions_coincide():
    rng = np.random.default_rng(3)
    scores, predictions, dense, truth = random_case(rng, 200, 30, 7)
    report = evaluate(predictions, truth, ks=(1, 3, 7))
    for k in (1, 3, 7):
        chosen = np.zeros_like(dense)
        np.put_along_axis(chosen, predictions.labels[:, :k].astype(np.int64), True, axis=1)
        expected = {
            "nDCG": ndcg_score(dense, scores, k=k),
            "macro-F1": f1_score(dense, chosen, average="macro", zero_division=0),
            "recall": recall_score(dense, chosen, average="samples", zero_division=0),
            "P": (dense & chosen).sum() / (len(dense) * k),
        }
        for metric, value in expected.items():
            assert report.percent[f"{metric}@{k}"] == pytest.approx(100 * value, rel=1e-12)


@pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64",
    reason="napkinXC has no wheel for this",
)
def test_agrees_with_napkinxc():
    import napkinxc.metrics as napkinxc

    rng = np.random.default_rng(4)
    _, predictions, dense, truth = random_case(rng, 150, 30, 5, empty_rows=True)
    train = rng.random((500, 30)) < np.linspace(0, 0.1, 30)
    inverse = napkinxc.Jain_et_al_inverse_propensity(csr_matrix(train), A=0.6, B=2.6)
    counts = train.sum(axis=0)
    report = evaluate(predictions, truth, ks=(1, 2, 3, 4, 5), label_counts=counts, n_train=500, a=0.6, b=2.6)
    rows = [np.flatnonzero(row).tolist() for row in dense]
    predicted = predictions.labels.tolist()
    theirs = {
        "P": napkinxc.precision_at_k(rows, predicted, k=5),
        "nDCG": napkinxc.ndcg_at_k(rows, predicted, k=5),
        "recall": napkinxc.recall_at_k(rows, predicted, k=5),
        "macro-F1": napkinxc.macro_f1_measure_at_k(rows, predicted, k=5),
        "coverage": napkinxc.coverage_at_k(rows, predicted, k=5),
        "PSP": napkinxc.psprecision_at_k(rows, predicted, inverse, k=5),
        "PSnDCG": napkinxc.psndcg_at_k(rows, predicted, inverse, k=5),
    }
    for metric, values in theirs.items():
        ours = [report.percent[f"{metric}@{k}"] for k in (1, 2, 3, 4, 5)]
        np.testing.assert_allclose(ours, 100 * np.asarray(values), rtol=1e-12, err_msg=metric)


@pytest.mark.parametrize(("what", "size"), [("_BATCH_CELLS", 100), ("_ROWS", 7)])
def test_batches_and_ranges_change_nothing(monkeypatch, what, size):
    rng = np.random.default_rng(5)
    _, predictions, _, truth = random_case(rng, 100, 30, 5, empty_rows=True)
    fit = {
        "label_counts": rng.integers(0, 40, 30),
        "n_train": 500,
        "by_frequency": True,
        "paper_reranking": True,
    }
    whole = evaluate(predictions, truth, **fit)
    monkeypatch.setattr(f"pwdismec.metrics.judging.{what}", size)
    parts = evaluate(predictions, truth, **fit)
    assert parts.percent == pytest.approx(whole.percent, abs=1e-11)
    for one, other in zip(parts.by_frequency, whole.by_frequency, strict=True):
        assert one.percent == pytest.approx(other.percent, abs=1e-11)
        assert (one.n_true, one.n_instances) == (other.n_true, other.n_instances)


def test_without_training_data_only_the_plain_metrics_are_given():
    report = evaluate(topk_of([[0, 1]]), truth_of([{1}], 2), ks=(1, 2))
    names = {"P", "nDCG", "recall", "coverage", "macro-F1"}
    assert set(report.metrics) == names
    assert set(report.percent) == {f"{name}@{k}" for name in names for k in (1, 2)}
    assert report.propensity is None
    assert report.by_frequency is None


def test_a_true_label_nowhere_gives_zero_not_nan():
    report = evaluate(
        topk_of([[0, 1]]), truth_of([set()], 2), ks=(1,), label_counts=np.array([3, 0]), n_train=9
    )
    assert set(report.percent.values()) == {0.0}


@pytest.mark.parametrize(
    ("rows", "n_labels", "message"),
    [
        ([[0, 1], [2, 2]], 3, r"row 1 \(the first is 0\): label 2 more than once"),
        ([[0, 1], [1, 3]], 3, r"row 1 \(the first is 0\): label 3; expected 0 … 2, or −1"),
        ([[0, 1], [-2, 1]], 3, r"row 1 .*: label -2; expected 0 … 2, or −1"),
        ([[0, 1]], 3, "1 row; expected 2 as in the truth"),
    ],
)
def test_bad_predictions_are_refused(rows, n_labels, message):
    with pytest.raises(DataError, match=message):
        evaluate(topk_of(rows), truth_of([{0}, {1}], n_labels), ks=(1,))


def test_no_rows_are_refused():
    with pytest.raises(DataError, match="0 rows"):
        evaluate(TopK(np.zeros((0, 2), np.int32), np.zeros((0, 2), np.float32)), truth_of([], 3), ks=(1,))


def test_scores_of_another_shape_are_refused():
    with pytest.raises(DataError, match="shape"):
        evaluate(TopK(np.zeros((1, 1), np.int32), np.zeros((1, 2), np.float32)), truth_of([{0}], 3), ks=(1,))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ks": ()}, "rising whole numbers"),
        ({"ks": (0, 1)}, "k: 0; expected a whole number from 1"),
        ({"ks": (1, 1)}, "k = 1, 1; expected rising"),
        ({"ks": 5}, "ks: 5; expected a list"),
        ({"ks": "15"}, "k: '1'; expected a whole number"),
        ({"ks": (1.5,)}, "k: 1.5; expected a whole number from 1"),
        (
            {"ks": (1, 3)},
            "k: 3; the predictions have 2 labels per instance at most; .*--top-k 3",
        ),
        ({"paper_reranking": True}, "paper_reranking, places: 5; the predictions have 2"),
        ({"by_frequency": True}, "by_frequency needs the training data"),
        ({"label_counts": np.ones(9, int)}, "n_train"),
        ({"label_counts": np.ones(8, int), "n_train": 5}, "label_counts: 8 labels; expected 9"),
        ({"label_counts": np.ones(9, int), "n_train": 5, "b": 0.0}, "B: 0.0"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        evaluate(topk_of([[0, 1]]), truth_of([{0}], 9), **{"ks": (1,), **options})


def test_the_ks_are_by_default_those_that_are_there():
    report = evaluate(topk_of([[1, 0, 2, 3]]), truth_of([{0}], 9))
    assert (report.ks, report.ks_left_out) == ((1, 3), (5,))
    assert "@5: left out, as no instance has so many predicted labels" in report.to_text()
    report = evaluate(topk_of([[1, 0, 2, 3]]), truth_of([{0}], 4))
    assert (report.ks, report.ks_left_out) == ((1, 3, 5), ())
    assert "left out" not in report.to_text()


def test_predictions_without_any_label_are_refused():
    nothing = TopK(np.zeros((1, 0), np.int32), np.zeros((1, 0), np.float32))
    with pytest.raises(ConfigError, match="k: 1; the predictions have 0 labels per instance at most"):
        evaluate(nothing, truth_of([{0}], 9))


def test_more_places_than_labels_need_not_be_there():
    report = evaluate(topk_of([[1, 0]]), truth_of([{0}], 2), ks=(1, 5))
    assert report.percent["P@5"] == pytest.approx(20)
    assert report.percent["nDCG@5"] == pytest.approx(100 / np.log2(3))


def test_the_report_is_json_and_text():
    report = evaluate(
        topk_of([[0, 1, 2, 3, 4]] * 2),
        truth_of([{1}, set()], 12),
        label_counts=np.arange(12),
        n_train=1500,
        paper_reranking=True,
        by_frequency=True,
    )
    back = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert back["percent"]["P@3"] == report.percent["P@3"]
    assert [group["name"] for group in back["by_frequency"]] == [
        *(f"decile {i}" for i in range(1, 11)),
        "unseen",
    ]
    text = report.to_text()
    assert "without a true label: 1 instance" in text
    assert "A = 0.55, B = 1.5; reordered as in the paper's code" in text
    assert f"{report.percent['PSP@5']:.2f}" in text
    assert "decile 10" in text
    assert all(line == line.rstrip() for line in text.splitlines())


def test_progress_tells_what_is_judged_already(monkeypatch):
    monkeypatch.setattr("pwdismec.metrics.judging._ROWS", 10)
    added, told = [], []

    class Rows:
        def ranges(self):
            return ranges(25)

        def report(self, totals):
            added.extend(totals)
            return "made"

    def on_progress(done, of):
        told.append((done, of, len(added)))

    assert judged(Rows(), iter([[1], [2], [3]]), on_progress) == "made"
    assert told == [(0, 25, 0), (10, 25, 1), (20, 25, 2), (25, 25, 3)]
