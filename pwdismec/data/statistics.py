"""The shape of a data set: how large it is, and how its labels are distributed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pwdismec.data.dataset import Dataset

TAIL_LIMITS = (1, 5, 10, 100)


@dataclass(frozen=True)
class Statistics:
    """A summary of a data set. Shares are between 0 and 1, and 0 where there is nothing to share.

    Attributes
    ----------
    n_instances, n_features, n_labels, nnz, label_nnz
        Sizes; `nnz` counts stored feature values, `label_nnz` pairs of an instance and a label.
    features_per_instance, labels_per_instance
        Means over all instances.
    instances_per_label
        Mean over the labels that some instance has.
    labels_unused
        Labels that no instance has.
    tail_shares
        For each limit of `TAIL_LIMITS`: the share, of the labels in use, that at most so many instances
        have.
    head_mass, tail_mass
        Of all pairs, the share that the most frequent 10 % of the labels in use take (rounded up to a
        whole label), and the share of the least frequent 80 % (rounded down).
    instances_without_features, instances_without_labels
        Empty rows.
    untrained_labels, untrained_pairs
        Of a data set that was converted like a training set: its labels that this one does not have, and in
        how many pairs they are; else None.
    ignored_values
        Feature values that were left out then, as the training set does not have the features; else None.
    """

    n_instances: int
    n_features: int
    n_labels: int
    nnz: int
    label_nnz: int
    features_per_instance: float
    labels_per_instance: float
    instances_per_label: float
    labels_unused: int
    tail_shares: dict[int, float]
    head_mass: float
    tail_mass: float
    instances_without_features: int
    instances_without_labels: int
    untrained_labels: int | None = None
    untrained_pairs: int | None = None
    ignored_values: int | None = None

    @classmethod
    def of(cls, dataset: Dataset) -> Statistics:
        """The statistics of `dataset`."""
        counts = np.sort(dataset.label_counts[dataset.label_counts > 0])
        used, pairs = len(counts), int(counts.sum())
        head, tail = -(-used // 10), used * 8 // 10
        besides = {}
        if dataset.like is not None:
            untrained = dataset.label_counts[dataset.like.n_labels :]
            besides = {
                "untrained_labels": len(untrained),
                "untrained_pairs": int(untrained.sum()),
                "ignored_values": dataset.like.ignored_values,
            }
        return cls(
            n_instances=dataset.n_instances,
            n_features=dataset.n_features,
            n_labels=dataset.n_labels,
            nnz=dataset.features.nnz,
            label_nnz=pairs,
            features_per_instance=_share(dataset.features.nnz, dataset.n_instances),
            labels_per_instance=_share(pairs, dataset.n_instances),
            instances_per_label=_share(pairs, used),
            labels_unused=dataset.n_labels - used,
            tail_shares={limit: _share(int((counts <= limit).sum()), used) for limit in TAIL_LIMITS},
            head_mass=_share(int(counts[used - head :].sum()), pairs),
            tail_mass=_share(int(counts[:tail].sum()), pairs),
            instances_without_features=int((dataset.features.row_lengths == 0).sum()),
            instances_without_labels=int((dataset.labels.row_lengths == 0).sum()),
            **besides,
        )

    def rows(self) -> list[tuple[str, str]]:
        """What is told of the data set, and how much it is."""
        rows = [
            ("instances", f"{self.n_instances:,}"),
            ("features", f"{self.n_features:,}"),
            ("labels", f"{self.n_labels:,}"),
            ("feature values", f"{self.nnz:,}"),
            ("features an instance", f"{self.features_per_instance:.2f}"),
            ("labels an instance", f"{self.labels_per_instance:.2f}"),
            ("instances a label in use", f"{self.instances_per_label:.2f}"),
            ("labels without instances", f"{self.labels_unused:,}"),
            *(
                (f"labels with ≤ {limit}", f"{100 * share:.1f} %")
                for limit, share in self.tail_shares.items()
            ),
            ("pairs in the top 10 % labels", f"{100 * self.head_mass:.1f} %"),
            ("pairs in the last 80 % labels", f"{100 * self.tail_mass:.1f} %"),
            ("instances without features", f"{self.instances_without_features:,}"),
            ("instances without labels", f"{self.instances_without_labels:,}"),
        ]
        if self.untrained_labels is not None and self.untrained_pairs is not None:
            share = 100 * _share(self.untrained_pairs, self.label_nnz)
            rows += [
                ("labels not in the training set", f"{self.untrained_labels:,}"),
                ("pairs of these labels", f"{self.untrained_pairs:,} ({share:.1f} %)"),
            ]
        if self.ignored_values:
            rows.append(("values of unknown features, ignored", f"{self.ignored_values:,}"))
        return rows

    def __str__(self) -> str:
        rows = self.rows()
        left, right = (max(map(len, column)) for column in zip(*rows, strict=True))
        return "\n".join(f"{name:<{left}}  {value:>{right}}" for name, value in rows)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
