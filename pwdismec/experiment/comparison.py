"""Several weightings side by side, and what they gain over vanilla."""

from __future__ import annotations

from collections.abc import Mapping

from pwdismec.metrics import Report, mean_relative_gain
from pwdismec.plain_text import aligned

BASELINE = "vanilla"
METRICS = ("P", "nDCG", "PSP", "PSnDCG")


def comparison(reports: Mapping[str, Report]) -> str:
    """The paper's metrics by weighting, then the gains over vanilla where it is among them."""
    first = next(iter(reports.values()))
    rows = [
        [name, *(f"{report.percent[name]:.2f}" for report in reports.values())]
        for name in (f"{metric}@{k}" for metric in METRICS for k in first.ks)
    ]
    table = aligned([["", *reports], *rows])
    gains = relative_gains(reports)
    if not gains:
        return table
    rows = [
        [metric, *("–" if gain[metric] is None else f"{gain[metric]:+.2f}" for gain in gains.values())]
        for metric in METRICS
    ]
    ks = ", ".join(map(str, first.ks))
    title = f"Mean relative gain over {BASELINE}, % (Eq. 30; the mean over k = {ks})"
    return f"{table}\n\n{title}\n{aligned([['', *gains], *rows])}"


def relative_gains(reports: Mapping[str, Report]) -> dict[str, dict[str, float | None]]:
    """For each weighting but vanilla, each metric's mean relative gain; None where vanilla has 0."""
    if BASELINE not in reports:
        return {}
    return {
        name: {metric: _gain(report, reports[BASELINE], metric) for metric in METRICS}
        for name, report in reports.items()
        if name != BASELINE
    }


def _gain(report: Report, baseline: Report, metric: str) -> float | None:
    values, theirs = ([r.percent[f"{metric}@{k}"] for k in r.ks] for r in (report, baseline))
    return mean_relative_gain(values, theirs) if min(theirs) > 0 else None
