"""The labels that a report lists: the slowest, and those missed most."""

from __future__ import annotations

import math

from pwdismec.quoting import shown_name
from pwdismec.reporting import markup
from pwdismec.reporting.content import LABELS_SHOWN, Content
from pwdismec.reporting.label_facts import LabelFacts
from pwdismec.reporting.worst import Example, WorstLabel


def slowest(content: Content) -> str:
    """A table for each method."""
    parts = []
    for method, facts in zip(content.comparison.methods, content.facts, strict=True):
        rows = [_facts_of(content, facts, int(place)) for place in facts.slowest(LABELS_SHOWN)]
        header = [method.name, "training positives", "epochs", "gap", "weights"]
        parts.append(markup.table(header, rows))
    return markup.tag("div", "\n".join(parts), "beside")


def worst(content: Content) -> str:
    """How often each is found, and test instances where it is not."""
    k, methods = content.comparison.ks[-1], content.comparison.methods
    counts = content.comparison.label_counts
    header = ["", "training positives", "true in test", *(f"found by {m.name}" for m in methods)]
    rows = [
        [content.labels.brief(w.label), f"{counts[w.label]:,}", f"{w.n_true:,}", *(f"{n:,}" for n in w.found)]
        for w in content.worst
    ]
    note = (
        f"Trained labels that are true in the test set but most often not among the first {k}, "
        "by all methods together. Examples: test instances, their strongest features, and what was said; "
        "what is right is ticked."
    )
    examples = "\n".join(_examples(content, label) for label in content.worst)
    return markup.text("p", note, "note") + markup.table(header, rows) + examples


def _facts_of(content: Content, facts: LabelFacts, place: int) -> list[str]:
    return [
        content.labels.brief(int(facts.label_ids[place])),
        f"{facts.positives[place]:,}",
        f"{facts.epochs[place]:,}",
        "–" if math.isnan(facts.gap[place]) else f"{facts.gap[place]:.1e}",
        f"{facts.weights[place]:,}",
    ]


def _examples(content: Content, label: WorstLabel) -> str:
    shown = "".join(_example(content, example) for example in label.examples)
    return markup.tag(
        "details", markup.text("summary", f"Examples of {content.labels.brief(label.label)}") + shown
    )


def _example(content: Content, example: Example) -> str:
    names, ids = content.feature_names, content.comparison.test.record_ids
    called = "" if ids is None else f" ({shown_name(ids[example.row])})"
    lines = [markup.text("b", f"test instance {example.row:,}{called}")]
    if names is not None:
        lines.append(markup.text("i", ", ".join(shown_name(names[feature]) for feature in example.features)))
    lines.append("true: " + markup.chips((content.labels.brief(label), False) for label in example.true))
    for method, predicted in zip(content.comparison.methods, example.predicted, strict=True):
        chips = markup.chips((content.labels.brief(label), label in example.true) for label in predicted)
        lines.append(markup.text("span", f"{method.name}: ") + chips)
    return markup.tag("div", "<br>\n".join(lines), "example")
