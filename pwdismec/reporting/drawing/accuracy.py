"""The metrics side by side, and accuracy against size."""

from __future__ import annotations

from matplotlib.figure import Figure

from pwdismec.experiment.comparison import METRICS
from pwdismec.reporting.content import Content
from pwdismec.reporting.drawing.style import drawn, grouped_bars, legend_above, looks, panels


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


def draw_pruning(content: Content) -> Figure:
    """P and PSP at the first and the last k, of models with ever fewer weights."""
    methods, ks = content.comparison.methods, content.comparison.ks
    look = looks(method is content.comparison.baseline for method in methods)
    shown = [f"{metric}@{k}" for metric in ("P", "PSP") for k in dict.fromkeys((ks[0], ks[-1]))]
    figure, line = panels(len(shown))
    for axes, metric in zip(line, shown, strict=True):
        for method, way, points in zip(methods, look, content.pruning, strict=True):
            x, y = [p.weights for p in points], [p.report.percent[metric] for p in points]
            axes.plot(x, y, color=way.colour, marker=way.mark, ms=5, label=drawn(method.name))
            axes.plot(x[0], y[0], color=way.colour, marker=way.mark, ms=10, mfc="white", mew=2)
        axes.set_xscale("log")
        axes.set_title(metric)
        axes.set_xlabel("weights a label")
    line[0].set_ylabel("percent")
    legend_above(figure, line[0])
    return figure
