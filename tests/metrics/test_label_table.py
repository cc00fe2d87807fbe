"""The metrics by label, against NumPy from the definitions, and their sums against the whole."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from metrics.test_evaluate import cases, topk_of, truth_of

from pwdismec.metrics import CONVENTIONS, evaluate, evaluate_sets

A, B, N_TRAIN = 0.55, 1.5, 50


def dense(rows, n_labels):
    """float64, shape (n, n_labels): 1 where a row has a label."""
    return np.array([[label in row for label in range(n_labels)] for row in rows], np.float64)


def among_best(true, inverse, k):
    """1 where a label is among a row's k true labels of the largest 1/p; of equal ones by number."""
    best = np.zeros_like(true)
    order = np.lexsort((np.arange(len(inverse)), -inverse))
    for row, labels in enumerate(true):
        best[row, [label for label in order if labels[label]][:k]] = 1
    return best


@settings(deadline=None, max_examples=200)
@given(case=cases(), convention=st.sampled_from(sorted(CONVENTIONS)), reranking=st.booleans())
def test_each_label_has_its_numbers_and_they_sum_to_the_metrics(case, convention, reranking):
    predicted, scores, truth, counts, ks = case
    n_labels = len(counts)
    reranking = reranking and len(predicted[0]) >= min(5, n_labels)
    report = evaluate(
        topk_of(predicted, scores),
        truth_of(truth, n_labels),
        ks=ks,
        label_counts=counts,
        n_train=N_TRAIN,
        convention=convention,
        paper_reranking=reranking,
        per_label=True,
    )
    table, percent = report.per_label, report.percent
    true = dense(truth, n_labels)
    inverse = 1 + (np.log(N_TRAIN) - 1) * (B + 1) ** A * (counts + B) ** -A
    if convention == "napkinxc":
        inverse = np.where(np.arange(n_labels) <= np.flatnonzero(counts).max(initial=-1), inverse, 0)
    counted = true.any(axis=1) if convention == "pyxclib-labelled" else np.ones(len(true), bool)
    assert np.array_equal(table["positives"], true.sum(axis=0))
    np.testing.assert_allclose(table["inverse_propensity"], inverse, rtol=1e-12)
    for k in ks:
        asked = dense([row[:k] for row in predicted], n_labels)[counted]
        hit = asked * true[counted]
        found = {name: table[f"{name}@{k}"] for name in ("predicted", "hits", "precision", "recall", "F1")}
        with np.errstate(invalid="ignore"):
            expected = {
                "predicted": asked.sum(axis=0),
                "hits": hit.sum(axis=0),
                "precision": np.nan_to_num(100 * hit.sum(axis=0) / asked.sum(axis=0)),
                "recall": np.nan_to_num(100 * hit.sum(axis=0) / true.sum(axis=0)),
                "F1": np.nan_to_num(200 * hit.sum(axis=0) / (asked.sum(axis=0) + true.sum(axis=0))),
            }
        for name, values in expected.items():
            np.testing.assert_allclose(found[name], values, rtol=1e-12, atol=0, err_msg=name)
        best = among_best(true[counted], inverse, k).sum(axis=0) * inverse
        np.testing.assert_allclose(table[f"PSP_best@{k}"], best, rtol=1e-12)
        if not reranking:
            np.testing.assert_allclose(table[f"PSP_gain@{k}"], hit.sum(axis=0) * inverse, rtol=1e-12)
        gain = table[f"PSP_gain@{k}"].sum()
        whole = {
            "P": 100 * found["hits"].sum() / max(1, counted.sum() * k),
            "PSP": 100 * gain / table[f"PSP_best@{k}"].sum() if gain else 0,
            "coverage": 100 * (found["hits"] > 0).sum() / max(1, (table["positives"] > 0).sum()),
            "macro-F1": found["F1"].mean(),
        }
        for name, value in whole.items():
            assert percent[f"{name}@{k}"] == pytest.approx(value, rel=1e-12, abs=1e-12), name


def test_without_training_counts_the_parts_of_psp_are_left_out():
    table = evaluate(topk_of([[0, 1]]), truth_of([{1}], 2), ks=(1,), per_label=True).per_label
    at_1 = [f"{name}@1" for name in ("predicted", "hits", "precision", "recall", "F1")]
    assert list(table) == ["positives", *at_1]


@settings(deadline=None, max_examples=100)
@given(case=cases())
def test_the_labels_of_sets_sum_to_their_metrics(case):
    predicted, scores, truth, counts, _ = case
    report = evaluate_sets(topk_of(predicted, scores), truth_of(truth, len(counts)), per_label=True)
    table = report.per_label
    true, asked = dense(truth, len(counts)), dense(predicted, len(counts))
    hits = (true * asked).sum(axis=0)
    assert np.array_equal(table["hits"], hits)
    assert np.array_equal(table["positives"], true.sum(axis=0))
    assert np.array_equal(table["predicted"], asked.sum(axis=0))
    for name in ("precision", "recall", "F1"):
        assert report.percent[f"macro-{name}"] == pytest.approx(table[name].mean(), rel=1e-12)
    both = asked.sum() + true.sum()
    assert report.percent["micro-F1"] == pytest.approx(200 * hits.sum() / both if both else 0, rel=1e-12)


def test_what_is_by_label_is_no_part_of_the_report_as_json():
    labels = topk_of([[0, 1]]), truth_of([{1}], 2)
    for evaluated in (partial(evaluate, *labels, ks=(1,)), partial(evaluate_sets, *labels)):
        assert evaluated(per_label=True).to_dict() == evaluated().to_dict()
        assert evaluated().per_label is None
