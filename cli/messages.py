"""The one way in which commands tell what they do and how far they are.

It goes to standard error, never among the results, and as the global options say.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pwdismec.errors import OutputError

from .events import Event, Step
from .logs import Log, append, check_is_log

if TYPE_CHECKING:
    from pwdismec.progress import Update

_SECONDS_BETWEEN = 0.05  # counts may come with every line of a file


class _Current:
    """The command that runs, of which a process has one at a time: threads tell of it, too."""

    command = ""
    options: dict[str, Any] = {}  # noqa: RUF012 (replaced, never changed)
    asked_log: Path | None = None
    log: Log | None = None


def say(line: str) -> None:
    """A line for the user, apart from the results."""
    log().tell(Event("message", message=line))


def warn(line: str) -> None:
    """A line about what was ignored, or may be wrong, which --quiet does not hide."""
    log().tell(Event("warning", message=line))


@contextmanager
def watch(name: str, unit: str) -> Iterator[Update]:
    """Show a step; a `pwdismec.progress.Watch`."""
    told, step = log(), Step(name, unit)
    told_at = -math.inf

    def update(done: int, total: int | None, *, note: str = "") -> None:
        nonlocal told_at
        now = step.count(done, total, note)
        if now - told_at >= _SECONDS_BETWEEN:
            told_at = now
            told.tell(step.event("progress"))

    told.tell(step.event("start"))
    try:
        yield update
    except BaseException:
        told.tell(step.event("abort"))
        raise
    told.tell(step.event("end"))


def log() -> Log:
    """The log of the command that runs, as its options say."""
    if _Current.log is None:
        _Current.log = Log(_Current.command, **_Current.options)
    return _Current.log


def forget() -> None:
    """A command line begins; neither its command nor its options are known yet."""
    _Current.command, _Current.options, _Current.asked_log, _Current.log = "", {}, None, None


def name_command(command: str) -> None:
    """The command is known now."""
    _Current.command, _Current.log = command, None


def command_name() -> str:
    """The command that runs; "" if none has begun."""
    return _Current.command


def remember(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    """A global option's callback: keeps the value, whether it comes before or after the command."""
    if ctx.get_parameter_source(str(param.name)) is not click.core.ParameterSource.COMMANDLINE:
        return
    if param.name == "log":
        _Current.asked_log = value
    else:
        _Current.options, _Current.log = _Current.options | {str(param.name): value}, None


def asked_log() -> Path | None:
    """The file that the log is to be kept in as well."""
    return _Current.asked_log


def begin(log: Path | None, outputs: Sequence[Path]) -> None:
    """The options are known now; keep the log in a file as well, if one is given.

    Raises
    ------
    click.UsageError
        If options exclude each other.
    OutputError
        If the file is no log, or is in the place of what is hidden beside an output while that is written.
    """
    if _Current.options.get("quiet") and _Current.options.get("verbose"):
        raise click.UsageError("--quiet and --verbose exclude each other")
    if log is None:
        return
    for output in outputs:
        if log.name.startswith(f".{output.name}.") and log.parent.resolve() == output.parent.resolve():
            raise OutputError(f"{log}: has the name of a part of {output}; expected another name")
    check_is_log(log)
    append(log, b"")  # better an error now than after an hour
    _Current.options, _Current.log = _Current.options | {"log": log}, None
