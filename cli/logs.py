"""Where a command tells what it does: on a terminal, and as lines of text or of JSON."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Protocol

import click

from .events import Event

# Seconds between two lines of progress: a share of the time that the step has taken, within limits.
_SHARE_OF_TIME, _SHORTEST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0, 60.0


class Sink(Protocol):
    """Takes events and shows or keeps them."""

    def tell(self, event: Event) -> None: ...


class Log:
    """Takes the events of one command.

    Parameters
    ----------
    command
        Its name.
    quiet
        Standard error gets errors alone.
    log
        A file that gets all events as lines, behind those that it holds already.
    log_json
        The lines are JSON: those of the file, or without one those on standard error, errors too.
    """

    def __init__(
        self, command: str, *, quiet: bool = False, log: Path | None = None, log_json: bool = False
    ) -> None:
        form = _json_lines(command) if log_json else _stamped
        on_stderr = form if log is None else _stamped
        sinks: list[Sink] = []
        if not quiet:
            terminal = on_stderr is _stamped and _is_terminal()
            sinks.append(_terminal() if terminal else Lines(_to_stderr, on_stderr))
        errors: list[Sink] = [Lines(_to_stderr, _complaint if on_stderr is _stamped else on_stderr)]
        if log is not None:
            kept = Lines(_to_file(log), form)
            sinks.append(kept)
            errors.append(kept)
        self._sinks, self._errors = sinks, errors

    def tell(self, event: Event) -> None:
        """Pass an event on."""
        for sink in self._errors if event.event == "error" else self._sinks:
            sink.tell(event)


class Lines:
    """Events as lines; of progress there is one now and then, more rarely the longer a step takes.

    Parameters
    ----------
    write
        Takes a line.
    form
        Makes lines of an event.
    """

    def __init__(self, write: Callable[[str], None], form: Callable[[Event], list[str]]) -> None:
        self._write, self._form = write, form
        self._told_at = 0.0  # seconds of the step

    def tell(self, event: Event) -> None:
        seconds = event.seconds or 0.0
        if event.event == "progress":
            pause = min(max(_SHARE_OF_TIME * seconds, _SHORTEST_PAUSE), _LONGEST_PAUSE)
            if seconds - self._told_at < pause:
                return
        self._told_at = seconds
        for line in self._form(event):
            self._write(line)


def _json_lines(command: str) -> Callable[[Event], list[str]]:
    def lines(event: Event) -> list[str]:
        head = {"time": _now().isoformat(timespec="milliseconds"), "command": command}
        return [json.dumps(head | asdict(event), ensure_ascii=False)]

    return lines


def _stamped(event: Event) -> list[str]:
    prefix = f"{_now():%Y-%m-%d %H:%M:%S} {'error: ' if event.event == 'error' else ''}"
    return [f"{prefix}{line}" for line in (event.text() or "").splitlines()]


def _complaint(event: Event) -> list[str]:
    return [f"pwdismec: error: {event.message}"]


def _now() -> datetime:
    return datetime.now().astimezone()


def _to_stderr(line: str) -> None:
    click.echo(line, err=True)


def _to_file(path: Path) -> Callable[[str], None]:
    def write(line: str) -> None:
        with path.open("a", encoding="utf-8") as file:  # anew for each line: the file may be rotated
            file.write(f"{line}\n")

    return write


def _is_terminal() -> bool:
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _terminal() -> Sink:
    from .terminal import Terminal  # rich takes its time

    return Terminal()
