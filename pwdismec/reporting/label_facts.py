"""What a model says of each of its labels."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pwdismec.model import Model


class LabelFacts(NamedTuple):
    """Of the trained labels, ascending; each of shape (n,).

    Attributes
    ----------
    label_ids, positives, epochs, weights
        int64: the label, its training positives, the solver's passes over the data, the stored weights.
    gap
        float64: the relative duality gap; NaN where it is not known, of weights that were imported, and of
        labels outside the sample where training left certificates out.
    tolerance
        What the solver promised of every gap; None if it promised nothing.
    """

    label_ids: NDArray[np.int64]
    positives: NDArray[np.int64]
    epochs: NDArray[np.int64]
    weights: NDArray[np.int64]
    gap: NDArray[np.float64]
    tolerance: float | None

    def slowest(self, count: int) -> NDArray[np.int64]:
        """Places of the labels with the most epochs, most first; of equal ones, those of more positives."""
        return np.lexsort((self.label_ids, -self.positives, -self.epochs))[:count]


def label_facts(model: Model) -> LabelFacts:
    """Read all shards, one after another."""
    columns: list[tuple[NDArray[np.generic], ...]] = []
    tolerances: list[float | None] = []
    for shard in model.shards():
        certificate, lengths = shard.certificate, shard.weights.row_lengths
        columns.append((shard.label_ids, shard.positives, certificate.epochs, lengths, certificate.gap))
        tolerances.append(shard.gap_tolerance)
    ids, positives, epochs, weights, gap = (np.concatenate(column) for column in zip(*columns, strict=True))
    promised = [tolerance for tolerance in tolerances if tolerance is not None]
    tolerance = max(promised) if promised and len(promised) == len(tolerances) else None
    return LabelFacts(
        ids.astype(np.int64),
        positives.astype(np.int64),
        epochs.astype(np.int64),
        weights.astype(np.int64),
        gap.astype(np.float64),
        tolerance,
    )
