"""What makes a score adds up to it, as a dense product in float64 has it; and of a model little is read."""

import numpy as np
import pytest
import scipy.sparse as sp
from helpers.models import model_of
from hypothesis import given, settings
from hypothesis import strategies as st

from pwdismec.data.csr import CSR
from pwdismec.data.mapping import is_mapped
from pwdismec.errors import ModelError
from pwdismec.prediction import Predictor

N_LABELS, N_FEATURES = 11, 30
NAMES = ["Optik", "Wärme", "Laser", "Mond", "12", "Optik", "Ähre", "Licht", "Öl", "Ton", "Bau"]
UNTRAINED = 7


@pytest.fixture(scope="module", params=["float32", "float16"])
def model(request, tmp_path_factory):
    rng = np.random.default_rng(3)
    weights = sp.random(N_LABELS, N_FEATURES, 0.4, "csr", rng=rng, data_rvs=rng.standard_normal)
    weights.data = weights.data.astype(request.param).astype(np.float32)
    trained = [label for label in range(N_LABELS) if label != UNTRAINED]
    path = tmp_path_factory.mktemp("models") / "m"
    return model_of(path, weights, trained=trained, names=NAMES, dtype=request.param)


def dense_classifier(model, label):
    """The weights and bias of a label in float64, by reading the whole model."""
    ids, weights, bias = model.weights()
    place = list(ids).index(label)
    return weights.to_scipy().toarray()[place].astype(np.float64), float(bias[place])


rows = st.dictionaries(st.integers(0, N_FEATURES - 1), st.floats(-100, 100, width=32), max_size=N_FEATURES)


@settings(max_examples=60, deadline=None)
@given(row=rows, label=st.sampled_from([0, 4, 6, 10]))
def test_bias_and_contributions_add_up_to_the_score(model, row, label):
    x = np.zeros((1, N_FEATURES), np.float32)
    x[0, list(row)] = list(row.values())
    weights, bias = dense_classifier(model, label)
    explanation = model.explain(CSR.from_scipy(sp.csr_matrix(x)), label)
    expected = x[0].astype(np.float64) * weights
    scale = 1 + np.abs(expected).sum()
    added = explanation.bias + sum(c.amount for c in explanation.contributions)
    assert explanation.score == pytest.approx(expected.sum() + bias, abs=1e-13 * scale)
    assert added == pytest.approx(explanation.score, abs=1e-13 * scale)
    found = np.zeros(N_FEATURES)
    for c in explanation.contributions:
        found[c.feature] = c.amount
        assert (c.value, c.weight, c.amount) == (x[0, c.feature], weights[c.feature], expected[c.feature])
    np.testing.assert_array_equal(found, expected)
    sizes = [abs(c.amount) for c in explanation.contributions]
    assert sizes == sorted(sizes, reverse=True)
    assert len(sizes) == np.count_nonzero(expected)


def test_a_stored_zero_contributes_nothing(model):
    weights, bias = dense_classifier(model, 3)
    held = np.flatnonzero(weights)[:2].astype(np.int32)
    instance = CSR(np.array([0, 2]), held, np.array([0.0, 1.0], np.float32), N_FEATURES)
    explanation = model.explain(instance, 3)
    assert [c.feature for c in explanation.contributions] == [held[1]]
    assert explanation.score == pytest.approx(weights[held[1]] + bias)


def test_the_score_is_the_predictors(model):
    rng = np.random.default_rng(5)
    instance = CSR.from_scipy(sp.random(1, N_FEATURES, 0.5, "csr", np.float32, rng=rng))
    top = Predictor(model).predict(instance, N_LABELS)
    for label, score in zip(top.labels[0][:-1], top.scores[0][:-1], strict=True):
        assert model.explain(instance, int(label)).score == pytest.approx(float(score), abs=1e-6)


@pytest.mark.parametrize("top_k", [1, 5, 100])
def test_top_features_are_those_of_largest_weight(model, top_k):
    weights, _ = dense_classifier(model, 3)
    order = np.argsort(-np.abs(weights), kind="stable")[: min(top_k, np.count_nonzero(weights))]
    expected = [(feature, weights[feature]) for feature in order]
    found = model.top_features("Mond", top_k)
    assert [(f.feature, f.weight) for f in found] == expected
    assert any(f.weight < 0 for f in model.top_features("Mond", 100))


def test_features_are_named_as_told_or_else_by_their_ids(model):
    names = [f"word{i}" for i in range(N_FEATURES)]
    assert all(f.name == f"word{f.feature}" for f in model.top_features(3, feature_names=names))
    assert all(f.name == f"{f.feature}" for f in model.top_features(3))
    instance = CSR.from_scipy(sp.csr_matrix(np.ones((1, N_FEATURES), np.float32)))
    assert all(c.name == f"word{c.feature}" for c in model.explain(instance, 3, names).contributions)


def test_a_label_is_given_by_id_or_name(model):
    assert (
        model.classifier("Mond").label
        == model.classifier(3).label
        == model.classifier(np.int32(3)).label
        == 3
    )
    assert (model.classifier("12").label, model.classifier(10).name) == (4, "Bau")


@pytest.mark.parametrize(
    "label, message",
    [
        ("Sonne", "label 'Sonne' is not in the model"),
        ("Optik", r"label 'Optik' is the name of 2 labels \(0, 5\); give an id"),
        (11, "label 11; expected an id from 0 to 10"),
        (-1, "label -1; expected an id from 0 to 10"),
        (UNTRAINED, r"label 7 \(Licht\) has no classifier; no training instance had the label"),
    ],
)
def test_a_label_that_is_none(model, label, message):
    with pytest.raises(ModelError, match=message):
        model.top_features(label)


def test_of_the_model_one_shard_is_read_and_mapped(tmp_path):
    weights = np.arange(1.0, 10 * 4 + 1).reshape(10, 4)
    model = model_of(tmp_path / "m", weights, shard_size=3)
    expected = model.top_features(4)
    for shard in ("00000", "00002", "00003"):
        path = model.path / "shards" / f"{shard}.safetensors"
        path.write_bytes(bytes(path.stat().st_size))
    fresh = type(model).open(model.path)
    assert fresh.top_features(4) == expected
    assert is_mapped(fresh.classifier(4).weights.indices)
    with pytest.raises(ModelError, match=r"00002\.safetensors: shard changed since it was written"):
        fresh.classifier(7)


def test_a_shard_changed_after_it_was_verified_is_found(tmp_path):
    model = model_of(tmp_path / "m", np.ones((4, 3)), shard_size=2)
    model.classifier(0)
    model.classifier(3)
    path = model.path / "shards" / "00000.safetensors"
    path.write_bytes(bytes(path.stat().st_size))
    fresh = type(model).open(model.path)
    assert fresh.classifier(3).label == 3
    with pytest.raises(ModelError, match="shard changed"):
        fresh.classifier(0)


def test_an_instance_of_other_features_or_of_several_rows(model):
    for shape in ((1, N_FEATURES - 1), (2, N_FEATURES), (0, N_FEATURES)):
        with pytest.raises(ModelError, match=f"{shape[0]} rows, {shape[1]} features; expected one row, 30"):
            model.explain(CSR.from_scipy(sp.csr_matrix(shape, dtype=np.float32)), 0)


def test_a_model_that_was_not_trained_on_texts_explains_none(model):
    with pytest.raises(ModelError, match="was not trained on texts"):
        model.explain("Laser und Licht", "Laser")
