"""What every command shares: the global options, help in sections, ``--json``, outputs apart from inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import click

from . import messages

STDOUT = Path("-")


class InputPath(click.Path):
    """A file or folder that the command reads."""


class OutputPath(click.Path):
    """A file or folder that it writes."""


# Whether it can be read, reading tells: click asks the disk, and takes one that fails for a user's mistake.
FOLDER = click.Path(path_type=Path, readable=False)  # one to look for files in, or to work in
INPUT = InputPath(path_type=Path, readable=False)
OUTPUT = OutputPath(path_type=Path, readable=False)

Touched: TypeAlias = Callable[[Mapping[str, Any]], tuple[Sequence[Path], Sequence[Path]]]
"""Gives what a command reads and writes besides its `INPUT` and `OUTPUT` parameters, by all parameters."""

_READ = "pwdismec.read"
_FILE = "file:"  # before the name of a file of weights

_GLOBAL = "Global options"
_SECTIONS = {
    "Input options": (
        "--format", "--one-based", "--one-based-features", "--like", "--label-names", "--feature-names",
        "--train", "--n-train", "--filter",
    ),
    "Feature options": ("--tfidf", "--no-normalize"),
    "Text options": (
        "--text", "--label-field", "--id-field", "--columns", "--label-separator", "--label-language",
        "--words", "--chars", "--min-df", "--hashing", "--test", "--split",
    ),
    "Prediction options": ("--top-k", "--label", "--probabilities", "--sets", "--explain", "--neighbours"),
    "Metric options": (
        "-k", "--as-sets", "--by-frequency", "--convention", "--paper-reranking", "--holdout", "--by",
    ),
    "Weighting options": ("--settings", "--weighting", "--propensity", "--beta", "--C", "--A", "--B"),
    "Solver options": (
        "--solver", "--tolerance", "--max-epochs", "--passes", "--bias", "--prune", "--seed", "--shard-size",
    ),
    "Calibration options": ("--calibrate", "--calibrate-method", "--calibrate-plot"),
    "Resource options": ("--jobs", "--memory", "--backend", "--workers", "--scheduler", "--deadline"),
    "Output options": (
        "--output-format", "--also", "--json", "--per-label", "--shards", "--part", "--resume", "--overwrite",
    ),
    _GLOBAL: ("--quiet", "--verbose", "--log", "--log-json", "--version", "--help"),
}  # fmt: skip

_MOST_UNGROUPED = 8
"""Own options of a command that need no sections."""


def _global_option(*names: str, **settings: Any) -> click.Option:
    return click.Option(names, expose_value=False, callback=messages.remember, **settings)


GLOBAL_OPTIONS = (
    _global_option("-q", "--quiet", is_flag=True, help="Suppress progress output."),
    _global_option(
        "-v", "--verbose", is_flag=True, help="Also show library messages and, on errors, the traceback."
    ),
    _global_option("--log", type=OUTPUT, metavar="FILE", help="Also append the log to FILE."),
    _global_option("--log-json", is_flag=True, help="Log as JSON lines, to FILE or else to standard error."),
)


class _Shared(click.Command):
    """Takes the global options, and shows options in sections."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        *own, help_option = super().get_params(ctx)
        return [*own, *GLOBAL_OPTIONS, help_option]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        own = sum(isinstance(param, click.Option) for param in self.params)
        sections: dict[str, list[tuple[str, str]]] = {name: [] for name in ("Options", *_SECTIONS)}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx) if isinstance(param, click.Option) else None
            if record is not None:
                section = _section_of(param)
                sections[section if own > _MOST_UNGROUPED or section == _GLOBAL else "Options"].append(record)
        for title, records in sections.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


def _section_of(param: click.Parameter) -> str:
    return next((title for title, names in _SECTIONS.items() if param.opts[-1] in names), "Options")


class Command(_Shared):
    """One that does something.

    Parameters
    ----------
    touched
        See `Touched`.
    """

    def __init__(self, *args: Any, touched: Touched | None = None, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._touched = touched

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, _with_json_file(args))

    def invoke(self, ctx: click.Context) -> Any:
        """Run it, once all that is written, the log too, is apart from what is read and from each other."""
        from pwdismec.outputs import check_all_apart

        read, written = ((), ()) if self._touched is None else self._touched(ctx.params)
        written = [*written, *_paths(ctx, OutputPath)]
        log = messages.asked_log()
        read = [*read, *_paths(ctx, InputPath), *ctx.meta.get(_READ, ())]
        check_all_apart(written if log is None else [*written, log], read)
        messages.begin(log, written)
        return super().invoke(ctx)


class Group(_Shared, click.Group):
    """One with commands of its own."""

    command_class = Command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, args or ["--help"] * (not ctx.resilient_parsing))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.format_commands(ctx, formatter)
        super().format_options(ctx, formatter)


def command(
    name: str, *examples: str, touched: Touched | None = None
) -> Callable[[Callable[..., Any]], Command]:
    """Make a command of a function, with examples at the end of its help."""
    return click.command(name, cls=Command, epilog=epilog(*examples), touched=touched)


def epilog(*examples: str) -> str:
    """Examples for the end of a help text, in which lines stay as they are."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in examples)])


def is_given(name: str) -> bool:
    """Whether the user has set a parameter of the command under way."""
    source = click.get_current_context().get_parameter_source(name)
    return source is click.core.ParameterSource.COMMANDLINE


def also_reads(context: click.Context, path: Path) -> None:
    """Tell, in the callback of an option that the command does not see, that it reads a file."""
    context.meta.setdefault(_READ, []).append(path)


def _paths(context: click.Context, kind: type[click.Path]) -> list[Path]:
    """The values of the parameters of a kind, without standard output; a file of weights is read as well."""
    paths = list[Path]()
    for parameter in context.command.params:
        value = context.params.get(str(parameter.name))
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(parameter.type, kind) and each is not None:
                if not (kind is OutputPath and each == STDOUT):
                    paths.append(each)
            elif kind is InputPath and isinstance(each, str) and each.startswith(_FILE):
                paths.append(Path(each.removeprefix(_FILE)))
    return paths


def _with_json_file(args: Sequence[str]) -> list[str]:
    """``--json FILE`` and ``--json`` alone, told apart by FILE's suffix; ``--json=FILE`` is any file."""
    return [
        f"--json={STDOUT}"
        if arg == "--json" and after != str(STDOUT) and Path(after).suffix not in (".json", ".jsonl")
        else arg
        for arg, after in zip(args, [*args[1:], ""], strict=False)
    ]
