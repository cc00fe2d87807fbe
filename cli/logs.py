"""Where a command tells what it does: on a terminal, and as lines of text or of JSON."""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Protocol

from pwdismec.errors import OutputError
from pwdismec.quoting import json_line

from .events import Event

# How a log begins.
_OF_A_LOG, _LONGEST_START = re.compile(rb'[0-9-]{10} [0-9:]{8} |\{"time": "'), 100

# Seconds between two lines of progress: a share of the time that the step has taken, within limits.
_SHARE_OF_TIME, _SHORTEST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0, 60.0


class Sink(Protocol):
    """Takes events and shows or keeps them."""

    def tell(self, event: Event) -> None: ...


class Log:
    """Takes the events of one command, from any thread.

    Parameters
    ----------
    command
        Its name.
    quiet
        Standard error gets warnings and errors alone.
    verbose
        It gets what is told aside, too, and the traceback of an error.
    log
        A file to append all events to, as lines.
    log_json
        The lines are JSON: those of the file, or without one those on standard error, errors too.
    """

    def __init__(
        self,
        command: str,
        *,
        quiet: bool = False,
        verbose: bool = False,
        log: Path | None = None,
        log_json: bool = False,
    ) -> None:
        form = _json_lines(command) if log_json else _stamped
        on_stderr = form if log is None else _stamped
        self._lock = threading.RLock()
        self._file = None if log is None else Lines(_to_file(log), form)
        complaint = _with_traceback if verbose else _complaint
        self._errors: Sink = Lines(_to_stderr, complaint if on_stderr is _stamped else on_stderr)
        self._verbose = verbose
        self._shown: Sink | None = None
        if not quiet:
            terminal = on_stderr is _stamped and _is_terminal()
            self._shown = _terminal() if terminal else Lines(_to_stderr, on_stderr)

    def tell(self, event: Event, *, aside: bool = False) -> None:
        """Pass an event on; what is told aside, to the file alone unless verbose.

        Raises
        ------
        OSError
            If the file cannot be written; but an error is told all the same.
        """
        is_error = event.event == "error"
        with self._lock:
            shown = self._shown
            if is_error or (event.event == "warning" and shown is None):
                shown = self._errors
            if shown is not None and (self._verbose or not aside):
                shown.tell(event)
            if self._file is not None:
                with suppress(*[OSError] * is_error):
                    self._file.tell(event)


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


def check_is_log(path: Path) -> None:
    """OutputError if a file is there that holds something else than lines of a log."""
    try:
        if not path.is_file():  # a new one, a pipe, a terminal
            return
        with path.open("rb") as file:
            line = file.readline(_LONGEST_START)
    except OSError as error:
        raise OutputError(f"{path}: cannot read: {error.strerror}") from error
    if line and not _OF_A_LOG.match(line):
        raise OutputError(f"{path}: not a log of pwdismec; expected a new file, or one written by --log")


def append(path: Path, content: bytes) -> None:
    """Write behind what a file holds, at once."""

    def opened(name: str, flags: int) -> int:
        descriptor = os.open(name, flags | os.O_NONBLOCK, 0o666)  # a FIFO that nobody reads is an error
        os.set_blocking(descriptor, True)
        return descriptor

    try:
        with open(path, "ab", opener=opened) as file:
            file.write(content)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def _json_lines(command: str) -> Callable[[Event], list[str]]:
    def lines(event: Event) -> list[str]:
        head = {"time": _now().isoformat(timespec="milliseconds"), "command": command}
        return [json_line(head | asdict(event))]

    return lines


def _stamped(event: Event) -> list[str]:
    stamp = f"{_now():%Y-%m-%d %H:%M:%S} "
    prefix = "error: " if event.event == "error" else ""
    before = [f"{stamp}{line}" for line in (event.traceback or "").splitlines()]
    return before + [f"{stamp}{prefix}{line}" for line in (event.text() or "").splitlines()]


def _complaint(event: Event) -> list[str]:
    return [f"pwdismec: {event.event}: {event.message}"]


def _with_traceback(event: Event) -> list[str]:
    return [*(event.traceback or "").splitlines(), *_complaint(event)]


def _now() -> datetime:
    return datetime.now().astimezone()


def _to_stderr(line: str) -> None:
    with suppress(OSError):  # nobody listens, which is no reason to stop
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


def _to_file(path: Path) -> Callable[[str], None]:
    def write(line: str) -> None:
        append(path, f"{line}\n".encode(errors="backslashreplace"))  # anew each time: it may be rotated

    return write


def _is_terminal() -> bool:
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _terminal() -> Sink:
    from .terminal import Terminal  # rich takes its time

    return Terminal()
