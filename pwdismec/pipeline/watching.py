"""How the steps of a long job tell how far they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from pwdismec.training import Progress

OnProgress = Callable[[int, int | None], None]
"""Takes how much is done, and of how much (None: not known)."""


class Update(Protocol):
    """Shows how far a step is."""

    def __call__(self, done: int, total: int | None, *, note: str = "") -> None:
        """`done` of `total` (None: not known); the first call says what was done before.

        `note` is shown beside it.
        """


Watch = Callable[[str, str], AbstractContextManager[Update]]
"""Begins to show a step, from its name and what is counted ("rows")."""


@contextmanager
def unwatched(name: str, unit: str) -> Iterator[Update]:
    """A `Watch` that shows nothing."""

    def update(done: int, total: int | None, *, note: str = "") -> None:
        pass

    yield update


def as_training_progress(update: Update) -> Callable[[Progress], None]:
    """An `on_progress` for `train`."""

    def on_progress(at: Progress) -> None:
        note = f"{at.shards_done:,} of {at.shards_total:,} shards" if at.shards_total > 1 else ""
        update(at.labels_done, at.labels_total, note=note)

    return on_progress
