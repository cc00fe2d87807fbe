"""Whether weighting helped: the relative gains with their margins."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pwdismec.experiment.comparison import METRICS
from pwdismec.reporting.content import Content
from pwdismec.reporting.drawing.style import Look, drawn, legend_above, looks, panels
from pwdismec.reporting.gain_margins import Gain

_STEP = 0.18


def draw_gains(content: Content) -> Figure:
    """A line for each metric, a point with its 95 % interval for each method; right of 0 is better."""
    methods, baseline = content.comparison.methods, content.comparison.baseline
    others = [name for name in content.gains if any(content.gains[name].values())]
    look = dict(zip((m.name for m in methods), looks(m is baseline for m in methods), strict=True))
    figure, (axes,) = panels(1, 1.2 + len(METRICS) * (0.25 + _STEP * len(others)))
    axes.axvline(0, color="black", lw=1)
    for number, name in enumerate(others):
        way = look[name]
        axes.plot([], [], way.mark, color=way.colour, ms=8, label=drawn(name))
        shift = (number - (len(others) - 1) / 2) * 0.7 / len(others)
        for place, metric in enumerate(METRICS):
            if (gain := content.gains[name][metric]) is not None:
                _draw_gain(axes, gain, place + shift, way)
    axes.set_yticks(range(len(METRICS)), [f"{m}: {_ABOUT[m]}" for m in METRICS])
    axes.set_ylim(len(METRICS) - 0.5, -0.5)
    axes.margins(x=0.15)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(
        f"mean relative gain over {drawn(baseline.name) if baseline else ''}, %  (left worse, right better)"
    )
    legend_above(figure, axes)
    return figure


def _draw_gain(axes: Axes, gain: Gain, y: float, way: Look) -> None:
    axes.errorbar(gain.value, y, xerr=gain.margin, fmt=way.mark, color=way.colour, capsize=4, ms=8, lw=2)
    axes.annotate(
        f"{gain.value:+.1f} %".replace("-", "−"),
        (gain.value + gain.margin, y),
        (7, 0),
        textcoords="offset points",
        va="center",
        color=way.colour,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
    )


_ABOUT = {"P": "all labels", "nDCG": "all, ranked", "PSP": "rare count more", "PSnDCG": "rare, ranked"}
