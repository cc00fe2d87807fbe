"""Values of options as people write them: sizes, times, shares, lists."""

from __future__ import annotations

import re
from fractions import Fraction

import click

_BYTES = {
    f"{prefix}{form}": base**power
    for power, prefix in enumerate("kmgt", start=1)
    for form, base in (("", 1000), ("b", 1000), ("ib", 1024))
}
_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([a-z]+)", re.IGNORECASE)
_CLOCK = re.compile(r"(?:([0-9]{1,9})-)?([0-9]{1,9}):([0-5][0-9]):([0-5][0-9])")  # as Slurm writes it


def size(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """An option's callback: the bytes of 4G or 4GB (of 10⁹ bytes) or 4GiB (of 2³⁰)."""
    if value is None:
        return None
    found = _QUANTITY.fullmatch(value.strip())
    unit = _BYTES.get(found[2].lower()) if found else None
    if found is None or unit is None:
        raise click.BadParameter(f"{value!r}; expected a size such as 500M, 4GB or 4GiB")
    return int(Fraction(found[1]) * unit)


def duration(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """An option's callback: the seconds of 90s, 15m, 1.5h, 2d, or of Slurm's 04:00:00 and 1-00:00:00."""
    if value is None:
        return None
    seconds = _seconds(value.strip())
    if not seconds:
        raise click.BadParameter(f"{value!r}; expected a time such as 90s, 15m, 2h, 04:00:00 or 1-00:00:00")
    return seconds


def _seconds(text: str) -> float | None:
    if found := _QUANTITY.fullmatch(text):
        unit = _SECONDS.get(found[2].lower())
        return None if unit is None else float(found[1]) * unit
    if found := _CLOCK.fullmatch(text):
        days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
        return float(86400 * days + 3600 * hours + 60 * minutes + seconds)
    return None


def percents(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """An option's callback: the share that 1% is."""
    if value is None:
        return None
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?%", value.strip())
    if found is None:
        raise click.BadParameter(f"{value!r}; expected a percentage such as 1% or 0.5%")
    return float(found[1]) / 100


def numbers(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[float, ...] | None:
    """An option's callback: the numbers of 0.1,1,10."""
    try:
        return None if value is None else tuple(float(number) for number in value.split(","))
    except ValueError:
        raise click.BadParameter(f"{value!r}; expected numbers such as 0.1,1,10") from None


def number_range(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[int, int] | None:
    """An option's callback: the first and last of 1-3, or of 2 alone; None for 0."""
    if value is None or value == "0":
        return None
    first, _, last = value.partition("-")
    try:
        return int(first), int(last or first)
    except ValueError:
        raise click.BadParameter(f"{value!r}; expected a number or a range such as 1-2") from None
