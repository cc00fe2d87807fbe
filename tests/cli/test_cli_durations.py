"""Times as people write them."""

from types import SimpleNamespace

import click
import pytest

from pwdismec.cli.durations import duration
from pwdismec.cli.train import _time

PARAMETER = click.Option(["--time"])


def read(text):
    return duration(click.Context(click.Command("a")), PARAMETER, text)


@pytest.mark.parametrize(
    "text, seconds",
    [
        ("1s", 1),
        ("90s", 90),
        ("0.3s", 0.3),
        ("1m", 60),
        ("55 min", 55 * 60),
        ("1h", 3600),
        ("1.5H", 5400),
        ("1d", 86_400),
        (" 2d ", 172_800),
        (None, None),
    ],
)
def test_a_time_is_so_many_seconds(text, seconds):
    assert read(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "5", "h", "0s", "0.0h", "-1h", "1w", "1h30m", "soon", "1e3s", ".5h", "1.h"]
)
def test_what_is_no_time_is_refused(text):
    with pytest.raises(click.BadParameter, match="expected a time such as 90s, 55m or 2h"):
        read(text)


def test_time_a_label_is_that_of_labels_trained_here():
    resumed = SimpleNamespace(labels_done=300, labels_resumed=100)
    assert _time(1.0, [resumed]) == "1.0 s, 5.00 ms a label"
    assert _time(1.0, [SimpleNamespace(labels_done=100, labels_resumed=100)]) == "1.0 s"
