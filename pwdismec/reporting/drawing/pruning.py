"""Accuracy against size."""

from __future__ import annotations

from matplotlib.figure import Figure

from pwdismec.reporting.content import Content
from pwdismec.reporting.drawing.style import drawn, legend_above, looks, panels


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
