"""pwdismec suggest."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from textwrap import shorten
from typing import Any

import click

from pwdismec.data.shown_labels import ShownLabels
from pwdismec.errors import DataError
from pwdismec.model.explanation import Explanation
from pwdismec.quoting import json_line, shown_name
from pwdismec.steps.suggest import Suggester, Suggestion, numbered_lines

from . import options
from .examples import example
from .streams import print_text

# Words a label that are shown to people; --json has all.
_SHOWN = 8

_WIDTH = 110
_INDENT = " " * 11
_UNKNOWN = "the model knows no word of it"
_BLANK = "a blank line"


@click.command(
    "suggest",
    epilog=example(
        'pwdismec suggest model "Einführung in die Quantenmechanik" --explain',
        "cut -f 2 titles.tsv | pwdismec suggest model --top-k 3 --json",
        'pwdismec suggest model "Einführung in die Optik" --probabilities',
        'pwdismec suggest model "Laser physics" --label Optik --neighbours 3 --data data/train',
    ),
)
@click.argument("model", type=options.INPUT)
@click.argument("text", required=False)
@click.option("--top-k", type=options.WHOLE, default=5, show_default=True, metavar="N", help="Labels a text.")
@click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="LABEL",
    help="Score this label, a URI, a name or an id, instead of the best ones; may be repeated.",
)
@click.option(
    "--probabilities",
    is_flag=True,
    help="Say probabilities in place of scores; the labels are still those of the best scores.",
)
@click.option("--explain", is_flag=True, help="Say which words make each score.")
@click.option(
    "--neighbours",
    default=0,
    metavar="N",
    help="With each label, the N training instances that have it and are most like the text.",
)
@click.option(
    "--data", type=options.INPUT, metavar="DATASET", help="What MODEL was trained on, for --neighbours."
)
@click.option("--json", "as_json", is_flag=True, help="As JSON, a line for each text.")
def command(
    model: Path,
    text: str | None,
    top_k: int,
    labels: tuple[str, ...],
    probabilities: bool,
    explain: bool,
    neighbours: int,
    data: Path | None,
    as_json: bool,
) -> None:
    """Suggest labels for TEXT, or for each line of standard input.

    MODEL was trained on texts. A text that is a JSON object is a record with some of the model's fields; any
    other is the text of its first field. A score is the sum of a bias, which each label has, and of what each
    word of the text adds or takes: its value in the text times its weight for the label.

    --probabilities is for models that were calibrated; --explain and --json say the scores, too.
    """
    if (neighbours > 0) != (data is not None):
        raise click.UsageError("--neighbours and --data go together")
    suggester = Suggester(
        model, top_k=top_k, labels=labels, neighbours=neighbours, data=data, probabilities=probabilities
    )
    source, texts = _texts(text)
    for line, one in texts:
        if line is not None and not one.strip():  # each line has an answer
            print_text(_json(None, [], explain) if as_json else f"({_BLANK})")
            continue
        record = suggester.record(one, source, line)
        suggestions = suggester.suggest(record)
        if not suggestions and text is not None:
            raise DataError(source, _UNKNOWN)
        if as_json:
            print_text(_json(suggester.record_id(one, source, line), suggestions, explain))
        else:
            print_text(_text(record, suggestions, suggester.labels, explain))


def _texts(text: str | None) -> tuple[str, Iterable[tuple[int | None, str]]]:
    if text is not None:
        return "TEXT", [(None, text)]
    return "standard input", numbered_lines(sys.stdin.buffer, "standard input")


def _json(record_id: str | None, suggestions: list[Suggestion], explain: bool) -> str:
    called = {} if record_id is None else {"id": record_id}
    return json_line({**called, "labels": [_row(suggestion, explain) for suggestion in suggestions]})


def _row(suggestion: Suggestion, explain: bool) -> dict[str, Any]:
    explanation, neighbours, probability = suggestion
    called = _known({"uri": explanation.label_uri, "label": explanation.label_name})
    row: dict[str, Any] = {**called, "id": explanation.label, "score": explanation.score}
    if probability is not None:
        row["probability"] = probability
    if explain:
        row["bias"] = explanation.bias
        row["words"] = [contribution._asdict() for contribution in explanation.contributions]
    if neighbours:
        row["neighbours"] = [_known(neighbour._asdict()) for neighbour in neighbours]
    return row


def _known(entries: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entries.items() if value is not None}


def _text(
    record: Mapping[str, str], suggestions: list[Suggestion], labels: ShownLabels, explain: bool
) -> str:
    lines = [shown_name(shorten(next(filter(str.strip, record.values())), _WIDTH, placeholder=" …"))]
    if not suggestions:
        lines.append(f"  ({_UNKNOWN})")
    for explanation, neighbours, probability in suggestions:
        name = labels.full(explanation.label)
        if probability is None:
            lines.append(f"  {explanation.score:7.3f}  {name}")
        else:  # words add up to a score
            lines.append(f"  {probability:7.3f}  {name}" + f", score {explanation.score:.3f}" * explain)
        if explain:
            lines.append(f"{_INDENT}{_words(explanation)}")
        for number, similarity, shared, record_id in neighbours:
            words = ", ".join(map(shown_name, shared)) or "no word in common"
            called = "" if record_id is None else f" ({shown_name(record_id)})"
            lines.append(f"{_INDENT}instance {number}{called}, similarity {similarity:.2f}: {words}")
    return "\n".join(lines)


def _words(explanation: Explanation) -> str:
    shown, rest = explanation.contributions[:_SHOWN], explanation.contributions[_SHOWN:]
    parts = [f"{c.amount:+.3f} {shown_name(c.name)}" for c in shown]
    if rest:
        parts.append(f"{sum(c.amount for c in rest):+.3f} {len(rest)} more")
    return ", ".join([*parts, f"{explanation.bias:+.3f} bias"])
