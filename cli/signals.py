"""Ctrl-C, SIGTERM and SIGHUP: whenever they come, a command tidies up and ends with one line.

This is imported before anything else, and so imports next to nothing itself: until `heed_signals` has run,
signals do what Python makes of them.
"""

from __future__ import annotations

import os
import signal
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import NoReturn

USER_ERROR = 2
INTERNAL_ERROR = os.EX_SOFTWARE

WORDS: dict[int, str] = {
    signal.SIGINT: "interrupted",
    signal.SIGTERM: "terminated",
    signal.SIGHUP: "terminated, as its terminal was closed",
}

# How long what is under way may tidy up before another signal ends it at once.
_SECONDS_TO_TIDY_UP = 5.0


class Signalled(KeyboardInterrupt):
    """A signal has come; what is under way is dropped and tidied up, as at Ctrl-C."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class _Work:
    """Whether a command is under way that may have something to tidy up, and the signal that ended it."""

    process = os.getpid()
    is_under_way = False
    ended_by: int | None = None
    ended_at = 0.0


def heed_signals() -> None:
    """Take the signals, unless they are to be ignored: by nohup, or in a shell's background."""
    for number in WORDS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _take)


def begin_work() -> None:
    """From now on a signal is an exception in the main thread; before, it has ended the process at once.

    While modules are imported nothing has to be tidied up, and an exception could be swallowed.
    """
    _Work.is_under_way, _Work.ended_by = True, None


def end_work() -> int | None:
    """From now on a signal ends the process at once; the one that has ended the work."""
    _Work.is_under_way = False
    return _Work.ended_by


def ignore_signals() -> None:
    """All is done and told; Python's own end would take a signal for one that kills without a word."""
    for number in WORDS:
        signal.signal(number, signal.SIG_IGN)


def raise_again() -> None:
    """The exception has come where Python could only ignore it."""
    _Work.ended_by, number = None, _Work.ended_by
    if number is not None:
        os.kill(os.getpid(), number)


def end(code: int, words: str) -> NoReturn:
    """End the process at once, with a line on standard error."""
    try:
        os.write(2, f"pwdismec: error: {words}\n".encode())
    except OSError:  # nobody listens
        pass
    finally:
        os._exit(code)


def _take(number: int, frame: FrameType | None) -> None:
    if os.getpid() != _Work.process:  # it was just forked; what is under way is the parent's
        os._exit(128 + number)
    if not _Work.is_under_way:
        end(128 + number, WORDS[number])
    if _Work.ended_by is None:
        _Work.ended_by, _Work.ended_at = number, time.monotonic()
        raise Signalled(number)
    if time.monotonic() - _Work.ended_at > _SECONDS_TO_TIDY_UP:
        end(128 + number, f"{WORDS[number]} while it was tidying up")
