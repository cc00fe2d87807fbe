"""The plots of a report, in order."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from matplotlib.figure import Figure

from pwdismec.reporting.content import Content
from pwdismec.reporting.drawing.accuracy import draw_metrics, draw_pruning
from pwdismec.reporting.drawing.by_frequency import draw_frequency, draw_parts, draw_tail
from pwdismec.reporting.drawing.distributions import draw_certificates, draw_weights
from pwdismec.reporting.drawing.gain_bars import draw_gains
from pwdismec.reporting.drawing.style import as_bytes, style


class Drawn(NamedTuple):
    """A plot as the content of two files."""

    svg: bytes
    png: bytes


PLOTS: dict[str, Callable[[Content], Figure]] = {
    "gains": draw_gains,
    "metrics": draw_metrics,
    "parts": draw_parts,
    "tail": draw_tail,
    "frequency": draw_frequency,
    "certificates": draw_certificates,
    "weights": draw_weights,
    "pruning": draw_pruning,
}


def draw_all(content: Content) -> dict[str, Drawn]:
    """Every plot by its name; without anything to compare with, all but the gains."""
    drawn = {}
    with style():
        for name, draw in PLOTS.items():
            if name == "gains" and not content.gains:
                continue
            figure = draw(content)
            drawn[name] = Drawn(as_bytes(figure, "svg"), as_bytes(figure, "png"))
    return drawn
