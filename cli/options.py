"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from pwdismec.weighting import PRESETS, PropensityParameters, preset

Function = TypeVar("Function", bound=Callable[..., Any])

PATH = click.Path(path_type=Path)


def _jobs(ctx: click.Context, param: click.Parameter, value: int) -> int:
    if value < 1 and value != -1:
        raise click.BadParameter(f"{value}; expected a number of threads, or -1 for every core")
    return value


jobs = click.option(
    "--jobs",
    type=int,
    default=-1,
    show_default=True,
    callback=_jobs,
    metavar="N",
    help="Threads; -1 for every core.",
)

one_based = click.option("--one-based", is_flag=True, help="Ids in the file start at one.")


def propensity(function: Function) -> Function:
    """--propensity, --propensity-a and --propensity-b, for `propensity_parameters`."""
    default = PRESETS["default"]
    options = [
        click.option(
            "--propensity",
            "preset_name",
            metavar="PRESET",
            help=f"A and B of a data set: {', '.join(PRESETS)}.",
        ),
        click.option("--propensity-a", "a", type=float, help=f"A.  [default: {default.a}]"),
        click.option("--propensity-b", "b", type=float, help=f"B.  [default: {default.b}]"),
    ]
    for option in reversed(options):
        function = option(function)
    return function


def propensity_parameters(preset_name: str | None, a: float | None, b: float | None) -> PropensityParameters:
    """A and B as the options say, or the default."""
    if preset_name is not None and (a, b) != (None, None):
        raise click.UsageError("--propensity goes without --propensity-a and --propensity-b")
    chosen = preset(preset_name or "default")
    return PropensityParameters(chosen.a if a is None else a, chosen.b if b is None else b)
