"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from pwdismec.cluster import BACKENDS, THREADS, Backend, Part
from pwdismec.training import TrainingConfig
from pwdismec.training.config import SOLVERS
from pwdismec.weighting import PRESETS, PropensityParameters, preset

from .durations import duration
from .progress import remember

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
    help="Threads (of each worker, for loky; of each task, for dask); -1 for every core.",
)

deadline = click.option(
    "--deadline",
    callback=duration,
    metavar="TIME",
    help="Begin nothing new after that long, such as 55m, drop what runs 20 s later, and exit with code 75.",
)

one_based = click.option("--one-based", is_flag=True, help="Ids in the file start at one.")


def _part(ctx: click.Context, param: click.Parameter, value: str | None) -> Part | None:
    return None if value is None else Part.parse(value)


def part(name: str, text: str) -> Callable[[Function], Function]:
    """An option that names a part of the work."""
    return click.option(name, callback=_part, metavar="PART", help=text)


def backend(function: Function) -> Function:
    """--backend, --workers and --scheduler; they give a `Backend`, as ``backend``."""
    options = [
        click.option(
            "--backend",
            "backend_name",
            type=click.Choice(BACKENDS),
            default=THREADS,
            show_default=True,
            help="Where: in threads of this process, in loky's processes, or on dask's workers.",
        ),
        click.option(
            "--workers", type=int, metavar="N", help="Processes, for loky.  [default: one for each core]"
        ),
        click.option("--scheduler", metavar="ADDRESS", help="Of dask's scheduler, such as tcp://host:8786."),
    ]

    @wraps(function)
    def with_backend(
        *args: Any, backend_name: str, workers: int | None, scheduler: str | None, **others: Any
    ) -> Any:
        return function(*args, backend=Backend(backend_name, workers, scheduler), **others)

    for option in reversed(options):
        with_backend = option(with_backend)
    return cast(Function, with_backend)


def logs(function: Function) -> Function:
    """--quiet, --log and --log-json, which `cli.progress` takes; the command does not see them."""
    taken: dict[str, Any] = {"expose_value": False, "callback": remember}
    options = [
        click.option("-q", "--quiet", is_flag=True, help="Print nothing but results and errors.", **taken),
        click.option("--log", type=PATH, metavar="FILE", help="Log to FILE, too, behind its end.", **taken),
        click.option(
            "--log-json", is_flag=True, help="Log as JSON: to FILE, or else to standard error.", **taken
        ),
    ]
    for option in reversed(options):
        function = option(function)
    return function


def training(function: Function) -> Function:
    """What training and tuning are set by alike: bias, solver, tolerance, max_epochs, shard_size, seed."""
    default = TrainingConfig()
    options = [
        click.option("--bias", default=default.bias, show_default=True, help="Constant feature; 0 for none."),
        click.option("--solver", type=click.Choice(SOLVERS), default=default.solver, show_default=True),
        click.option(
            "--tolerance",
            default=default.tolerance,
            show_default=True,
            help="On each label's relative duality gap; for liblinear, its -e.",
        ),
        click.option(
            "--max-epochs",
            default=default.max_epochs,
            show_default=True,
            metavar="N",
            help="Passes over the data a label may take at the most.",
        ),
        click.option(
            "--shard-size",
            default=default.shard_size,
            show_default=True,
            metavar="N",
            help="Labels after which what is done is written.",
        ),
        click.option(
            "--seed",
            default=default.seed,
            show_default=True,
            metavar="N",
            help="Order in which instances are seen; with tune also which are held out.",
        ),
    ]
    for option in reversed(options):
        function = option(function)
    return function


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
    """A and B as the options say, or the settings, or the default."""
    if preset_name is not None:
        if any(is_given(name) for name in ("a", "b")):
            raise click.UsageError("--propensity goes without --propensity-a and --propensity-b")
        return preset(preset_name)
    default = PRESETS["default"]
    return PropensityParameters(default.a if a is None else a, default.b if b is None else b)


def is_given(name: str) -> bool:
    """Whether the user has set a parameter of the command under way."""
    source = click.get_current_context().get_parameter_source(name)
    return source is click.core.ParameterSource.COMMANDLINE
