"""What a plot shows stays legible whatever it is of."""

import numpy as np
import pytest

from pwdismec.reporting.drawing.style import (
    as_bytes,
    legend_above,
    looks,
    panels,
    slanted,
    spreads,
    style,
    thousands,
)


@pytest.mark.parametrize("length", [2, 30, 60])
def test_a_legend_stays_on_the_figure(length):
    with style():
        figure, (axes, _) = panels(2)
        for look in looks([True] + [False] * 7):
            axes.plot([0, 1], [0, 1], look.mark, color=look.colour, label="m" * length)
        legend_above(figure, axes)
        as_bytes(figure, "png")
    (legend,) = figure.legends
    extent = legend.get_window_extent()
    assert extent.x0 >= 0 and extent.x1 <= figure.bbox.width
    assert extent.y0 >= axes.get_window_extent().y1
    assert axes.get_window_extent().height > 1.5 * figure.dpi


@pytest.mark.parametrize(
    "low, high, shown",
    [(27, 689, ["50", "100", "200", "500"]), (1, 15_000, ["1", "10", "100", "1,000", "10,000"])],
)
def test_a_logarithmic_axis_has_whole_numbers(low, high, shown):
    with style():
        figure, (axes,) = panels(1)
        axes.loglog(np.array([low, high]), np.array([low, high]))
        thousands(axes.xaxis)
        figure.draw_without_rendering()
        names = [tick.label1.get_text() for tick in axes.xaxis.get_major_ticks()]
        first, last = axes.get_xlim()
        places = axes.xaxis.get_majorticklocs()
    assert [name for name, place in zip(names, places, strict=True) if first <= place <= last] == shown
    assert not any(name.get_text() for name in axes.xaxis.get_ticklabels(minor=True))


def test_long_names_of_places_do_not_overlap():
    with style():
        figure, (axes,) = panels(1)
        axes.plot(range(6), range(6))
        axes.set_xticks(range(6), ["a name of some length"] * 6)
        slanted(axes)
        figure.draw_without_rendering()
        boxes = [name.get_window_extent() for name in axes.get_xticklabels()]
    assert {name.get_rotation() for name in axes.get_xticklabels()} == {35}
    assert all(box.height > 2 * axes.get_xticklabels()[0].get_fontsize() for box in boxes)


@pytest.mark.parametrize(
    "values, expected",
    [
        ([[1.0, 9.9]], False),
        ([[2.0], [20.0]], False),
        ([[2.0], [20.1]], True),
        ([[0.0, -5.0]], False),
        ([[]], False),
    ],
)
def test_numbers_over_more_than_a_power_of_ten_spread(values, expected):
    assert spreads([np.array(some) for some in values]) is expected
