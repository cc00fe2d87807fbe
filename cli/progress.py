"""The one way in which commands tell what they do and how far they are.

It goes to standard error, never among the results, and as ``--quiet``, ``--log`` and ``--log-json`` say.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .events import Event, Step
from .logs import Log, append

if TYPE_CHECKING:
    from pwdismec.progress import Update

_SECONDS_BETWEEN = 0.05  # counts may come with every line of a file


class _Current:
    """The command that runs, of which a process has one at a time: threads tell of it, too."""

    command = ""
    options: dict[str, Any] = {}  # noqa: RUF012 (replaced, never changed)
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


def begin_log(command: str) -> None:
    """A command begins; its options are not known yet."""
    _Current.command, _Current.options, _Current.log = command, {}, None


def command_name() -> str:
    """The command that runs; "" if none has begun."""
    return _Current.command


def remember(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    """An option's callback: keeps the value for the log, as a parameter of `Log`."""
    _Current.options, _Current.log = _Current.options | {str(param.name): value}, None


def log_to(path: Path | None) -> None:
    """Keep the log in a file as well, if one is given."""
    if path is not None:
        append(path, b"")  # better an error now than after an hour
        _Current.options, _Current.log = _Current.options | {"log": path}, None
