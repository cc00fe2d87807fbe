"""The options of `convert` that say how texts become features."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from . import options
from .options import INPUT, is_given

if TYPE_CHECKING:
    from pwdismec.text import TextSettings


class Texts(NamedTuple):
    """What the options say."""

    text: str
    others: dict[str, Any]
    label_names: Path | None
    label_language: str | None

    def settings(self) -> TextSettings:
        """The same as `TextSettings`; ConfigError where a value is out of range."""
        from pwdismec.text import TextSettings

        return TextSettings.of(self.text, **self.others)


def _range(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[int, int] | None:
    if value is None or value == "0":
        return None
    first, _, last = value.partition("-")
    try:
        return int(first), int(last or first)
    except ValueError:
        raise click.BadParameter(f"{value!r}; expected a number or a range such as 1-2") from None


_OPTIONS = {
    "text": click.option(
        "--text",
        metavar="FIELDS",
        help="Text fields of the records, with weights if wanted, such as title:2,text.",
    ),
    "label_field": click.option("--label-field", metavar="FIELD", help="Of texts: the list of labels."),
    "id_field": click.option(
        "--id-field",
        metavar="FIELD",
        help="Of texts: the records' ids; '' for none.  [default: id, if the first record has it]",
    ),
    "columns": click.option(
        "--columns",
        callback=lambda ctx, param, value: None if value is None else tuple(value.split(",")),
        metavar="NAMES",
        help="Of CSV and TSV without a header: the columns, such as text,labels.",
    ),
    "label_separator": click.option(
        "--label-separator",
        metavar="TEXT",
        help="What divides labels in CSV and TSV; list if a cell is a list such as ['a', 'b'].  [default: ;]",
    ),
    "label_names": click.option(
        "--label-names",
        type=INPUT,
        metavar="FILE",
        help="Of texts: a label, a tab and its name, a line each; or CSV with columns uri and label_XX.",
    ),
    "label_language": click.option(
        "--label-language", metavar="XX", help="Of a CSV of --label-names: which of its columns label_XX."
    ),
    "words": click.option(
        "--words", callback=_range, metavar="N-M", help="n-grams of words; 0 for none.  [default: 1]"
    ),
    "chars": click.option(
        "--chars", callback=_range, metavar="N-M", help="n-grams of characters too, such as 3-5."
    ),
    "min_df": click.option(
        "--min-df", type=options.WHOLE, metavar="N", help="Leave out what fewer records have.  [default: 2]"
    ),
    "hashing": click.option(
        "--hashing", type=options.WHOLE, metavar="BITS", help="2^BITS features by hash, not a vocabulary."
    ),
}


def texts(function: Callable[..., Any]) -> Callable[..., Any]:
    """All of them; they give `Texts` as ``texts``, or None without --text."""

    @wraps(function)
    def with_texts(*args: Any, **others: Any) -> Any:
        given = {name: others.pop(name) for name in _OPTIONS}
        named = {name: value for name, value in given.items() if is_given(name)}
        if "text" not in named and named:
            raise click.UsageError(f"--{next(iter(named)).replace('_', '-')} takes --text")
        if "label_language" in named and "label_names" not in named:
            raise click.UsageError("--label-language takes --label-names")
        text, *names = (named.pop(name, None) for name in ("text", "label_names", "label_language"))
        if "hashing" in named and "min_df" in named:
            raise click.UsageError("--hashing keeps every term; leave out --min-df")
        return function(*args, texts=None if text is None else Texts(text, named, *names), **others)

    for option in reversed(_OPTIONS.values()):
        with_texts = option(with_texts)
    return with_texts
