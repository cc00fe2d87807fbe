"""What a model that is not whole has and lacks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

from pwdismec.model.manifest import Run
from pwdismec.patience import patient

_RANGES = 5


@patient
def shards_there(folder: Path, run: Run) -> list[bool]:
    """For each shard of the plan, whether its file is there; the folders are read anew."""
    parents = {(folder / shard.file).parent for shard in run.plan}
    there = {path for parent in parents if parent.is_dir() for path in parent.iterdir()}
    return [folder / shard.file in there for shard in run.plan]


def how_far(folder: Path, run: Run) -> str:
    """How many shards are done, and which are missing, by their files' numbers."""
    there = shards_there(folder, run)
    missing = [number for number, done in enumerate(there) if not done]
    state = f"missing: {ranges_text(missing)}" if missing else "the manifest is not written yet"
    return f"{sum(there):,} of {len(there):,} shards are done ({state})"


def ranges_text(numbers: Sequence[int]) -> str:
    """Rising numbers, as short as may be: "3, 5-17, 40"."""
    ranges = [_range(group) for group in _unbroken(numbers)]
    more = sum(len(group) for group in _unbroken(numbers)[_RANGES:])
    return ", ".join(ranges[:_RANGES]) + (f" and {more:,} more" if more else "")


def _unbroken(numbers: Iterable[int]) -> list[list[int]]:
    """Rising numbers, cut wherever one is left out."""
    cut = groupby(enumerate(numbers), lambda pair: pair[1] - pair[0])
    return [[number for _, number in group] for _, group in cut]


def _range(group: list[int]) -> str:
    return f"{group[0]}-{group[-1]}" if len(group) > 1 else f"{group[0]}"
