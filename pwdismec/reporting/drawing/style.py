"""One look for all plots: Okabe and Ito's colours, which the colour-blind can tell apart, and a mark each."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal, NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from numpy.typing import ArrayLike, NDArray

from pwdismec.quoting import shown_name

GREY: Final = "#999999"
_COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_MARKS: Final = "sD^vP*X"

_SETTINGS: Final[Any] = {
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "svg.hashsalt": "pwdismec",  # else ids are random
}
_WITHOUT_DATE: Final[dict[str, dict[str, Any]]] = {
    "svg": {"Date": None, "Creator": None},
    "png": {"Software": None},
}
_PIXELS_AN_INCH: Final = 150
_MOST_CHARACTERS: Final = 80  # of a name
_LINE: Final = 0.22  # of a legend, in inches


class Look(NamedTuple):
    """How a method is drawn everywhere."""

    colour: str
    mark: str


def looks(are_baselines: Iterable[bool]) -> list[Look]:
    """A look for each method: grey for the baseline, colours for the others."""
    others = iter(map(Look, _COLOURS, _MARKS))
    return [Look(GREY, "o") if is_baseline else next(others) for is_baseline in are_baselines]


def drawn(name: str) -> str:
    """A name in a plot, as it is: matplotlib would set what is between two $, and leave out _names."""
    return ("\N{THIN SPACE}" * name.startswith("_") + shown_name(name, _MOST_CHARACTERS)).replace("$", r"\$")


def panels(number: int, height: float = 3.2) -> tuple[Figure, Sequence[Axes]]:
    """A figure with panels side by side."""
    figure = Figure(figsize=(10.0, height), layout="constrained")
    return figure, figure.subplots(1, number, squeeze=False)[0]


def legend_above(figure: Figure, axes: Axes) -> None:
    """One legend for all panels, with what is named in `axes`, in as many lines as it takes."""
    handles, names = axes.get_legend_handles_labels()
    for columns in range(len(names), 0, -1):
        legend = figure.legend(handles, names, loc="outside upper left", ncols=columns)
        if columns == 1 or legend.get_window_extent().width <= figure.bbox.width:
            break
        legend.remove()
    if names:
        figure.set_figheight(figure.get_figheight() + _LINE * (math.ceil(len(names) / columns) - 1))


def thousands(axis: Axis) -> None:
    """Whole numbers, with commas; between powers of ten too where a logarithmic axis has but a few."""
    if axis.get_scale() == "log":
        low, high = axis.get_view_interval()
        axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 100 * low else (1,)))
        axis.set_minor_formatter(NullFormatter())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def spreads(values: Sequence[NDArray[np.generic]]) -> bool:
    """Whether positive numbers go over more than a power of ten, and so belong on a logarithmic scale."""
    numbers = np.concatenate([np.asarray(some, np.float64) for some in values])
    positive = numbers[numbers > 0]
    return len(positive) > 0 and bool(positive.max() > 10 * positive.min())


def slanted(axes: Axes) -> None:
    """Long names of places, so that they do not overlap."""
    axes.tick_params(axis="x", rotation=35)
    for name in axes.get_xticklabels():
        name.set(ha="right", rotation_mode="anchor")


def style() -> Any:
    """While this is held, figures are made and written in the style."""
    return matplotlib.rc_context(_SETTINGS)


def as_bytes(figure: Figure, format: Literal["svg", "png"]) -> bytes:
    """The figure as a file's content: the same bytes for the same figure."""
    out = io.BytesIO()
    figure.savefig(out, format=format, dpi=_PIXELS_AN_INCH, metadata=_WITHOUT_DATE[format])
    return out.getvalue()


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
