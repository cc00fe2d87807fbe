"""How the labels of a shard are cut into blocks, the unit of work."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pwdismec.model.manifest import ShardPlan

Block = NDArray[np.int32]

# Of several threads each gets some blocks, that none waits long for the last one; but not of fewer labels
# than these.
_BLOCKS_A_THREAD = 4
LEAST_LABELS = 32


def trained_in(shard: ShardPlan, label_counts: NDArray[np.int64]) -> int:
    """How many labels of a shard have a positive."""
    return int(np.count_nonzero(label_counts[shard.first : shard.stop]))


def size_of_blocks(n_labels: int, most: int, threads: int) -> int:
    """How many labels a block has: at most `most`, fewer where there are few for the threads."""
    if threads == 1:  # nobody to wait for, and large blocks take fewer passes a label
        return most
    return min(most, max(LEAST_LABELS, -(-n_labels // (_BLOCKS_A_THREAD * threads))))


def blocks_of(shard: ShardPlan, label_counts: NDArray[np.int64], size: int) -> Iterator[Block]:
    """The labels of a shard that have a positive, in blocks of `size`, ascending.

    A label's solution does not depend on who shares its block, so neither do a shard's bits.
    """
    trained = shard.first + np.flatnonzero(label_counts[shard.first : shard.stop])
    for start in range(0, len(trained), size):
        yield trained[start : start + size].astype(np.int32)
