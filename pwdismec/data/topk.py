"""The best k labels of each instance: what prediction gives and metrics take."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class TopK(NamedTuple):
    """Labels and scores of n instances, best first.

    Attributes
    ----------
    labels
        int32, shape (n, k). Where fewer than k labels exist, the places left hold −1.
    scores
        float32, shape (n, k). The places left hold −inf.
    """

    labels: NDArray[np.int32]
    scores: NDArray[np.float32]
