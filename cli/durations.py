"""Times as people write them."""

from __future__ import annotations

import re

import click

_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}


def duration(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """An option's callback: the seconds of 90s, 55m, 1.5h or 2d."""
    if value is None:
        return None
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?([a-z]+)", value.strip(), re.IGNORECASE)
    unit = _SECONDS.get(found[2].lower()) if found else None
    if found is None or unit is None or float(found[1]) == 0:
        raise click.BadParameter(f"{value!r}; expected a time such as 90s, 55m or 2h")
    return float(found[1]) * unit
