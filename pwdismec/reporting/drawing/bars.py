"""Bars of several methods side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from pwdismec.reporting.drawing.style import Look


def grouped_bars(
    axes: Axes,
    places: Sequence[str],
    heights: Sequence[ArrayLike],
    names: Sequence[str],
    looks: Sequence[Look],
) -> None:
    """A group of bars at each place, a bar for each method; `heights` has one array for each method."""
    width = 0.8 / len(names)
    x = np.arange(len(places))
    for number, (values, name, look) in enumerate(zip(heights, names, looks, strict=True)):
        shift = (number - (len(names) - 1) / 2) * width
        axes.bar(x + shift, np.asarray(values, np.float64), width, color=look.colour, label=name)
    axes.set_xticks(x, places)
    axes.grid(visible=False, axis="x")
