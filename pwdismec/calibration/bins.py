"""Scores counted in bins so fine that nothing is lost, so that any number of pairs can be fitted to.

A bin is what float32 scores with the same upper 16 bits share: 1/128 to
1/256 of the score wide, on any scale.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

N_BINS = 1 << 16
_SIGN = np.uint32(1 << 31)


def bin_of(scores: NDArray[np.float32]) -> NDArray[np.int64]:
    """The bin of each score, rising with it."""
    bits = (np.ascontiguousarray(scores, np.float32) + np.float32(0)).view(np.uint32)  # −0 is 0
    ordered = np.where(bits & _SIGN, ~bits, bits | _SIGN)
    return (ordered >> np.uint32(16)).astype(np.int64)


def centre_of(bins: NDArray[np.integer]) -> NDArray[np.float32]:
    """The score in the middle of each bin."""
    ordered = (np.asarray(bins).astype(np.uint32) << np.uint32(16)) | np.uint32(1 << 15)
    return np.where(ordered & _SIGN, ordered ^ _SIGN, ~ordered).astype(np.uint32).view(np.float32)
