"""A bar while a step runs, and lines above it."""

from __future__ import annotations

import time
from dataclasses import replace

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn
from rich.table import Column
from rich.text import Text

from .events import Event


class Terminal:
    """Shows events on standard error, which is a terminal."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False, markup=False, emoji=False)
        self._bar: Progress | None = None

    def tell(self, event: Event) -> None:
        if event.event == "start":
            self._bar = _new_bar(self._console, event)
        elif event.event == "progress" and self._bar is not None:
            self._bar.update(
                self._bar.task_ids[0],
                completed=event.done,
                total=event.total,
                event=event,
                at=time.monotonic(),
            )
        elif event.event in ("end", "abort") and self._bar is not None:
            self._bar.stop()
            self._bar = None
        if event.event in ("end", "message", "warning"):
            self._console.print(event.text(), soft_wrap=True)


class _Status(ProgressColumn):
    """Words for how far it is, in which the time left goes down between two counts."""

    def render(self, task: Task) -> Text:
        event: Event = task.fields["event"]
        if event.done is None:
            return Text()
        eta = None if event.eta is None else max(0.0, event.eta - (time.monotonic() - task.fields["at"]))
        return Text(replace(event, eta=eta).status(), no_wrap=True, overflow="ellipsis")


def _new_bar(console: Console, start: Event) -> Progress:
    name = start.step or ""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False, table_column=Column(min_width=len(name))),
        BarColumn(bar_width=24),
        _Status(table_column=Column(no_wrap=True)),
    )
    bar = Progress(*columns, console=console, transient=True)
    bar.add_task(name, total=None, event=start, at=time.monotonic())
    bar.start()
    return bar
