"""Values of options as people write them."""

from types import SimpleNamespace

import click
import pytest

from pwdismec.cli.train import _time
from pwdismec.cli.values import duration, number_range, numbers, percents, size


def read(kind, text):
    return kind(click.Context(click.Command("a")), click.Option(["--a"]), text)


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
        ("04:00:00", 14_400),
        ("0:01:30", 90),
        ("1-00:00:00", 86_400),
        ("2-03:04:05", 2 * 86_400 + 3 * 3600 + 4 * 60 + 5),
        (None, None),
    ],
)
def test_a_time_is_so_many_seconds(text, seconds):
    assert read(duration, text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        *("", "5", "h", "0s", "0.0h", "-1h", "1w", "1h30m", "soon", "1e3s", ".5h", "1.h"),
        *("00:00:00", "04:00", "04:60:00", "04:00:60", "1-0", "1-1-00:00:00", f"{'9' * 5000}:00:00"),
    ],
)
def test_what_is_no_time_is_refused(text):
    with pytest.raises(click.BadParameter, match="expected a time such as 90s, 15m, 2h, 04:00:00"):
        read(duration, text)


@pytest.mark.parametrize(
    "text, n_bytes",
    [
        ("4G", 4 * 10**9),
        ("4GB", 4 * 10**9),
        ("4GiB", 4 * 2**30),
        ("4gib", 4 * 2**30),
        ("500M", 500 * 10**6),
        ("1.5 k", 1500),
        ("0.1TiB", 2**40 // 10),
        (None, None),
    ],
)
def test_a_size_is_so_many_bytes(text, n_bytes):
    assert read(size, text) == n_bytes


@pytest.mark.parametrize("text", ["", "4", "G", "-4G", "4Gi", "4X", "4e9", "4 G B"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(click.BadParameter, match="expected a size such as 500M, 4GB or 4GiB"):
        read(size, text)


def test_shares_lists_and_ranges():
    assert read(percents, "0.5 %") == 0.005
    assert read(numbers, "0.1,1,10") == (0.1, 1, 10)
    assert [read(number_range, text) for text in ("1-3", "2", "0")] == [(1, 3), (2, 2), None]


def test_time_per_label_is_that_of_labels_trained_here():
    resumed = SimpleNamespace(labels_done=300, labels_resumed=100)
    assert _time(1.0, [resumed]) == "1.0 s, 5.00 ms per label"
    assert _time(1.0, [SimpleNamespace(labels_done=100, labels_resumed=100)]) == "1.0 s"
