"""pwdismec suggest."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten
from typing import IO, Any

import click

from pwdismec.data.shown_labels import ShownLabels
from pwdismec.errors import DataError
from pwdismec.files import replacing_file
from pwdismec.model.explanation import Explanation
from pwdismec.quoting import json_line, shown_name
from pwdismec.steps.suggest import TOP_K, Suggester, Suggestion, numbered_lines

from . import options
from .command import INPUT, STDOUT
from .command import command as subcommand
from .messages import say, warn
from .streams import json_output, print_text

# Words per label that are shown to people; --json has all.
_SHOWN = 8

_WIDTH = 110
_INDENT = " " * 11
_UNKNOWN = "the model knows no word of it"
_BELOW = "no label reaches its threshold"
_STDIN = "standard input"


@subcommand(
    "suggest",
    'pwdismec suggest model "Einführung in die Quantenmechanik" --explain',
    "cut -f 2 titles.tsv | pwdismec suggest model --top-k 3 --json",
    'pwdismec suggest model "Einführung in die Optik" --sets micro-f1 --probabilities',
    'pwdismec suggest model "Laser physics" --label Optik --neighbours 3 --train data/train',
)
@click.argument("model", type=INPUT)
@click.argument("text", required=False)
@click.option(
    "--top-k",
    type=options.WHOLE,
    metavar="N",
    help=f"Labels per text, at most.  [default: {TOP_K}; with --sets: all above their thresholds]",
)
@click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="LABEL",
    help="Score this label (URI, name or id) instead of the best ones; repeatable.",
)
@options.probabilities
@options.sets
@click.option("--explain", is_flag=True, help="Show which words make each score.")
@click.option(
    "--neighbours",
    default=0,
    metavar="N",
    help="Show for each label the N training instances that have it and are most similar to the text.",
)
@click.option("--train", type=INPUT, metavar="DATASET", help="The training set of MODEL, for --neighbours.")
@options.json_file
@options.overwrite
def command(
    model: Path,
    text: str | None,
    top_k: int | None,
    labels: tuple[str, ...],
    probabilities: bool,
    sets: str | None,
    explain: bool,
    neighbours: int,
    train: Path | None,
    json_file: Path | None,
    overwrite: bool,
) -> None:
    """Suggest labels for TEXT, or for each line of standard input.

    MODEL was trained on texts. A text that is a JSON object is a record with some of the model's fields; any
    other is the text of its first field. A score is the sum of the label's bias and, for each word, its value
    in the text times its weight for the label. --json gives a line for each text.

    --probabilities and --sets require a calibrated model; --explain and --json show the scores as well.
    """
    if (neighbours > 0) != (train is not None):
        raise click.UsageError("--neighbours and --train require each other")
    if sets is not None and labels:
        raise click.UsageError("--sets and --label exclude each other")
    json_file = json_output(json_file, [model, train], overwrite=overwrite)
    suggester = Suggester(
        model,
        top_k=top_k,
        labels=labels,
        neighbours=neighbours,
        data=train,
        probabilities=probabilities,
        sets=sets,
        explain=explain,
    )
    nothing = _UNKNOWN if sets is None else _BELOW
    with _json_lines(json_file, overwrite) as lines:
        answers = _Answers(suggester, json_file, lines, nothing)
        if text is None:
            answers.print_lines()
        else:
            answers.print_one(text, "TEXT")


@contextmanager
def _json_lines(path: Path | None, overwrite: bool) -> Iterator[IO[str] | None]:
    """The file of --json, if there is one."""
    if path is None or path == STDOUT:
        yield None
        return
    with replacing_file(path, overwrite=overwrite) as aside, aside.open("w", encoding="utf-8") as file:
        yield file


@dataclass(frozen=True)
class _Answers:
    """Prints what is suggested, as text, as JSON, or both."""

    suggester: Suggester
    json_file: Path | None
    lines: IO[str] | None
    nothing: str

    def print_lines(self) -> None:
        """Answer each line of standard input; one without text gets no labels, and is counted."""
        if sys.stdin.isatty():
            say("reading texts from standard input, one per line; end with Ctrl-D")
        number = empty = 0
        for number, text in numbered_lines(sys.stdin.buffer, _STDIN):
            if self.suggester.has_text(text, _STDIN, number):
                self.print_one(text, _STDIN, number)
            else:
                empty += 1
                self._print([], "(no text)", self.suggester.record_id(text, _STDIN, number))
        if empty:
            warn(f"{_STDIN}: {empty:,} of {number:,} lines without text; no labels are suggested for them")

    def print_one(self, text: str, source: str, line: int | None = None) -> None:
        """Answer a text; DataError where it is not one of several, and the model knows no word of it."""
        record = self.suggester.record(text, source, line)
        found = self.suggester.suggest(record)
        if not found and line is None and self.nothing == _UNKNOWN:
            raise DataError(source, _UNKNOWN)
        shown = _text(record, found, self.suggester.labels, self.nothing)
        self._print(found, shown, self.suggester.record_id(text, source, line))

    def _print(self, suggestions: list[Suggestion], text: str, record_id: str | None) -> None:
        if self.lines is not None:
            print(_json(record_id, suggestions), file=self.lines)
        print_text(_json(record_id, suggestions) if self.json_file == STDOUT else text)


def _json(record_id: str | None, suggestions: list[Suggestion]) -> str:
    called = {} if record_id is None else {"id": record_id}
    return json_line({**called, "labels": [_row(suggestion) for suggestion in suggestions]})


def _row(suggestion: Suggestion) -> dict[str, Any]:
    called = _known({"uri": suggestion.uri, "label": suggestion.name})
    row: dict[str, Any] = {**called, "id": suggestion.label, "score": suggestion.score}
    if suggestion.probability is not None:
        row["probability"] = suggestion.probability
    if suggestion.explanation is not None:
        row["bias"] = suggestion.explanation.bias
        row["words"] = [contribution._asdict() for contribution in suggestion.explanation.contributions]
    if suggestion.neighbours:
        row["neighbours"] = [_known(neighbour._asdict()) for neighbour in suggestion.neighbours]
    return row


def _known(entries: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entries.items() if value is not None}


def _text(record: Mapping[str, str], suggestions: list[Suggestion], labels: ShownLabels, nothing: str) -> str:
    lines = [shown_name(shorten(next(filter(str.strip, record.values())), _WIDTH, placeholder=" …"))]
    if not suggestions:
        lines.append(f"  ({nothing})")
    for suggestion in suggestions:
        name, explanation = labels.full(suggestion.label), suggestion.explanation
        if suggestion.probability is None:
            lines.append(f"  {suggestion.score:7.3f}  {name}")
        else:  # words add up to a score
            score = "" if explanation is None else f", score {suggestion.score:.3f}"
            lines.append(f"  {suggestion.probability:7.3f}  {name}{score}")
        if explanation is not None:
            lines.append(f"{_INDENT}{_words(explanation)}")
        for number, similarity, shared, record_id in suggestion.neighbours:
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
