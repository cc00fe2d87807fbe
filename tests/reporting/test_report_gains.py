"""Relative gains against `evaluate` and Eq. 30, and their margins against a bootstrap."""

import numpy as np
import pytest
from helpers.rankings import random_rankings

from pwdismec.metrics import evaluate, mean_relative_gain
from pwdismec.metrics.reranking import paper_reranked
from pwdismec.reporting.gain_margins import Gain, mean_gain, row_gains, verdict
from pwdismec.weighting import inverse_propensities

KS = (1, 3, 5)


def both(paper_reranking=False, n=80):
    """Two methods' reports and row gains on the same truth."""
    found = []
    for skill in (0.5, 1.0):
        top, truth, counts = random_rankings(3, n=n, skill=skill)
        inverse = inverse_propensities(counts, 500)
        report = evaluate(
            top, truth, ks=KS, label_counts=counts, n_train=500, paper_reranking=paper_reranking
        )
        scored = paper_reranked(top, inverse) if paper_reranking else top.labels
        found.append((report, row_gains(top.labels, scored, truth, KS, inverse)))
    return found


@pytest.mark.parametrize("paper_reranking", [False, True])
@pytest.mark.parametrize("metric", ["P", "nDCG", "PSP", "PSnDCG"])
def test_the_gain_is_that_of_the_reported_metrics(metric, paper_reranking):
    (base, base_rows), (ours, our_rows) = both(paper_reranking)
    values = [[report.percent[f"{metric}@{k}"] for k in KS] for report in (ours, base)]
    assert mean_gain(our_rows[metric], base_rows[metric]).value == pytest.approx(mean_relative_gain(*values))


@pytest.mark.parametrize("metric", ["P", "PSnDCG"])
def test_the_margin_is_that_of_drawing_the_rows_again(metric):
    (_, base), (_, ours) = both(n=400)
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(2000):
        rows = rng.integers(0, 400, 400)
        drawn.append(100 * (ours[metric][rows].sum(0) / base[metric][rows].sum(0) - 1).mean())
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert mean_gain(ours[metric], base[metric]).margin == pytest.approx((high - low) / 2, rel=0.1)


def test_no_gain_over_nothing_and_none_over_itself():
    (_, base), _ = both()
    assert mean_gain(base["P"], np.zeros_like(base["P"])) is None
    assert mean_gain(base["P"], base["P"]) == Gain(0.0, 0.0)


def test_the_verdict_heeds_the_margin():
    up, down, unclear = Gain(3.0, 1.0), Gain(-3.0, 1.0), Gain(3.0, 4.0)
    assert verdict(up, up) == "helps, rare labels and all"
    assert verdict(up, unclear) == "helps rare labels, at no clear cost in precision"
    assert verdict(up, down) == "trades precision for rare labels"
    assert verdict(unclear, unclear) == "makes no clear difference"
    assert verdict(down, down) == "hurts, rare labels and all"
