"""Distributions over the labels of each model, as shares at most x."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pwdismec.reporting.content import Content
from pwdismec.reporting.curves import cumulative
from pwdismec.reporting.drawing.style import drawn, legend_above, looks, panels, slanted, spreads, thousands
from pwdismec.reporting.label_facts import LabelFacts


def draw_certificates(content: Content) -> Figure:
    """The certified gaps, and the epochs that they took."""
    figure, (left, right) = panels(2)
    _draw(left, content, [facts.gap for facts in content.facts])
    left.set_title("Gap, certified or of a sample")
    left.set_xlabel("relative duality gap of a label")
    left.set_xscale("log")
    for tolerance in sorted({f.tolerance for f in content.facts if f.tolerance is not None}):
        left.axvline(tolerance, color="black", ls=":", label=f"promised, {tolerance:g}")
    _draw(right, content, [facts.epochs for facts in content.facts])
    right.set_title("Epochs")
    right.set_xlabel("the solver's passes over the data for a label")
    legend_above(figure, left)
    return figure


def draw_weights(content: Content) -> Figure:
    """The stored weights a label, and how they grow with its frequency."""
    figure, (left, right) = panels(2, 3.6)
    weights = [facts.weights for facts in content.facts]
    _draw(left, content, weights)
    left.set_title("Weights a label")
    left.set_xlabel("stored weights of a label")
    medians = [_medians(content, facts) for facts in content.facts]
    look = looks(method is content.comparison.baseline for method in content.comparison.methods)
    for line, way in zip(medians, look, strict=True):
        right.plot(content.classes.names, line, color=way.colour, marker=way.mark)
    right.set_title("Median by frequency")
    right.set_ylabel("stored weights of a label")
    right.set_xlabel("training positives of the label")
    slanted(right)
    if spreads(weights):
        left.set_xscale("log")
    thousands(left.xaxis)
    if spreads(medians):
        right.set_yscale("log")
    thousands(right.yaxis)
    legend_above(figure, left)
    return figure


def _medians(content: Content, facts: LabelFacts) -> NDArray[np.float64]:
    """The median number of weights by class of frequency; NaN where no label of it is trained."""
    of = content.classes.of[facts.label_ids]
    classes = [facts.weights[of == number] for number in range(len(content.classes.names))]
    return np.array([np.median(own) if len(own) else np.nan for own in classes])


def _draw(axes: Axes, content: Content, values: Sequence[NDArray[np.generic]]) -> None:
    methods = content.comparison.methods
    look = looks(method is content.comparison.baseline for method in methods)
    for method, own, way in zip(methods, values, look, strict=True):
        line = cumulative(own)
        axes.step(line.x, line.y, where="post", color=way.colour, lw=2, label=drawn(method.name))
    axes.set_ylim(0, 102)
    axes.set_ylabel("percent of the labels at most")
