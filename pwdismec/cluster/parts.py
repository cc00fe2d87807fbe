"""Which part of the work a task does, as the command line names it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from pwdismec.errors import ConfigError
from pwdismec.quoting import shown

_TASK = re.compile(r"([0-9]{1,9})/([0-9]{1,9})")
_RANGE = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?")


@dataclass(frozen=True)
class Part:
    """Some of a row of pieces.

    Attributes
    ----------
    kind
        "task": task `first` of `last`, both counted from 1, as in ``3/64``. "range": the pieces `first` to
        `last`, both included, counted from 0, as in ``0-7`` or ``5``.
    first, last
        The two numbers.
    """

    kind: Literal["task", "range"]
    first: int
    last: int

    @classmethod
    def parse(cls, text: str) -> Part:
        """The part of that name.

        Raises
        ------
        ConfigError
            If it is none.
        """
        if task := _TASK.fullmatch(text):
            part = cls("task", int(task[1]), int(task[2]))
            fits = 1 <= part.first <= part.last
        elif piece := _RANGE.fullmatch(text):
            part = cls("range", int(piece[1]), int(piece[2] or piece[1]))
            fits = part.first <= part.last
        else:
            fits = False
        if not fits:
            raise ConfigError(
                f"{shown(text)}; expected a task such as 3/64 (from 1 on), or a range such as 0-7"
            )
        return part

    def __str__(self) -> str:
        return f"{self.first}{'/' if self.kind == 'task' else '-'}{self.last}"

    def scattered(self, count: int) -> range:
        """Which of `count` pieces these are; a task takes every so many, as neighbours may be alike.

        Raises
        ------
        ConfigError
            If a range goes beyond them.
        """
        if self.kind == "task":
            return range(self.first - 1, count, self.last)
        if self.last >= count:
            there = "there is only shard 0" if count == 1 else f"there are shards 0-{count - 1}"
            raise ConfigError(f"{self}: beyond the last shard; {there}")
        return range(self.first, self.last + 1)

    def consecutive(self, count: int) -> range:
        """Which of `count` pieces a task does if they are to be neighbours: about as many as every other."""
        if self.kind != "task":
            raise ConfigError(f"{self}; expected a task such as 3/64 (from 1 on)")
        return range(count * (self.first - 1) // self.last, count * self.first // self.last)
