"""The training instances most like a new one among those that have some label."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.sparse.linalg
from numpy.typing import NDArray

from pwdismec.data.csr import CSR
from pwdismec.data.dataset import Dataset
from pwdismec.data.dense import Dense
from pwdismec.data.validation import check_features, checked_ids
from pwdismec.errors import ModelError


class Neighbours(NamedTuple):
    """Instances of a data set, the most similar first.

    Attributes
    ----------
    ids
        int64, shape (n,): rows of the data set.
    similarities
        float64, shape (n,): the cosine with the instance that was asked for.
    rows
        Their features.
    """

    ids: NDArray[np.int64]
    similarities: NDArray[np.float64]
    rows: CSR


def nearest_positives(dataset: Dataset, label: int, instance: CSR, count: int) -> Neighbours:
    """Of the instances with a label the `count` most similar to one; of equal ones those of lower ids.

    Parameters
    ----------
    dataset
        Its features are transformed as the instance is. Only the label's instances are read.
    label
        The label's id.
    instance
        float32, one row.
    count
        How many; less if the label has less.

    Raises
    ------
    ArrayError
        If there is no such label, or the instance is not what `CSR`, with values, promises.
    ModelError
        If it is not one row of the data set's features.
    """
    checked_ids([label], dataset.n_labels, "label")
    check_features(instance, "instance")
    if (instance.n_rows, instance.n_columns) != (1, dataset.n_features):
        found = f"{instance.n_rows} rows, {instance.n_columns} features"
        raise ModelError(f"the instance: {found}; expected one row, {dataset.n_features} features")
    ids = dataset.label_instances.rows(label, label + 1).stored().indices.astype(np.int64)
    features = dataset.features.take(ids)
    rows = features.to_csr() if isinstance(features, Dense) else features
    matrix, x = rows.to_scipy().astype(np.float64), instance.to_scipy().astype(np.float64)
    norms = scipy.sparse.linalg.norm(matrix, axis=1) * scipy.sparse.linalg.norm(x)
    similarities = (matrix @ x.T).toarray()[:, 0] / np.where(norms > 0, norms, 1.0)
    order = np.argsort(-similarities, kind="stable")[:count]
    return Neighbours(ids[order], similarities[order], rows.take(order))
