"""The metrics side by side."""

from __future__ import annotations

from matplotlib.figure import Figure

from pwdismec.experiment.comparison import METRICS
from pwdismec.reporting.content import Content
from pwdismec.reporting.drawing.bars import grouped_bars
from pwdismec.reporting.drawing.style import drawn, legend_above, looks, panels


def draw_metrics(content: Content) -> Figure:
    """A panel for each metric, a group of bars for each k."""
    methods, ks = content.comparison.methods, content.comparison.ks
    look = looks(method is content.comparison.baseline for method in methods)
    figure, line = panels(len(METRICS))
    for axes, metric in zip(line, METRICS, strict=True):
        heights = [[method.report.percent[f"{metric}@{k}"] for k in ks] for method in methods]
        grouped_bars(axes, [f"@{k}" for k in ks], heights, [drawn(method.name) for method in methods], look)
        axes.set_title(metric)
    line[0].set_ylabel("percent")
    legend_above(figure, line[0])
    return figure
