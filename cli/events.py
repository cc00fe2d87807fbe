"""What a command tells while it works, and how that reads."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal

from pwdismec.plain_text import duration_text
from pwdismec.quoting import visible

_SECONDS_TO_ESTIMATE = 1.0


@dataclass(frozen=True)
class Event:
    """One thing told; the fields are the keys of ``--log-json``, which docs/logs.md describes.

    Names in it may be a stranger's: they are kept so that every character can be seen.
    """

    event: Literal["start", "progress", "end", "abort", "message", "warning", "error"]
    step: str | None = None
    unit: str | None = None
    before: int | None = None
    done: int | None = None
    total: int | None = None
    rate: float | None = None
    eta: float | None = None
    seconds: float | None = None
    message: str | None = None
    traceback: str | None = None

    def __post_init__(self) -> None:
        for name in ("step", "message"):
            if (text := getattr(self, name)) is not None:
                object.__setattr__(self, name, visible(text, keep="\n"))

    def text(self) -> str | None:
        """A line for people; None for what only programs want to know."""
        if self.event == "progress":
            return f"{self.step}: {self.status()}"
        if self.event == "end":
            now = f", {self.done - self.before:,} of them now," if self.before and self.done else ""
            what = "done" if self.done is None else f"{self._count()}{now}"
            return f"{self.step}: {what} in {duration_text(self.seconds or 0)}"
        return f"warning: {self.message}" if self.event == "warning" else self.message

    def status(self) -> str:
        """How much is done, how fast it goes, and how long the rest will take."""
        parts = [self._count() if self.total is None else f"{self.done:,} of {self._count()}"]
        parts += [self.message] if self.message else []
        if self.rate:
            parts.append(f"{self.rate:,.0f}/s" if self.rate >= 10 else f"{self.rate:.2g}/s")
        if self.eta is not None:
            parts.append(f"{_roughly(self.eta)} left")
        return ", ".join(parts)

    def _count(self) -> str:
        """The total, or while none is known what is done: "1 row"."""
        count = self.done if self.total is None or self.event == "end" else self.total
        unit = self.unit or ""
        return f"{count:,} {unit.removesuffix('s') if count == 1 else unit}"


class Step:
    """The counts of a step.

    Its rate is the mean since the first count, which says what was done before: so estimates do not jump,
    and neither the time to get ready nor what an earlier run did is in them.
    """

    def __init__(self, name: str, unit: str) -> None:
        self._name, self._unit = name, unit
        self._started = self._latest = time.monotonic()
        self._first: tuple[float, int] | None = None
        self._done: int | None = None
        self._total: int | None = None
        self._note: str | None = None

    def count(self, done: int, total: int | None, note: str) -> float:
        """So much is done now; the time."""
        self._latest = time.monotonic()
        if self._first is None:
            self._first = self._latest, done
        self._done, self._total, self._note = done, total, note or None
        return self._latest

    def event(self, event: Literal["start", "progress", "end", "abort"]) -> Event:
        """How far it is."""
        seconds = time.monotonic() - self._started
        total = self._done if self._total is None and event == "end" else self._total
        note = None if event == "end" else self._note
        before = None if self._first is None else self._first[1]
        counts = self._name, self._unit, before, self._done, total
        return Event(event, *counts, *self._estimates(), seconds, note)

    def _estimates(self) -> tuple[float | None, float | None]:
        """What a second does, and the seconds left; None while they would be guesses."""
        if self._first is None or self._done is None:
            return None, None
        seconds, done = self._latest - self._first[0], self._done - self._first[1]
        if done <= 0 or seconds <= 0:
            return None, None
        left = None if self._total is None else (self._total - self._done) * seconds / done
        return done / seconds, left if seconds >= _SECONDS_TO_ESTIMATE else None


def _roughly(seconds: float) -> str:
    """An estimate in steps that do not flicker: of 1 s, 10 s, 1 min."""
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    step = 10 if seconds < 600 else 60
    return duration_text(step * round(seconds / step))
