"""How the labels of a shard are cut into blocks, the unit of work."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pwdismec.model.manifest import ShardPlan


def blocks_of(
    shard: ShardPlan, label_counts: NDArray[np.int64], block_size: int
) -> Iterator[NDArray[np.int32]]:
    """The labels of a shard that have a positive, in blocks of `block_size`, ascending.

    A label's solution does not depend on who shares its block, so neither do a shard's bits.
    """
    trained = shard.first + np.flatnonzero(label_counts[shard.first : shard.stop])
    for start in range(0, len(trained), block_size):
        yield trained[start : start + block_size].astype(np.int32)
