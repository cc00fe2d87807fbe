"""Stopping in time: at a deadline, or when the system asks for it, with a moment to finish what runs."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from pwdismec.errors import PwdismecError

# What is under way when it is time may go on for that long. Slurm kills 30 s after SIGTERM, by default.
GRACE = 20.0

Stop = Callable[[], bool]
"""Whether nothing new is to be begun."""


class Stopped(PwdismecError):
    """It was time to stop before all was done; the same command goes on.

    Attributes
    ----------
    signal
        The number of the signal that asked for it; None for a deadline. `stopping` sets it.
    """

    signal: int | None = None


def never() -> bool:
    """A `Stop` that lets everything be done."""
    return False


@contextmanager
def stopping(deadline: float | None = None) -> Iterator[Stop]:
    """Heed SIGTERM and a deadline; for the main thread of a program.

    Parameters
    ----------
    deadline
        Seconds from now.

    Yields
    ------
    Stop
        True after SIGTERM or the deadline. `GRACE` seconds later, or at a second SIGTERM, `Stopped` is raised
        in the main thread, wherever it is.
    """
    asked: list[int] = []  # the signals that came; the alarm's is the deadline's, or that of the grace

    def ask(signum: int, frame: FrameType | None) -> None:
        asked.append(signum)
        if len(asked) == 1:
            signal.setitimer(signal.ITIMER_REAL, GRACE)
        elif len(asked) == 2:  # later ones would disturb the tidying up
            raise Stopped("stopped before what was running was done")

    before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGALRM)}
    if deadline is not None:
        signal.setitimer(signal.ITIMER_REAL, deadline)
    try:
        yield lambda: bool(asked)
    except Stopped as stopped:
        stopped.signal = next((number for number in asked if number != signal.SIGALRM), None)
        raise
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
