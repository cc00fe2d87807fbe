"""A part of the training data held out to judge by."""

from __future__ import annotations

import numpy as np

from pwdismec.bounds import real_number
from pwdismec.data.dataset import Dataset
from pwdismec.errors import ConfigError, DataError


def n_held_out(n_instances: int, share: float) -> int:
    """How many instances are held out.

    Raises
    ------
    ConfigError
        If `share` is not between 0 and 1, or leaves one of the two parts without instances.
    """
    share = real_number("holdout", share, lambda value: 0 < value < 1, "a share above 0 and below 1")
    count = round(share * n_instances)
    if not 0 < count < n_instances:
        raise ConfigError(f"holdout: {share} of {n_instances} instances is {count}; expected some, not all")
    return count


def split(dataset: Dataset, share: float, seed: int) -> tuple[Dataset, Dataset]:
    """The part to train on and the part held out, in memory: instances at random, in their order.

    Raises
    ------
    ConfigError
        As `n_held_out`.
    DataError
        If no instance of one of the parts has a label.
    """
    count = n_held_out(dataset.n_instances, share)
    order = np.random.default_rng(seed).permutation(dataset.n_instances)
    training, held_out = (dataset.select_instances(np.sort(ids)) for ids in (order[count:], order[:count]))
    for what, part in (("training", training), ("held-out", held_out)):
        if part.labels.nnz == 0:
            raise DataError(dataset.path or "data set", f"no instance of the {what} part has a label")
    return training, held_out
