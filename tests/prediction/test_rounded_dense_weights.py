"""Labels ruled out by the upper halves of their weights: never one of the best, however close they are."""

import numpy as np
import pytest
import scipy.sparse as sp
from helpers.scoring import FakeModel, assert_same, ranked, sequential_float32
from hypothesis import given, settings
from hypothesis import strategies as st

from pwdismec.data.csr import CSR
from pwdismec.data.topk import TopK
from pwdismec.prediction.scored_blocks import label_blocks
from pwdismec.prediction.search import search

TILE = 32


@st.composite
def close_labels(draw):
    """(model, x): a tile of labels or more, whose weights differ by little or nothing, or much."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_labels, d = draw(st.integers(TILE, 150)), draw(st.integers(1, 40))
    scale = draw(st.sampled_from([1e-42, 1e-30, 1e-3, 1.0, 1e3, 1e15]))
    difference = draw(st.sampled_from([0.0, 1e-7, 1e-5, 1e-3, 1e-1, 1.0]))
    weights = scale * rng.normal(size=d) * (1 + difference * rng.normal(size=(n_labels, d)))
    weights[:, rng.random(d) < draw(st.sampled_from([0.0, 0.5]))] *= -1
    weights[rng.random(weights.shape) < draw(st.sampled_from([0.0, 0.4]))] = 0
    x = rng.normal(size=(draw(st.integers(1, 9)), d)) * draw(st.sampled_from([1e-3, 1.0, 1e3]))
    bias = draw(st.sampled_from([0.0, -1.0, 1e4])) * scale * np.ones(n_labels)
    model = FakeModel(
        d, np.arange(n_labels, dtype=np.int32), weights.astype(np.float32), bias.astype(np.float32), 50
    )
    return model, x.astype(np.float32)


@given(close_labels(), st.sampled_from([1, 2, 5, 32, 33, 200]), st.sampled_from([TILE, 64, 100, 150]))
@settings(max_examples=300, deadline=None)
def test_close_labels_are_told_apart(problem, top_k, max_labels):
    model, x = problem
    expected = ranked(sequential_float32(x, model.weights, model.bias), model.label_ids, top_k)
    blocks = list(label_blocks(model.shards(), model.n_features, max_labels))
    assert_same(search(blocks, CSR.from_scipy(sp.csr_matrix(x)), top_k, jobs=1), expected)


def test_a_label_that_only_its_lower_halves_put_first():
    """All round to the same weights; the one label that is better is found wherever it is."""
    for best in range(3 * TILE):
        weights = np.ones((3 * TILE, 50), np.float32)
        weights[best] += np.float32(2**-10)
        model = FakeModel(50, np.arange(3 * TILE, dtype=np.int32), weights, np.zeros(3 * TILE, np.float32))
        x = CSR.from_scipy(sp.csr_matrix(np.ones((1, 50), np.float32)))
        top = search(list(label_blocks(model.shards(), 50, TILE)), x, 1, jobs=1)
        assert top.labels.tolist() == [[best]]
        assert top.scores.tolist() == [[50 * (1 + 2**-10)]]


@given(close_labels())
@settings(max_examples=50, deadline=None)
def test_bounds_are_the_norms_of_what_is_rounded_away_and_of_the_weights(problem):
    model, _ = problem
    for block in label_blocks(model.shards(), model.n_features, 100):
        weights = model.weights[block.label_ids][:, block.dense.ids]
        upper = (weights.view(np.uint32) + np.uint32(0x8000)) & np.uint32(0xFFFF0000)
        lost = weights.astype(np.float64) - upper.view(np.float32)
        for tile, bounds in enumerate(block.dense_bounds.reshape(-1, 2).astype(np.float64)):
            rows = slice(tile * TILE, (tile + 1) * TILE)
            if len(weights[rows]) < TILE:
                assert (bounds == np.inf).all()
                continue
            for bound, part in zip(bounds, (lost, weights.astype(np.float64)), strict=True):
                norm = np.sqrt((part[rows] ** 2).sum(axis=1)).max()
                assert norm <= bound <= norm * (1 + 1e-5) + 4e-45


@pytest.mark.parametrize("large", ["bias", "weights"])
@pytest.mark.parametrize("place", [TILE, 2 * TILE - 1])
def test_what_sums_in_another_order_lose_does_not_rule_a_label_out(large, place):
    """Each 1.5 added to 2²⁴ makes it 2 more, but half of them are first summed apart, without rounding.

    So the winner's score is 80 (more than its bias), but 70 by the sums that rule labels out, less than the
    74 of all labels before its tile. No weight is rounded: only the bound on the error of the sums keeps the
    winner in, by the size of the scores, or of weights that cancel each other.
    """
    weights = np.zeros((2 * TILE, 42), np.float32)
    weights[:TILE, 1:38] = 2
    weights[TILE:] = 2**-20
    weights[place] = [0, *40 * [1.5], 0] if large == "bias" else [2**24, *40 * [1.5], -(2**24)]
    bias = np.full(2 * TILE, 2**24 if large == "bias" else 0, np.float32)
    model = FakeModel(42, np.arange(2 * TILE, dtype=np.int32), weights, bias, 2 * TILE)
    x = np.ones((1, 42), np.float32)
    expected = ranked(sequential_float32(x, weights, bias), model.label_ids, 2)
    assert expected.labels.tolist() == [[place, 0]]
    assert (expected.scores - bias[0]).tolist() == [[80, 74]]
    blocks = list(label_blocks(model.shards(), model.n_features))
    assert blocks[0].dense_bounds[::2].max() < 1e-38  # nothing is rounded away
    for top_k in (1, 2):
        found = search(blocks, CSR.from_scipy(sp.csr_matrix(x)), top_k, jobs=1)
        assert_same(found, TopK(expected.labels[:, :top_k], expected.scores[:, :top_k]))
