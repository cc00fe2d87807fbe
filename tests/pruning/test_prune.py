"""Pruned models hold the weights that NumPy picks from the dense matrix, and fit the size asked for."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from helpers.models import dense, model_of
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open

from pwdismec import Predictor
from pwdismec.data.csr import CSR
from pwdismec.errors import ConfigError, ModelError, OutputError
from pwdismec.model import Model
from pwdismec.pruning import prune_model
from pwdismec.pruning.criteria import _smallest_of_largest

TIED = st.sampled_from([0.0, 0.0, 0.5, -0.5, 1.0, -1.0, 2.0, 0.1])


@st.composite
def matrices(draw, values=TIED):
    n_labels, n_features = draw(st.integers(1, 8)), draw(st.integers(1, 7))
    cells = draw(st.lists(values, min_size=n_labels * n_features, max_size=n_labels * n_features))
    return np.array(cells, np.float32).reshape(n_labels, n_features)


def pruned(weights, **how):
    """The dense weights of a model of `weights` once it is pruned; checked against its manifest."""
    with tempfile.TemporaryDirectory() as folder:
        before = model_of(Path(folder) / "a", weights)
        after = prune_model(before, Path(folder) / "b", **how)
        assert after.nnz == np.count_nonzero(dense(after)) == after.weights()[1].nnz
        return dense(after)


@given(matrices(), st.sampled_from([0.0, 0.1, 0.3, 0.5, 1.0, 3.0]))
@settings(max_examples=40, deadline=None)
def test_by_threshold(weights, threshold):
    expected = np.where(np.abs(weights) >= np.float32(threshold), weights, 0)
    np.testing.assert_array_equal(pruned(weights, threshold=threshold), expected)


@given(matrices(), st.integers(0, 8))
@settings(max_examples=60, deadline=None)
def test_by_count_ties_go_to_the_lower_feature(weights, keep):
    expected = np.zeros_like(weights)
    for row, kept in zip(weights, expected, strict=True):
        best = np.argsort(-np.abs(row), kind="stable")[:keep]
        kept[best] = row[best]
    np.testing.assert_array_equal(pruned(weights, keep=keep), expected)


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    rng = np.random.default_rng(0)
    weights = (
        rng.normal(size=(60, 500)) * (rng.random((60, 500)) < 0.5) * 10.0 ** rng.integers(-8, 3, (60, 1))
    )
    called = {"names": ["label"] * 60, "uris": [f"label {i}" for i in range(60)]}
    return model_of(tmp_path_factory.mktemp("large") / "m", weights, shard_size=25, **called)


def size_of(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("target", [10_000, 30_000, 77_777, 10**9])
def test_by_size(large, tmp_path, target, dtype):
    made = prune_model(large, tmp_path / "p", target=target, dtype=dtype)
    assert made.bytes == size_of(made.path) <= target
    before, after = dense(large), dense(made)
    kept = after != 0
    if target == 10**9:
        assert made.nnz == np.count_nonzero(before.astype(dtype))
        return
    assert made.bytes > target - 2000
    lost_to_rounding = (before != 0) & (before.astype(np.float16) == 0)
    smallest = np.abs(before[kept]).min()
    assert (np.abs(before[~kept & ~lost_to_rounding]) < smallest).all()


@given(matrices(), st.integers(0, 60))
@settings(max_examples=60, deadline=None)
def test_equal_weights_are_kept_or_cut_together(weights, count):
    with tempfile.TemporaryDirectory() as folder:
        model = model_of(Path(folder) / "a", weights)
        held = np.abs(weights[weights != 0])
        if count >= len(held):
            return
        found = _smallest_of_largest(model, count)
    assert np.count_nonzero(held >= found) <= count
    assert np.count_nonzero(held >= np.nextafter(np.float32(found), np.float32(0))) > count


def test_a_size_that_nothing_fits_is_refused(large, tmp_path):
    with pytest.raises(
        ModelError, match=r"m: target: 5,000 bytes; without any weight the model takes \d,\d+"
    ):
        prune_model(large, tmp_path / "p", target=5000)
    assert not list(tmp_path.iterdir())


def test_float16_is_rounded_to_nearest_and_scores_are_those_of_the_widened_weights(large, tmp_path):
    made = prune_model(large, tmp_path / "p", threshold=0, dtype="float16")
    expected = dense(large).astype(np.float16).astype(np.float32)
    np.testing.assert_array_equal(dense(made), expected)
    assert made.nnz == np.count_nonzero(expected) < large.nnz
    with safe_open(made.path / "shards" / "00000.safetensors", "np") as file:
        assert file.get_tensor("values").dtype == np.float16
        assert file.get_tensor("bias").dtype == np.float32
    assert made.manifest.run.dtype == "float16" and large.manifest.run.dtype == "float32"
    X = np.random.default_rng(1).random((9, 500)).astype(np.float32)
    features = CSR(np.arange(10) * 500, np.tile(np.arange(500, dtype=np.int32), 9), X.ravel(), 500)
    top = Predictor(made).predict(features, 60)
    scores = X.astype(np.float64) @ expected.T.astype(np.float64) + made.weights()[2]
    np.testing.assert_allclose(top.scores, np.take_along_axis(scores, top.labels, 1), rtol=1e-4, atol=1e-3)
    assert Model.open(made.path).nnz == made.nnz


def test_float16_stays_and_can_be_left(large, tmp_path):
    half = prune_model(large, tmp_path / "half", threshold=0, dtype="float16")
    again = prune_model(half, tmp_path / "again", keep=100)
    wide = prune_model(half, tmp_path / "wide", threshold=0, dtype="float32")
    assert (again.manifest.run.dtype, wide.manifest.run.dtype) == ("float16", "float32")
    np.testing.assert_array_equal(dense(wide), dense(half))
    assert again.manifest.run.history == [
        "stored as float16",
        "pruned to 100 weights a label",
    ]


def test_a_weight_too_large_for_float16_is_named(tmp_path):
    weights = np.eye(5, 6)
    weights[4, 2] = -70000
    model = model_of(tmp_path / "m", weights)
    with pytest.raises(ModelError, match=r"m: label 4: weight -70000 is too large for float16"):
        prune_model(model, tmp_path / "p", threshold=0, dtype="float16")
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_all_but_the_weights_stays(large, tmp_path):
    made = prune_model(large, tmp_path / "p", keep=7)
    for old, new in zip(large.shards(), made.shards(), strict=True):
        for name in ("label_ids", "positives", "bias", "gap_tolerance", "instruction_set"):
            np.testing.assert_array_equal(getattr(new, name), getattr(old, name))
        for name in ("primal", "dual", "epochs"):
            np.testing.assert_array_equal(getattr(new.certificate, name), getattr(old.certificate, name))
    assert (made.label_names, made.label_uris) == (large.label_names, large.label_uris)
    assert made.transforms == large.transforms
    assert made.manifest.run.id != large.manifest.run.id


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({}, "no criterion; expected one of threshold, keep, target, loss"),
        ({"keep": 1, "threshold": 0.0}, "threshold and keep; expected one of"),
        ({"keep": -1}, "keep: -1; expected a whole number from 0"),
        ({"threshold": -0.1}, "threshold: -0.1; expected a finite number"),
        ({"threshold": float("nan")}, "threshold: nan; expected a finite number"),
    ],
)
def test_criteria_out_of_range_are_refused(large, tmp_path, how, message):
    with pytest.raises(ConfigError, match=message):
        prune_model(large, tmp_path / "p", **how)
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten_and_that_is_told_before_anything_is_done(large, tmp_path):
    (tmp_path / "notes").touch()
    done = []
    with pytest.raises(OutputError, match="exists and is not a model; expected a new folder"):
        prune_model(large, tmp_path, keep=1, overwrite=True, on_labels=lambda *told: done.append(told))
    assert not done
