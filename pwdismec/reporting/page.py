"""The report as one HTML page: no scripts, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

from pwdismec.reporting import markup
from pwdismec.reporting.content import Content
from pwdismec.reporting.lists import slowest, worst
from pwdismec.reporting.pruning_curve import tried_rows
from pwdismec.reporting.report_tables import data_table, gains_table, metrics_table, settings_table
from pwdismec.reporting.wording import tail_words, verdicts

_META = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #111; background: #fff; max-width: 66rem;
       margin: 2rem auto; padding: 0 1rem }
h1, h2, h3 { line-height: 1.2; margin: 2rem 0 .5rem }
h2 { border-top: 1px solid #ccc; padding-top: 1rem }
img { width: 100%; height: auto }
.wide { overflow-x: auto }
.beside > .wide { display: inline-block; vertical-align: top; margin-right: 2rem }
table { border-collapse: collapse; margin: .5rem 0 }
th, td { padding: .15rem .7rem; text-align: right; border-bottom: 1px solid #e4e4e4; white-space: nowrap }
th:first-child { text-align: left; font-weight: normal }
tr:first-child th { font-weight: bold; white-space: normal; vertical-align: bottom }
.best { font-weight: bold }
.verdict { font-size: 1.25rem; border-left: .4rem solid #999; padding: .3rem 1rem; margin: .5rem 0 }
.better { border-color: #009E73 } .worse { border-color: #D55E00 }
.note { color: #444 }
.label, .right { border: 1px solid #bbb; border-radius: .3rem; padding: 0 .3rem; margin: .1rem 0;
                 display: inline-block }
.right { border-color: #0072B2; color: #0072B2; font-weight: bold }
details { margin: .3rem 0 } summary { cursor: pointer }
.example { margin: .3rem 0 .8rem 1.5rem }
"""


def page(content: Content, plots: Mapping[str, bytes]) -> str:
    """The whole page; `plots` are SVG files by name."""
    title = f"{content.comparison.title}: report"
    parts = [
        markup.text("h1", title),
        *_summary(content, plots),
        *_tail(content, plots),
        *_training(content, plots),
        *_size(content, plots),
        markup.text("h2", "Labels missed most"),
        worst(content),
        markup.text("h2", "Settings"),
        settings_table(content),
    ]
    head = markup.tag("head", f"{_META}{markup.text('title', title)}<style>{_STYLE}</style>")
    body = markup.tag("body", "\n".join(parts))
    return f'<!DOCTYPE html>\n<html lang="en">{head}\n{body}</html>\n'


def _summary(content: Content, plots: Mapping[str, bytes]) -> list[str]:
    parts = [
        markup.text("p", f"{verdict.method} {verdict.text}", f'"verdict {verdict.kind}"')
        for verdict in verdicts(content)
    ]
    if content.gains:
        note = (
            "The mean over the k's of (value − baseline)/baseline, in percent (Eq. 30 of the paper). "
            "± is the 95 % interval: how much it could differ on other test instances of the same kind."
        )
        parts += [
            markup.image(plots["gains"], "relative gains"),
            markup.text("p", note, "note"),
            gains_table(content),
        ]
    else:
        parts.append(
            markup.text("p", "No vanilla model among these, so there are no relative gains.", "note")
        )
    return [
        *parts,
        markup.text("h2", "Metrics"),
        markup.image(plots["metrics"], "metrics by method and k"),
        markup.text("p", "In percent; the best of each row is bold.", "note"),
        metrics_table(content),
    ]


def _tail(content: Content, plots: Mapping[str, bytes]) -> list[str]:
    parts = "The bars of a method sum to its P or PSP over all labels."
    tail = (
        "Recall: of all that is true of the class's labels, the share that is found. "
        "Coverage: of its labels that are true somewhere, the share that is found somewhere."
    )
    return [
        markup.text("h2", "By label frequency"),
        markup.image(plots["parts"], "P and PSP by class of label frequency"),
        markup.text("p", parts, "note"),
        markup.text("h3", "Coverage of the tail"),
        markup.text("p", tail_words(content)),
        markup.image(plots["tail"], "recall and coverage by class of label frequency"),
        markup.text("p", tail, "note"),
        markup.text("h2", "The data"),
        markup.image(plots["frequency"], "label frequency by rank"),
        data_table(content),
    ]


def _training(content: Content, plots: Mapping[str, bytes]) -> list[str]:
    note = (
        "The gap bounds how far a label's weights, before pruning, are from the optimum: "
        "a curve far to the left is good. "
    )
    if any(facts.tolerance is not None for facts in content.facts):
        note += "All of it belongs left of the dotted line, which is what training promised."
    slow = "By epochs, which labels that are solved side by side share; time is not recorded by label."
    return [
        markup.text("h2", "Training"),
        markup.image(plots["certificates"], "certified gaps and epochs"),
        markup.text("p", note, "note"),
        markup.text("h3", "Slowest labels"),
        markup.text("p", slow, "note"),
        slowest(content),
    ]


def _size(content: Content, plots: Mapping[str, bytes]) -> list[str]:
    n_test = content.comparison.test.n_instances
    n_tried = len(tried_rows(n_test))
    tried = "all test instances" if n_tried == n_test else f"{n_tried:,} of the {n_test:,} test instances"
    note = (
        "The stored models (large open marks) thresholded upwards, to about half the weights each time, "
        f"without a refit; measured on {tried}. What training cut (see the settings) is not in the models."
    )
    return [
        markup.text("h2", "Size"),
        markup.image(plots["weights"], "weights a label"),
        markup.text("h3", "Pruning"),
        markup.image(plots["pruning"], "accuracy against weights a label"),
        markup.text("p", note, "note"),
    ]
