"""How the labels of a model are cut into shards, the unit of storage and of resumption."""

from __future__ import annotations

from pwdismec.model.manifest import ShardPlan


def plan_shards(n_labels: int, shard_size: int) -> tuple[ShardPlan, ...]:
    """Ranges of `shard_size` consecutive labels; the last may be shorter."""
    return tuple(shard_at(i, n_labels, shard_size) for i in range(-(-n_labels // shard_size)))


def shard_at(number: int, n_labels: int, shard_size: int) -> ShardPlan:
    """The range of this number, from 0."""
    first = number * shard_size
    stop = min(first + shard_size, n_labels)
    return ShardPlan(file=f"shards/{number:05d}.safetensors", first=first, stop=stop)
