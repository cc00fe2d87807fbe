"""How long work tells how far it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

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
