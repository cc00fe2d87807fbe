"""What is said of labels, and the pruning curve, against the model and plain Python."""

from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse as sp
from helpers.models import dense, model_of
from helpers.rankings import random_rankings
from helpers.small_data import small_dataset

from pwdismec import Predictor, TrainingConfig, Weighting, evaluate, train
from pwdismec.data import CSR, Dataset, TopK
from pwdismec.data.shown_labels import ShownLabels
from pwdismec.pruning import prune_model
from pwdismec.reporting import lists
from pwdismec.reporting import pruning_curve as curve
from pwdismec.reporting.label_facts import label_facts
from pwdismec.reporting.worst import Example, WorstLabel, worst_labels


def test_facts_are_those_of_the_shards(tmp_path):
    weights = np.random.default_rng(0).normal(size=(7, 9)) * (np.arange(9) < np.arange(7)[:, None])
    model = model_of(tmp_path / "model", weights, trained=[0, 1, 2, 4, 6])
    facts = label_facts(model)
    assert facts.label_ids.tolist() == [0, 1, 2, 4, 6]
    assert facts.positives.tolist() == [2, 3, 4, 6, 8]
    assert facts.weights.tolist() == (dense(model)[[0, 1, 2, 4, 6]] != 0).sum(axis=1).tolist()
    assert facts.gap == pytest.approx([0.001] * 5) and facts.tolerance == 0.01
    assert facts.label_ids[facts.slowest(2)].tolist() == [6, 4]


def test_labels_of_equal_epochs_go_by_positives(tmp_path):
    facts = label_facts(model_of(tmp_path / "model", np.ones((4, 3))))
    equal = facts._replace(epochs=np.zeros(4, np.int64), positives=np.array([1, 5, 5, 9]))
    assert equal.slowest(4).tolist() == [3, 1, 2, 0]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A model, what it was trained on, test instances, and the metrics of its predictions."""
    whole = small_dataset(n=200)
    held_out = whole.select_instances(slice(150, 200))
    data = whole.select_instances(slice(0, 150))
    folder = tmp_path_factory.mktemp("curve")
    model = train(data, folder / "model", TrainingConfig(Weighting("pw"), shard_size=10, prune=0.0))
    return folder, model, data, held_out, measured(model, data, held_out)


def measured(model, data, held_out):
    top = Predictor(model).predict_dataset(held_out, 5)
    return evaluate(top, held_out.labels, label_counts=data.label_counts, n_train=data.n_instances)


def test_each_point_is_the_pruned_models(trained):
    folder, model, data, held_out, report = trained
    points = curve.pruning_curve(model, report, data, held_out, jobs=2)
    assert points[0].threshold == 0 and points[0].report == report
    assert points[0].weights == model.nnz / 40  # the last five labels are not trained
    for number, point in enumerate(points[1:]):
        pruned = prune_model(model, folder / f"pruned-{number}", threshold=point.threshold)
        assert point.weights == pruned.nnz / 40
        assert point.report == measured(pruned, data, held_out)
    shares = [point.weights / points[0].weights for point in points]
    assert shares == pytest.approx(curve.SHARES[: len(shares)], rel=0.1) and len(shares) >= 4


def test_of_many_instances_some_are_tried(monkeypatch):
    monkeypatch.setattr(curve, "MAX_INSTANCES", 5)
    assert curve.tried_rows(4).tolist() == [0, 1, 2, 3]
    assert curve.tried_rows(101).tolist() == [0, 25, 50, 75, 100]


def test_the_worst_labels_are_those_missed_most():
    top, truth, counts = random_rankings(1)
    other, _, _ = random_rankings(1, skill=2.0)
    features = small_dataset(n=80).features
    test = Dataset.from_arrays(features, truth)
    k = 3
    found = worst_labels([top, other], _Counts(counts), test, k, 6, 2)

    true = [set(truth.indices[truth.indptr[i] : truth.indptr[i + 1]].tolist()) for i in range(80)]
    said = [[set(row[:k].tolist()) for row in method.labels] for method in (top, other)]
    missed = {
        label: sum(
            label in t and label not in s for method in said for t, s in zip(true, method, strict=True)
        )
        for label in range(30)
        if counts[label]
    }
    assert [w.label for w in found] == sorted(missed, key=lambda label: (-missed[label], label))[:6]
    for worst in found:
        rows = [i for i in range(80) if worst.label in true[i]]
        assert worst.n_true == len(rows)
        assert worst.found == tuple(sum(worst.label in method[i] for i in rows) for method in said)
        both = [i for i in rows if not any(worst.label in method[i] for method in said)]
        assert [example.row for example in worst.examples][: len(both)] == both[:2]
        for example in worst.examples:
            x = features.to_scipy()[example.row].toarray()[0]
            assert (
                abs(x[list(example.features)]).tolist()
                == sorted(abs(x), reverse=True)[: len(example.features)]
            )
            assert set(example.true) == true[example.row]
            assert [set(labels) for labels in example.predicted] == [method[example.row] for method in said]


def test_of_equal_features_the_rarest_are_shown():
    words = np.zeros((3, 12))
    words[0], words[1, :6], words[2, 3:6] = 1, 1, 1
    train = Dataset.from_arrays(CSR.from_scipy(sp.csr_matrix(words)), labels_of([[0], [1], [0]]))
    test = Dataset.from_arrays(CSR.from_scipy(sp.csr_matrix(np.ones((1, 12)))), labels_of([[0]]))
    top = TopK(np.array([[1]], np.int32), np.ones((1, 1), np.float32))
    [worst] = worst_labels([top], train, test, 1, 5, 1)
    assert worst.examples[0].features == (6, 7, 8, 9, 10, 11, 0, 1)


def test_lists_tell_labels_of_one_name_apart_and_name_the_records(tmp_path):
    names, uris = ["Wald", "Wald", "Berg"], ["u:0", "u:1", "u:2"]
    model = model_of(tmp_path / "model", np.ones((3, 4)), names=names, uris=uris)
    comparison = SimpleNamespace(
        methods=[SimpleNamespace(name="pw")],
        ks=[1],
        label_counts=np.ones(3, int),
        test=SimpleNamespace(record_ids=["a", "b<c\u202e"]),
    )
    content = SimpleNamespace(
        comparison=comparison,
        facts=[label_facts(model)],
        labels=ShownLabels(model),
        feature_names=None,
        worst=[WorstLabel(1, 2, (0,), (Example(1, (), (1,), ((0,),)),))],
    )
    for page in (lists.slowest(content), lists.worst(content)):
        assert "Wald &lt;u:1&gt;" in page and "Berg &lt;" not in page
    assert "Wald &lt;u:0&gt;" in lists.worst(content)
    assert r"test instance 1 (b&lt;c\u202e)" in lists.worst(content)


def labels_of(rows):
    """Label sets of two labels."""
    return CSR.from_scipy(sp.csr_matrix([[label in row for label in (0, 1)] for row in rows]), binary=True)


class _Counts:
    """A training set of which only the label counts are known."""

    features, n_features, n_instances = None, 50, 0

    def __init__(self, label_counts):
        self.label_counts = label_counts

    def label_counts_for(self, n_labels):
        return self.label_counts
