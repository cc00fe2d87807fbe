"""Which labels the hits are of, by class of training frequency."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pwdismec.reporting.content import Content
from pwdismec.reporting.drawing.bars import grouped_bars
from pwdismec.reporting.drawing.style import drawn, legend_above, looks, panels, slanted


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
