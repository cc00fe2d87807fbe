"""Sizes in bytes as people write them."""

from __future__ import annotations

import re
from fractions import Fraction

import click

_UNITS = {
    f"{prefix}{form}b": base**power
    for power, prefix in enumerate("kmgt", start=1)
    for form, base in (("", 1000), ("i", 1024))
}


def size(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """An option's callback: the bytes of 800MB (of 10⁶ bytes) or 2GiB (of 2³⁰)."""
    if value is None:
        return None
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?([a-z]+)", value.strip(), re.IGNORECASE)
    unit = _UNITS.get(found[2].lower()) if found else None
    if found is None or unit is None:
        raise click.BadParameter(f"{value!r}; expected a size such as 800MB, 4GB or 2GiB")
    return int(Fraction(found[1]) * unit)
