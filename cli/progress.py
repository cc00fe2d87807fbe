"""How far a step is, on standard error: a bar on a terminal, else a line now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click

from pwdismec.pipeline.watching import Update
from pwdismec.sizes import duration_text

_SECONDS_BETWEEN_LINES = 10.0
_SHARE_BETWEEN_LINES = 0.05
_SECONDS_AT_LEAST = 5.0


def say(line: str) -> None:
    """A line for the user, apart from the results."""
    click.echo(line, err=True)


@contextmanager
def watch(name: str, unit: str) -> Iterator[Update]:
    """Show a step; a `pwdismec.pipeline.watching.Watch`."""
    with (_bar if sys.stderr.isatty() else _lines)(name, unit) as update:
        yield update


@contextmanager
def _bar(name: str, unit: str) -> Iterator[Update]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    rate = _Rate(unit)
    columns = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[status]}")
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(name, total=None, status="")

        def update(done: int, total: int | None, *, before: int = 0, note: str = "") -> None:
            progress.update(task, completed=done, total=total, status=rate.status(done, total, before, note))

        yield update


@contextmanager
def _lines(name: str, unit: str) -> Iterator[Update]:
    rate = _Rate(unit)
    shown_at, shown_done = time.monotonic(), 0

    def update(done: int, total: int | None, *, before: int = 0, note: str = "") -> None:
        nonlocal shown_at, shown_done
        waited = time.monotonic() - shown_at
        far = total is not None and done - shown_done >= _SHARE_BETWEEN_LINES * total
        if waited >= _SECONDS_BETWEEN_LINES or (far and waited >= _SECONDS_AT_LEAST):
            shown_at, shown_done = time.monotonic(), done
            say(f"{name}: {rate.status(done, total, before, note)}")

    yield update


class _Rate:
    """Words for how much is done, how fast it goes and how long the rest will take."""

    def __init__(self, unit: str) -> None:
        self._unit = unit
        self._started = time.monotonic()

    def status(self, done: int, total: int | None, before: int, note: str) -> str:
        seconds = time.monotonic() - self._started
        rate = (done - before) / seconds if seconds > 0 else 0.0
        parts = [f"{done:,} {self._unit}" if total is None else f"{done:,} of {total:,} {self._unit}"]
        parts += [note] if note else []
        if rate > 0:
            parts.append(f"{rate:,.0f} {self._unit}/s" if rate >= 10 else f"{rate:.2g} {self._unit}/s")
            if total is not None:
                parts.append(f"{duration_text((total - done) / rate)} left")
        return ", ".join(parts)
