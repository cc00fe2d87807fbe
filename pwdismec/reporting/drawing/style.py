"""One look for all plots: Okabe and Ito's colours, which the colour-blind can tell apart, and a mark each."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal, NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

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


class Look(NamedTuple):
    """How a method is drawn everywhere."""

    colour: str
    mark: str


def looks(are_baselines: Iterable[bool]) -> list[Look]:
    """A look for each method: grey for the baseline, colours for the others."""
    others = iter(map(Look, _COLOURS, _MARKS))
    return [Look(GREY, "o") if is_baseline else next(others) for is_baseline in are_baselines]


def panels(number: int, height: float = 3.2) -> tuple[Figure, Sequence[Axes]]:
    """A figure with panels side by side."""
    figure = Figure(figsize=(10.0, height), layout="constrained")
    return figure, figure.subplots(1, number, squeeze=False)[0]


def legend_above(figure: Figure, axes: Axes) -> None:
    """One legend for all panels, with what is named in `axes`."""
    handles, names = axes.get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper left", ncols=len(names))


def thousands(axis: Axis) -> None:
    """Whole numbers, with commas."""
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
