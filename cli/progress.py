"""The one way in which commands tell what they do and how far they are.

It goes to standard error, never among the results, and as ``--quiet``, ``--log`` and ``--log-json`` say.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from .events import Event, Step
from .logs import Log

if TYPE_CHECKING:
    from pwdismec.pipeline.watching import Update

_LOG, _OPTIONS = f"{__name__}.log", f"{__name__}.options"  # in click's memory of what a command does
_SECONDS_BETWEEN = 0.05  # counts may come with every line of a file


def say(line: str) -> None:
    """A line for the user, apart from the results."""
    log().tell(Event("message", message=line))


@contextmanager
def watch(name: str, unit: str) -> Iterator[Update]:
    """Show a step; a `pwdismec.pipeline.watching.Watch`."""
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
    context = click.get_current_context(silent=True)
    if context is None:
        return _log_of_none()
    if _LOG not in context.meta:
        command = context.find_root().invoked_subcommand or context.info_name or ""
        context.meta[_LOG] = Log(command, **context.meta.get(_OPTIONS, {}))
    return cast(Log, context.meta[_LOG])


@cache
def _log_of_none() -> Log:
    """Where no command runs, but a script uses this module."""
    return Log("")


def remember(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    """An option's callback: keeps the value for the log, as a parameter of `Log`."""
    ctx.meta.setdefault(_OPTIONS, {})[param.name] = value


def log_to(ctx: click.Context, path: Path | None) -> None:
    """Keep the log in a file as well, if one is given."""
    if path is not None:
        path.open("a").close()  # better an error now than after an hour
        ctx.meta.setdefault(_OPTIONS, {})["log"] = path
