"""What an evaluation found, for programs and for readers."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from itertools import pairwise
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import InstanceOf, RootModel, model_validator

from pwdismec.metrics.conventions import CONVENTIONS, PYXCLIB
from pwdismec.plain_text import aligned, counted

_MAX_K: Final = 2**31


@dataclass(frozen=True)
class GroupReport:
    """The share that labels of like training frequency have in the metrics.

    Attributes
    ----------
    name
        ``decile 1`` (rarest) … ``decile 10``, or ``unseen`` for labels without training positives.
    count_min, count_max
        The range of their training counts.
    n_labels
        How many labels they are.
    n_true
        How often they are true in the test rows.
    n_instances
        Test rows that have at least one of them.
    percent
        By metric and k, as ``P@1``. P, nDCG, PSP and PSnDCG are the group's part of the total: over the
        groups they sum to it. Recall, coverage and macro-F1 look at the group's labels alone.
    """

    name: str
    count_min: int
    count_max: int
    n_labels: int
    n_true: int
    n_instances: int
    percent: dict[str, float]


@dataclass(frozen=True)
class Report:
    """The metrics of one set of predictions.

    Attributes
    ----------
    percent
        By metric and k, as ``P@1``, ``macro-F1@5``: percentages, 0 … 100.
    metrics
        The metrics present: without training counts there are no PSP and PSnDCG.
    ks
        The k's.
    n_instances, n_labels
        Test rows and labels.
    n_unlabelled
        Test rows without a true label; they are counted in P, nDCG and recall, and gain nothing.
    n_pairs
        Pairs of a test row and a true label.
    n_unseen_labels, n_unseen_pairs
        The true labels without training positives, and their pairs; None without training counts.
    filtered
        Pairs that a filter has taken out of the truth, and out of the predictions; None without one.
    ks_left_out
        The default k's for which the predictions have no places.
    convention
        Whose way it is, where they differ (`pwdismec.metrics.conventions`).
    propensity
        (A, B) of the propensity model, None without training counts.
    paper_reranking
        Whether PSP and PSnDCG are of the paper's reordering of the best five.
    by_frequency
        The groups, rarest first; None if not asked for.
    per_label
        Columns of shape (n_labels,), by name: ``positives``, ``inverse_propensity``, and for each k, as
        ``hits@5``, ``predicted``, ``hits`` (rows), ``precision``, ``recall``, ``F1`` (percent), ``PSP_gain``
        and ``PSP_best``, whose sums' ratio is PSP; None if not asked for.
    """

    percent: dict[str, float]
    metrics: tuple[str, ...]
    ks: tuple[int, ...]
    n_instances: int
    n_labels: int
    n_unlabelled: int
    propensity: tuple[float, float] | None
    paper_reranking: bool
    by_frequency: tuple[GroupReport, ...] | None
    n_pairs: int | None = None
    n_unseen_labels: int | None = None
    n_unseen_pairs: int | None = None
    filtered: tuple[int, int] | None = None
    ks_left_out: tuple[int, ...] = ()
    convention: str = PYXCLIB
    per_label: InstanceOf[dict] | None = field(default=None, compare=False, repr=False)  # type: ignore[type-arg]

    def to_dict(self) -> dict[str, Any]:
        """The same as plain dictionaries, lists, strings and numbers, for JSON; without what is by label."""
        found = asdict(replace(self, per_label=None))
        del found["per_label"]
        return found

    def to_text(self) -> str:
        """A table of the metrics, and one more for each k by frequency, with the terms they stand on."""
        header = ["", *(f"@{k}" for k in self.ks)]
        rows = [[metric, *(self._cell(self.percent, metric, k) for k in self.ks)] for metric in self.metrics]
        blocks = [self._terms(), aligned([header, *rows])]
        if self.by_frequency is not None:
            blocks += [f"By training frequency, @{k}:\n{self._frequency_table(k)}" for k in self.ks]
        return "\n\n".join(blocks)

    def _terms(self) -> str:
        left_out = CONVENTIONS[self.convention].labelled_alone
        lines = terms(self, "left out" if left_out else "counted, gaining nothing")
        if self.ks_left_out:
            at = ", ".join(f"@{k}" for k in self.ks_left_out)
            lines.append(f"{at}: left out, as no instance has so many predicted labels")
        if self.convention != PYXCLIB:
            lines.append(f"convention: {self.convention}")
        if self.propensity is not None:
            a, b = self.propensity
            order = "reordered as in the paper's code" if self.paper_reranking else "in the order predicted"
            lines.append(f"PSP, PSnDCG: A = {a:g}, B = {b:g}; {order}")
        return "\n".join(lines)

    def _frequency_table(self, k: int) -> str:
        header = ["", "count", "labels", "true", *self.metrics]
        rows = [
            [
                group.name,
                f"{group.count_min}–{group.count_max}",
                f"{group.n_labels}",
                f"{group.n_true}",
                *(self._cell(group.percent, metric, k) for metric in self.metrics),
            ]
            for group in self.by_frequency or ()
        ]
        return aligned([header, *rows])

    @staticmethod
    def _cell(percent: dict[str, float], metric: str, k: int) -> str:
        return f"{percent[f'{metric}@{k}']:.2f}"


class _Terms(Protocol):
    """What reports of every kind stand on."""

    @property
    def n_instances(self) -> int: ...
    @property
    def n_labels(self) -> int: ...
    @property
    def n_unlabelled(self) -> int: ...
    @property
    def n_pairs(self) -> int | None: ...
    @property
    def n_unseen_labels(self) -> int | None: ...
    @property
    def n_unseen_pairs(self) -> int | None: ...
    @property
    def filtered(self) -> tuple[int, int] | None: ...


def terms(report: _Terms, unlabelled: str = "counted, gaining nothing") -> list[str]:
    """What a report stands on, in lines; `unlabelled` says what is done with rows without a true label."""
    sizes = f"{counted(report.n_instances, 'test instance')}, {counted(report.n_labels, 'label')}"
    lines = [f"{sizes}; percentages"]
    if report.n_unlabelled:
        lines.append(f"without a true label: {counted(report.n_unlabelled, 'instance')}, {unlabelled}")
    if report.n_unseen_labels and report.n_unseen_pairs and report.n_pairs:
        share = 100 * report.n_unseen_pairs / report.n_pairs
        labels, verb = (
            counted(report.n_unseen_labels, "label"),
            "is" if report.n_unseen_labels == 1 else "are",
        )
        lines.append(f"{labels} of the truth {verb} not in the training set: {share:.1f} % of its pairs")
    if report.filtered is not None:
        true, predicted = report.filtered
        lines.append(f"filtered: {counted(true, 'pair')} of the truth, {predicted:,} of the predictions")
    return lines


def unseen(n_true: NDArray[np.int64], label_counts: NDArray[np.integer] | None) -> dict[str, int]:
    """How many true labels have no training positives, and their pairs, by the fields of a report.

    `n_true` has the pairs of each label, shape (n_labels,), as `label_counts`.
    """
    if label_counts is None:
        return {}
    of_unseen = n_true[label_counts == 0]
    return {"n_unseen_labels": int((of_unseen > 0).sum()), "n_unseen_pairs": int(of_unseen.sum())}


class StoredReport(RootModel[Report]):
    """A report in a JSON file, whose metrics are those that it names."""

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> StoredReport:
        report = self.root
        if not report.ks or not all(0 < k < next_k for k, next_k in pairwise((*report.ks, _MAX_K))):
            raise ValueError("ks: expected rising numbers")
        if not report.metrics:
            raise ValueError("metrics: none; expected at least one")
        if report.convention not in CONVENTIONS:
            raise ValueError(f"convention: expected one of {', '.join(CONVENTIONS)}")
        for percent in (report.percent, *(group.percent for group in report.by_frequency or ())):
            missing = {f"{metric}@{k}" for metric in report.metrics for k in report.ks} - percent.keys()
            if missing:
                raise ValueError(f"percent: {min(missing)}: is missing")
        return self
