"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from pwdismec.cluster import Part
from pwdismec.data.formats.layouts import FORMATS
from pwdismec.errors import OutputError
from pwdismec.outputs import check_all_apart
from pwdismec.parallel import BACKENDS, THREADS, Backend
from pwdismec.training import TrainingConfig
from pwdismec.training.config import SOLVERS
from pwdismec.weighting import PRESETS, PropensityParameters, preset

from .durations import duration
from .logs import check_is_log
from .progress import log_to, remember

Function = TypeVar("Function", bound=Callable[..., Any])


class InputPath(click.Path):
    """A file or folder that the command reads."""


class OutputPath(click.Path):
    """A file or folder that it writes."""


_READ = "pwdismec.read"
_FILE = "file:"  # before the name of a file of weights

# Whether it can be read, reading tells: click asks the disk, and takes one that fails for a user's mistake.
FOLDER = click.Path(path_type=Path, readable=False)  # one to look for files in, or to work in
INPUT = InputPath(path_type=Path, readable=False)
OUTPUT = OutputPath(path_type=Path, readable=False)


WHOLE = click.IntRange(max=2**31 - 1)
"""A whole number that fits wherever it is counted with; what it may be besides, the library says."""


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
    help="Threads (of each worker, for loky; of each task, for dask); -1 for every core.",
)

overwrite = click.option(
    "--overwrite", is_flag=True, help="Replace what is there already, once the new one is whole."
)

deadline = click.option(
    "--deadline",
    callback=duration,
    metavar="TIME",
    help="Begin nothing new after that long, such as 55m, drop what runs 20 s later, and exit with code 75.",
)


def one_based(function: Function) -> Function:
    """--one-based and --one-based-features; they give ``one_based`` as `open_source` takes it."""

    @wraps(function)
    def with_one_based(*args: Any, one_based: bool, one_based_features: bool, **others: Any) -> Any:
        if one_based and one_based_features:
            raise click.UsageError("--one-based goes without --one-based-features")
        return function(*args, one_based="features" if one_based_features else one_based, **others)

    for option in (
        click.option(
            "--one-based-features",
            is_flag=True,
            help="Only the features' ids start at one, the labels' at zero.",
        ),
        click.option("--one-based", is_flag=True, help="Ids in files start at one."),
    ):
        with_one_based = option(with_one_based)
    return cast(Function, with_one_based)


def format_of(what: str, name: str = "--format") -> Callable[[Function], Function]:
    """An option that says how input is written."""
    return click.option(
        name,
        type=click.Choice(FORMATS),
        default="auto",
        show_default=True,
        help=f"How {what} is written; auto tells by names and first lines.",
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
            help="Where: in threads of this process, in loky's processes, or on dask's workers.",
        ),
        click.option(
            "--workers", type=WHOLE, metavar="N", help="Processes, for loky.  [default: one for each core]"
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


Touched = Callable[[Mapping[str, Any]], tuple[Sequence[Path], Sequence[Path]]]
"""Gives what a command reads and writes besides its `INPUT` and `OUTPUT` parameters, by all parameters."""


def logs_besides(touched: Touched) -> Callable[[Function], Function]:
    """--quiet, --log and --log-json, which `cli.progress` takes; the command does not see them.

    Before it begins, what it writes, the log too, is seen to be apart from what it reads and from each other.
    """
    taken: dict[str, Any] = {"expose_value": False, "callback": remember}
    options = [
        click.option(
            "-q", "--quiet", is_flag=True, help="Print results, warnings and errors alone.", **taken
        ),
        click.option("--log", type=OUTPUT, metavar="FILE", help="Log to FILE, too, behind its end."),
        click.option(
            "--log-json", is_flag=True, help="Log as JSON: to FILE, or else to standard error.", **taken
        ),
    ]

    def decorate(function: Function) -> Function:
        @wraps(function)
        def with_logs(*args: Any, log: Path | None, **others: Any) -> Any:
            context = click.get_current_context()
            read, written = touched(context.params)
            read = [*read, *_paths(context, InputPath), *context.meta.get(_READ, ())]
            check_all_apart([*written, *_paths(context, OutputPath)], read)
            if log is not None:
                _check_is_no_part(log, [*written, *_paths(context, OutputPath)])
                check_is_log(log)
            log_to(log)
            return function(*args, **others)

        for option in reversed(options):
            with_logs = option(with_logs)
        return cast(Function, with_logs)

    return decorate


logs = logs_besides(lambda given: ((), ()))


def also_reads(context: click.Context, path: Path) -> None:
    """Tell, in the callback of an option that the command does not see, that it reads a file."""
    context.meta.setdefault(_READ, []).append(path)


def _check_is_no_part(log: Path, outputs: Sequence[Path]) -> None:
    """Refuse a log in the place of what is hidden beside an output while that is written."""
    for output in outputs:
        if log.name.startswith(f".{output.name}.") and log.parent.resolve() == output.parent.resolve():
            raise OutputError(f"{log}: has the name of a part of {output}; expected another name")


def _paths(context: click.Context, kind: type[click.Path]) -> list[Path]:
    """The values of the parameters of a kind; a file of weights is read as well."""
    paths = list[Path]()
    for parameter in context.command.params:
        value = context.params.get(str(parameter.name))
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(parameter.type, kind) and each is not None:
                paths.append(each)
            elif kind is InputPath and isinstance(each, str) and each.startswith(_FILE):
                paths.append(Path(each.removeprefix(_FILE)))
    return paths


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
            type=WHOLE,
            default=default.max_epochs,
            show_default=True,
            metavar="N",
            help="Passes over the data a label may take at the most.",
        ),
        click.option(
            "--shard-size",
            type=WHOLE,
            default=default.shard_size,
            show_default=True,
            metavar="N",
            help="Labels after which what is done is written.",
        ),
        click.option(
            "--seed",
            type=click.IntRange(max=2**63 - 1),
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
