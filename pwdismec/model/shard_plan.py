"""How the labels of a model are cut into shards, the unit of storage and resumption, and which are there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

from pwdismec.model.model_manifest import Run, ShardPlan
from pwdismec.patience import patient


def plan_shards(n_labels: int, shard_size: int) -> tuple[ShardPlan, ...]:
    """Ranges of `shard_size` consecutive labels; the last may be shorter."""
    return tuple(shard_at(i, n_labels, shard_size) for i in range(-(-n_labels // shard_size)))


def shard_at(number: int, n_labels: int, shard_size: int) -> ShardPlan:
    """The range of this number, from 0."""
    first = number * shard_size
    stop = min(first + shard_size, n_labels)
    return ShardPlan(file=f"shards/{number:05d}.safetensors", first=first, stop=stop)


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
