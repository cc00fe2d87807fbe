"""Predictions measured as others were."""

from __future__ import annotations

from pwdismec.data import CSR, Dataset, TopK
from pwdismec.metrics import Report, evaluate


def measured_like(report: Report, top: TopK, truth: CSR, train: Dataset) -> Report:
    """Evaluate `top` with the k's, propensities and order of `report`; errors as `evaluate`."""
    assert report.propensity is not None  # an experiment always has it
    a, b = report.propensity
    return evaluate(
        top,
        truth,
        ks=report.ks,
        label_counts=train.label_counts_for(truth.n_columns),
        n_train=train.n_instances,
        a=a,
        b=b,
        paper_reranking=report.paper_reranking,
    )
