"""All that a report shows, computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from pwdismec.data.shown_labels import ShownLabels
from pwdismec.progress import Watch, unwatched
from pwdismec.reporting.by_class import ByClass, by_class, scored_labels
from pwdismec.reporting.classes import FrequencyClasses, frequency_classes
from pwdismec.reporting.compared_runs import Comparison
from pwdismec.reporting.gain_margins import Gain, mean_gain, row_gains
from pwdismec.reporting.label_facts import LabelFacts, label_facts
from pwdismec.reporting.pruning_curve import PruningPoint, pruning_curve
from pwdismec.reporting.worst import WorstLabel, worst_labels
from pwdismec.weighting import inverse_propensities

LABELS_SHOWN = 10
_EXAMPLES = 2


@dataclass(frozen=True, eq=False)
class Content:
    """What is drawn and listed; lists go by method, in the order of `comparison`.

    Attributes
    ----------
    gains
        Of each method but the baseline, each metric's gain over it; None where the baseline has 0. Empty
        without a baseline.
    first, last
        By class of label frequency at the first and the last k.
    """

    comparison: Comparison
    gains: Mapping[str, Mapping[str, Gain | None]]
    classes: FrequencyClasses
    first: list[ByClass]
    last: list[ByClass]
    facts: list[LabelFacts]
    pruning: list[list[PruningPoint]]
    worst: list[WorstLabel]

    @cached_property
    def labels(self) -> ShownLabels:
        """The labels of the test set."""
        return ShownLabels(self.comparison.test)

    @property
    def feature_names(self) -> Sequence[str] | None:
        """A name for each feature: the data set's own, or else the words of texts; None if it has neither."""
        train, model = self.comparison.train, self.comparison.methods[0].model
        if train.feature_names is None and model.vectorizer is not None:
            return model.text_vectorizer.feature_names
        return train.feature_names

    @classmethod
    def of(cls, comparison: Comparison, jobs: int, watch: Watch = unwatched) -> Content:
        """Compute it in `jobs` threads, at least 1; models are read shard by shard."""
        train, test, methods, ks = comparison.train, comparison.test, comparison.methods, comparison.ks
        classes = frequency_classes(comparison.label_counts)
        inverse = inverse_propensities(comparison.label_counts, train.n_instances, *_propensity(comparison))

        def cut(k: int) -> list[ByClass]:
            return [by_class(m.top, test.labels, m.report, inverse, classes, k) for m in methods]

        rows = {
            method.name: row_gains(
                method.top.labels,
                scored_labels(method.top, method.report, inverse),
                test.labels,
                ks,
                inverse,
            )
            for method in methods
        }
        base = comparison.baseline
        gains = {
            method.name: {metric: mean_gain(own, rows[base.name][metric]) for metric, own in found.items()}
            for method, found in zip(methods, rows.values(), strict=True)
            if base is not None and method is not base
        }
        facts, pruning = [], []
        with watch("report", "models") as update:
            update(0, len(methods))
            for number, method in enumerate(methods, start=1):
                facts.append(label_facts(method.model))
                pruning.append(pruning_curve(method.model, method.report, train, test, jobs))
                update(number, len(methods))
        worst = worst_labels([m.top for m in methods], train, test, ks[-1], LABELS_SHOWN, _EXAMPLES)
        return cls(comparison, gains, classes, cut(ks[0]), cut(ks[-1]), facts, pruning, worst)


def _propensity(comparison: Comparison) -> tuple[float, float]:
    found = comparison.methods[0].report.propensity
    assert found is not None
    return found
