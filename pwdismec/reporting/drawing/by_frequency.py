"""How frequent labels are, as in the paper's Figure 1, and which labels the hits are of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pwdismec.reporting.content import Content
from pwdismec.reporting.curves import rank_frequency
from pwdismec.reporting.drawing.style import (
    GREY,
    Look,
    drawn,
    grouped_bars,
    legend_above,
    looks,
    panels,
    slanted,
    thousands,
)

_BLUE = "#0072B2"


def draw_frequency(content: Content) -> Figure:
    """Frequency by rank on logarithmic scales, and the number of labels in each class."""
    figure, (left, right) = panels(2, 3.6)
    train = content.comparison.train
    line = rank_frequency(train.label_counts)
    left.loglog(line.x, line.y, color=_BLUE, lw=2.5)
    left.set_title("Frequency by rank")
    left.set_xlabel("rank of the label, most frequent first")
    left.set_ylabel("training positives")
    thousands(left.xaxis)
    thousands(left.yaxis)
    grouped_bars(right, content.classes.names, [content.classes.n_labels], ["labels"], [Look(_BLUE, "o")])
    for place, number in enumerate(content.classes.n_labels):
        share = 100 * number / train.n_labels
        text = f"{share:.0f}" if share >= 1 or not number else f"{share:.1g}"
        right.annotate(text, (place, number), (0, 3), textcoords="offset points", ha="center", size=8)
    right.set_title("Labels by class; above the bars, percent of all")
    right.set_ylabel("labels")
    right.set_xlabel("training positives of the label")
    slanted(right)
    right.margins(y=0.1)
    thousands(right.yaxis)
    right.grid(color=GREY, alpha=0.3, axis="y")
    return figure


class _Panel(NamedTuple):
    title: str
    unit: str
    values: Sequence[NDArray[np.float64]]


def draw_parts(content: Content) -> Figure:
    """P and PSP at the first k, cut into what each class of labels adds."""
    k = content.comparison.ks[0]
    return _draw(
        content,
        _Panel(f"P@{k}: what each class adds", "points", [part.precision for part in content.first]),
        _Panel(f"PSP@{k}: what each class adds", "points", [part.psp for part in content.first]),
    )


def draw_tail(content: Content) -> Figure:
    """How much of each class is found at the last k."""
    k = content.comparison.ks[-1]
    return _draw(
        content,
        _Panel(f"recall@{k} of each class", "percent", [part.recall for part in content.last]),
        _Panel(f"coverage@{k} of each class", "percent", [part.coverage for part in content.last]),
    )


def _draw(content: Content, *shown: _Panel) -> Figure:
    methods = content.comparison.methods
    look = looks(method is content.comparison.baseline for method in methods)
    figure, line = panels(len(shown), 3.8)
    for axes, panel in zip(line, shown, strict=True):
        grouped_bars(
            axes, content.classes.names, panel.values, [drawn(method.name) for method in methods], look
        )
        slanted(axes)
        axes.set_title(panel.title)
        axes.set_ylabel(panel.unit)
        axes.set_xlabel("training positives of the label (rare ← → frequent)")
    legend_above(figure, line[0])
    return figure
