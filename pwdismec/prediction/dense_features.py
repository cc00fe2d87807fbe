"""The features that most labels have a weight of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pwdismec import native
from pwdismec.data.csr import CSR
from pwdismec.machine import check_fits

# At least one of so many labels has a weight of a dense feature. To read on over the others' zeros is faster
# than to look labels up, even where seven of eight are zeros. It takes 4 bytes a label, a list 6 bytes a
# weight. From fewer labels on, batches gain nothing more, and an instance by itself takes longer.
_SHARE = 8


# What weights take on the way to their order by feature, for each feature, whether or not any label has it.
_BYTES_A_FEATURE = 32


def check_features(n_features: int, path: str | Path) -> None:
    """Refuse more features than weights should be brought into the order of; they may be a header's lie.

    Raises
    ------
    DataError
        Naming `path`, if that would take more than half of this machine's memory.
    """
    what = f"weights in the order of {n_features:,} features"
    check_fits(_BYTES_A_FEATURE * n_features, path, what, "fewer features")


class LabelWeights(Protocol):
    """The classifiers of some labels; a shard of a model is one.

    Attributes
    ----------
    label_ids
        int32, shape (n,).
    weights
        float32, n × features.
    bias
        float32, shape (n,); added to the label's score.
    """

    @property
    def label_ids(self) -> NDArray[np.int32]: ...
    @property
    def weights(self) -> CSR: ...
    @property
    def bias(self) -> NDArray[np.float32]: ...


@dataclass(frozen=True, eq=False)
class DenseFeatures:
    """Which features are dense: at least an eighth of the labels have a weight of each.

    An instance's score sums its dense features last, so they are one set for all labels that compete.

    Attributes
    ----------
    ids
        int32, ascending.
    n_features
        How many features there are.
    """

    ids: NDArray[np.int32]
    n_features: int

    @classmethod
    def of(cls, parts: Iterable[LabelWeights], n_features: int) -> DenseFeatures:
        """Those of the labels of all parts; of a part no weights are kept. Errors as `check_features`."""
        check_features(n_features, "model")
        n_labels, counts = 0, np.zeros(n_features, np.int64)
        for part in parts:
            n_labels += len(part.label_ids)
            counts += part.weights.column_counts()
        enough = (counts > 0) & (_SHARE * counts >= n_labels)
        return cls(np.flatnonzero(enough).astype(np.int32), n_features)

    @cached_property
    def kernel(self) -> native.DenseFeatures:
        """The same in the form that the kernel takes."""
        return native.DenseFeatures(self.ids, self.n_features)
