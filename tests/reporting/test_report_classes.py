"""Classes of label frequency, and what each adds to the metrics, against plain Python and `evaluate`."""

from itertools import pairwise

import numpy as np
import pytest
from helpers.rankings import random_rankings
from hypothesis import given, settings
from hypothesis import strategies as st

from pwdismec.metrics import evaluate
from pwdismec.reporting.by_class import by_class
from pwdismec.reporting.classes import frequency_classes
from pwdismec.weighting import inverse_propensities


def limits(name: str) -> tuple[int, int]:
    first, _, last = name.replace(",", "").partition("–")
    return int(first), int(last or first)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.one_of(st.integers(0, 30), st.integers(0, 3_000_000)), min_size=1))
def test_each_label_is_in_the_class_whose_name_holds_its_count(counts):
    classes = frequency_classes(np.array(counts))
    ranges = [limits(name) for name in classes.names]
    for count, number in zip(counts, classes.of, strict=True):
        assert ranges[number][0] <= count <= ranges[number][1]
    assert all(later[0] == earlier[1] + 1 for earlier, later in pairwise(ranges))
    assert classes.n_labels.sum() == len(counts) and classes.n_labels[0] and classes.n_labels[-1]


def test_the_classes_by_name():
    classes = frequency_classes(np.array([0, 1, 2, 4, 6, 20, 21, 1200]))
    assert classes.names == (
        "0", "1", "2", "3–5", "6–10", "11–20", "21–50", "51–100", "101–200", "201–500", "501–1,000",
        "1,001–2,000",
    )  # fmt: skip
    assert classes.n_labels.tolist() == [1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1]
    assert frequency_classes(np.array([60, 70])).names == ("51–100",)


@pytest.mark.parametrize("paper_reranking", [False, True])
@pytest.mark.parametrize("k", [1, 3])
def test_the_parts_sum_to_the_metrics_and_the_shares_are_counted(k, paper_reranking):
    top, truth, counts = random_rankings(0)
    report = evaluate(
        top, truth, ks=(1, 3), label_counts=counts, n_train=500, paper_reranking=paper_reranking
    )
    classes = frequency_classes(counts)
    inverse = inverse_propensities(counts, 500)
    found = by_class(top, truth, report, inverse, classes, k)
    assert found.precision.sum() == pytest.approx(report.percent[f"P@{k}"])
    assert found.psp.sum() == pytest.approx(report.percent[f"PSP@{k}"])

    true = truth.to_scipy().toarray().astype(bool)
    said = np.zeros_like(true)
    for row, labels in zip(said, top.labels, strict=True):
        row[labels[:k]] = True
    for number in range(len(classes.names)):
        own = classes.of == number
        hits = (true & said)[:, own]
        assert found.precision[number] == pytest.approx(100 * hits.sum() / (k * len(true)))
        if not true[:, own].any():
            assert np.isnan(found.recall[number]) and np.isnan(found.coverage[number])
            continue
        assert found.recall[number] == pytest.approx(100 * hits.sum() / true[:, own].sum())
        occurring = true[:, own].any(axis=0)
        assert found.coverage[number] == pytest.approx(100 * hits.any(axis=0).sum() / occurring.sum())
