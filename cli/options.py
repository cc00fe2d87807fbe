"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, TypeVar, cast, get_type_hints

import click

from pwdismec.bounds import settings_of, thread_count
from pwdismec.cluster import Part
from pwdismec.data.formats.layouts import FORMATS
from pwdismec.parallel import BACKENDS, THREADS, Backend
from pwdismec.parallel.backends import DASK, LOKY
from pwdismec.quoting import shown
from pwdismec.training import TrainingConfig
from pwdismec.weighting import PRESETS, PropensityParameters, preset
from pwdismec.weighting.propensity import checked_parameters

from .command import OUTPUT
from .messages import warn
from .values import duration, numbers, size

Function = TypeVar("Function", bound=Callable[..., Any])


class Whole(click.types.IntParamType):
    """A whole number of so many bits; what it may be besides, the library says."""

    def __init__(self, bits: int) -> None:
        self._bits = bits

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        number: int = super().convert(value, param, ctx)
        if abs(number) >= 2**self._bits:
            self.fail(f"{shown(number)}; expected a number below 2^{self._bits}", param, ctx)
        return number


WHOLE = Whole(31)

DEFAULT_PROPENSITY = PRESETS["default"]


def _jobs(ctx: click.Context, param: click.Parameter, value: int) -> int:
    if value < 1 and value != -1:
        raise click.BadParameter(f"{value}; expected a number of threads, or -1 for every core")
    return value


jobs = click.option(
    "--jobs",
    type=WHOLE,
    default=-1,
    show_default=True,
    callback=_jobs,
    metavar="N",
    help="Threads (with loky: per worker; with dask: per task); -1 for all cores.",
)

overwrite = click.option(
    "--overwrite", is_flag=True, help="Replace an existing output, once the new one is complete."
)

json_file = click.option(
    "--json",
    "json_file",
    type=OUTPUT,
    metavar="[FILE]",
    help="Print the result as JSON, or also write it to FILE (.json, or --json=FILE).",
)

deadline = click.option(
    "--deadline",
    callback=duration,
    metavar="TIME",
    help="Start nothing new after TIME, e.g. 55m or 04:00:00, and exit with code 75.",
)


def memory(effect: str) -> Callable[[Function], Function]:
    """--memory, and what a command does to keep to it."""
    return click.option("--memory", callback=size, metavar="SIZE", help=f"Memory limit, e.g. 4GB; {effect}.")


def one_based(function: Function) -> Function:
    """--one-based and --one-based-features; they give ``one_based`` as `open_source` takes it."""

    @wraps(function)
    def with_one_based(*args: Any, one_based: bool, one_based_features: bool, **others: Any) -> Any:
        if one_based and one_based_features:
            raise click.UsageError("--one-based and --one-based-features exclude each other")
        return function(*args, one_based="features" if one_based_features else one_based, **others)

    for option in (
        click.option(
            "--one-based-features",
            is_flag=True,
            help="Feature ids in files start at 1, label ids at 0.",
        ),
        click.option("--one-based", is_flag=True, help="Ids in files start at 1."),
    ):
        with_one_based = option(with_one_based)
    return cast(Function, with_one_based)


def format_of(what: str) -> Callable[[Function], Function]:
    """--format: how input is written."""
    return click.option(
        "--format",
        type=click.Choice(FORMATS),
        default="auto",
        show_default=True,
        help=f"Format of {what}; auto detects it from names and first lines.",
    )


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
            help="Where to work: threads of this process, loky's processes, or dask's workers.",
        ),
        click.option(
            "--workers", type=WHOLE, metavar="N", help="Processes of loky.  [default: one per core]"
        ),
        click.option("--scheduler", metavar="ADDRESS", help="Dask's scheduler, e.g. tcp://host:8786."),
    ]

    @wraps(function)
    def with_backend(
        *args: Any, backend_name: str, workers: int | None, scheduler: str | None, **others: Any
    ) -> Any:
        if workers is not None and backend_name != LOKY:
            raise click.UsageError(f"--workers requires --backend {LOKY}")
        if (scheduler is not None) != (backend_name == DASK):
            raise click.UsageError(f"--scheduler and --backend {DASK} require each other")
        if backend_name == LOKY:
            _warn_if_crowded(workers, others.get("jobs", -1))
        return function(*args, backend=Backend(backend_name, workers, scheduler), **others)

    for option in reversed(options):
        with_backend = option(with_backend)
    return cast(Function, with_backend)


def _warn_if_crowded(workers: int | None, jobs: int) -> None:
    cores = thread_count(-1)
    workers, threads = workers or cores, max(jobs, 1)
    if workers * threads > cores:
        warn(f"{workers} workers of {threads} threads each are more than the {cores} cores available")


def setting(kind: type, name: str) -> Callable[[Function], Function]:
    """An option for a setting of a dataclass: its default and help, named as its field."""
    about, default = settings_of(kind)[name], getattr(kind, name)
    whole = get_type_hints(kind)[name] in (int, int | None)
    return click.option(
        f"--{name.replace('_', '-')}",
        name,
        type=click.Choice(about.choices) if about.choices else Whole(63) if whole else _Real(about.words),
        default=default,
        show_default=True,
        metavar=None if about.choices else "|".join(["N" if whole else "NUMBER", *about.words]),
        help=about.help,
    )


class _Real(click.types.FloatParamType):
    """A number, or a word that stands for one."""

    def __init__(self, words: Mapping[str, float]) -> None:
        self._words = words

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, str) and value in self._words:
            return self._words[value]
        try:
            return float(super().convert(value, param, ctx))
        except click.BadParameter:
            expected = " or ".join(["a number", *self._words])
            self.fail(f"{shown(value)}; expected {expected}", param, ctx)


def training(*, without: Sequence[str] = ()) -> Callable[[Function], Function]:
    """An option for every setting of `TrainingConfig` but the weighting and those left out."""

    def with_settings(function: Function) -> Function:
        for name in reversed(settings_of(TrainingConfig)):
            if name not in without:
                function = setting(TrainingConfig, name)(function)
        return function

    return with_settings


def _propensity(ctx: click.Context, param: click.Parameter, value: str | None) -> PropensityParameters | None:
    if value is None:
        return None
    if "," not in value:
        return preset(value)
    parameters = numbers(ctx, param, value) or ()
    if len(parameters) != 2:
        raise click.BadParameter(f"{value!r}; expected A,B such as 0.55,1.5, or a data set's name")
    return checked_parameters(*parameters)


propensity = click.option(
    "--propensity",
    callback=_propensity,
    metavar="NAME|A,B",
    help="Propensity model: a data set's name, such as amazon-670k, or A and B, such as 0.55,1.5.  "
    f"[default: {DEFAULT_PROPENSITY.a},{DEFAULT_PROPENSITY.b}]",
)

probabilities = click.option(
    "--probabilities",
    is_flag=True,
    help="Give probabilities instead of scores; the labels are still those of the best scores.",
)

sets = click.option(
    "--sets",
    metavar="RULE",
    help="Only labels above their thresholds: micro-f1, macro-f1, scutfbr, or e.g. precision=0.9.",
)
