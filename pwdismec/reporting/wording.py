"""What a report says in sentences."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pwdismec.reporting.by_class import hits_by_label
from pwdismec.reporting.content import Content
from pwdismec.reporting.gain_margins import Gain, verdict


class Verdict(NamedTuple):
    """Whether a method helped; `kind` is better, worse or unclear."""

    method: str
    text: str
    kind: str


def verdicts(content: Content) -> list[Verdict]:
    """One for each method that has gains in both P and PSP."""
    return [
        Verdict(
            name,
            f"{verdict(psp, precision)}: PSP {percent(psp)}, P {percent(precision)}",
            _kind(psp, precision),
        )
        for name, gains in content.gains.items()
        if (psp := gains["PSP"]) is not None and (precision := gains["P"]) is not None
    ]


def percent(gain: Gain) -> str:
    """A gain with its margin."""
    return f"{gain.value:+.1f} ± {gain.margin:.1f} %".replace("-", "−")


def _kind(psp: Gain, precision: Gain) -> str:
    signs = {psp.sign, precision.sign} - {0}
    return {frozenset({1}): "better", frozenset({-1}): "worse"}.get(frozenset(signs), "unclear")


def tail_words(content: Content) -> str:
    """How many labels of the rarer half are found at all, by each method."""
    comparison = content.comparison
    counts, truth, k = comparison.label_counts, comparison.test.labels, comparison.ks[-1]
    occurring = counts[counts > 0]
    most = int(np.median(occurring)) if len(occurring) else 0
    rare = (counts > 0) & (counts <= most)
    there = rare & (truth.column_counts() > 0)
    found = [
        f"{method.name} {int((hits_by_label(method.top.labels, truth, k)[there] > 0).sum()):,}"
        for method in comparison.methods
    ]
    return (
        f"The rarer half: {int(rare.sum()):,} labels have at most {most:,} training positives. "
        f"{int(there.sum()):,} of them are true in the test set; "
        f"found there among the first {k} are {', '.join(found)}."
    )
