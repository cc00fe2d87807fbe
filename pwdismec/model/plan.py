"""How the labels of a model are cut into shards, the unit of storage and of resumption."""

from __future__ import annotations

from pwdismec.model.manifest import ShardPlan


def plan_shards(n_labels: int, shard_size: int) -> tuple[ShardPlan, ...]:
    """Ranges of `shard_size` consecutive labels; the last may be shorter."""
    return tuple(
        ShardPlan(file=f"shards/{i:05d}.safetensors", first=first, stop=min(first + shard_size, n_labels))
        for i, first in enumerate(range(0, n_labels, shard_size))
    )
