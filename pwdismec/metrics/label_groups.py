"""Labels in ten groups by training frequency."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

N_DECILES = 10


class LabelGroup(NamedTuple):
    """Some labels of like frequency: its name, the range of their training counts, how many they are."""

    name: str
    count_min: int
    count_max: int
    n_labels: int


def frequency_groups(label_counts: NDArray[np.integer]) -> tuple[NDArray[np.int64], list[LabelGroup]]:
    """Ten groups of as equal a number of labels as can be, rarest first, and one of the unseen labels.

    Labels with training positives are sorted by their number, ties by id, and cut into ten runs, of which
    the first are one label longer where ten does not divide their number; with fewer than ten such labels
    there are fewer groups. Labels without training positives form a last group, ``unseen``, if there are
    any.

    Parameters
    ----------
    label_counts
        Integers, shape (n_labels,).

    Returns
    -------
    group_of
        int64, shape (n_labels,): the group of each label.
    groups
        The groups, in order.
    """
    order = np.argsort(label_counts, kind="stable")
    n_unseen = int((label_counts == 0).sum())
    runs = [run for run in np.array_split(order[n_unseen:], N_DECILES) if len(run)]
    names = [f"decile {i}" for i in range(1, len(runs) + 1)]
    if n_unseen:
        runs, names = [*runs, order[:n_unseen]], [*names, "unseen"]
    group_of = np.empty(len(label_counts), np.int64)
    groups = []
    for number, (name, run) in enumerate(zip(names, runs, strict=True)):
        group_of[run] = number
        groups.append(LabelGroup(name, int(label_counts[run[0]]), int(label_counts[run[-1]]), len(run)))
    return group_of, groups
