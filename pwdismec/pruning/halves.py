"""Weights in half the precision."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from pwdismec.data.csr import CSR
from pwdismec.errors import ModelError
from pwdismec.model import Shard


def halved(shard: Shard, path: Path) -> Shard:
    """The weights rounded to float16, without those that become zero.

    Raises
    ------
    ModelError
        If one is too large; `path` names the model.
    """
    weights = shard.weights.stored()
    with np.errstate(over="ignore"):
        rounded = weights.values.astype(np.float16).astype(np.float32)
    if not np.isfinite(rounded).all():
        place = int(np.argmin(np.isfinite(rounded)))
        label = shard.label_ids[np.searchsorted(weights.indptr, place, side="right") - 1]
        raise ModelError(f"{path}: label {label}: weight {weights.values[place]:g} is too large for float16")
    weights = CSR(weights.indptr, weights.indices, rounded, weights.n_columns)
    return replace(shard, weights=weights.where(rounded != 0))
