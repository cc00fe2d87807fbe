"""The tables of a report."""

from __future__ import annotations

from typing import Any

from pwdismec.experiment.comparison import METRICS
from pwdismec.plain_text import size_text
from pwdismec.reporting import markup
from pwdismec.reporting.content import Content
from pwdismec.reporting.wording import percent


def gains_table(content: Content) -> str:
    """The relative gains, Eq. 30."""
    rows = [
        [
            metric,
            *("–" if (gain := gains[metric]) is None else percent(gain) for gains in content.gains.values()),
        ]
        for metric in METRICS
    ]
    return markup.table(["", *content.gains], rows)


def metrics_table(content: Content) -> str:
    """All metrics by method."""
    reports = [method.report for method in content.comparison.methods]
    names = [f"{metric}@{k}" for metric in reports[0].metrics for k in reports[0].ks]
    values = [[report.percent[name] for report in reports] for name in names]
    rows = [[name, *(f"{value:.2f}" for value in line)] for name, line in zip(names, values, strict=True)]
    best = [[len(line) > 1 and f"{value:.2f}" == f"{max(line):.2f}" for value in line] for line in values]
    return markup.table(["", *(method.name for method in content.comparison.methods)], rows, best)


def data_table(content: Content) -> str:
    """The sizes of training and test set."""
    train = dict(content.comparison.train.statistics().rows())
    rows = [[name, train.get(name, ""), value] for name, value in content.comparison.test.statistics().rows()]
    return markup.table(["", "train", "test"], rows)


def settings_table(content: Content) -> str:
    """How each model was trained, and its size; what was measured with what."""
    models = [method.model for method in content.comparison.methods]
    flat = [_flat(model.manifest.run.config) for model in models]
    names = dict.fromkeys(name for settings in flat for name in settings)
    rows = [[name, *(settings.get(name, "–") for settings in flat)] for name in names]
    rows += [
        ["trained by", *(model.manifest.run.written_by for model in models)],
        ["weights", *(f"{model.nnz:,}" for model in models)],
        ["size", *(size_text(model.bytes) for model in models)],
    ]
    report = content.comparison.methods[0].report
    a, b = report.propensity or (0.0, 0.0)
    order = "reordered as in the paper's code" if report.paper_reranking else "in the order predicted"
    note = f"PSP and PSnDCG: A = {a:g}, B = {b:g}; {order}."
    header = ["", *(method.name for method in content.comparison.methods)]
    return markup.table(header, rows) + markup.text("p", note, "note")


def _flat(settings: dict[str, Any], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, value in settings.items():
        flat |= _flat(value, f"{name} ") if isinstance(value, dict) else {f"{prefix}{name}": str(value)}
    return flat
