"""The options of `convert` that say how texts become features."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from . import options
from .command import is_given
from .values import number_range

if TYPE_CHECKING:
    from pwdismec.text import TextSettings


class Texts(NamedTuple):
    """What the options say."""

    text: str
    others: dict[str, Any]
    label_language: str | None

    def settings(self) -> TextSettings:
        """The same as `TextSettings`; ConfigError where a value is out of range."""
        from pwdismec.text import TextSettings

        return TextSettings.of(self.text, **self.others)


_OPTIONS = {
    "text": click.option(
        "--text",
        metavar="FIELDS",
        help="Text fields of the records, with weights if needed, e.g. title:2,text.",
    ),
    "label_field": click.option(
        "--label-field", metavar="FIELD", help="For text input: the field with the list of labels."
    ),
    "id_field": click.option(
        "--id-field",
        metavar="FIELD",
        help="For text input: the field with the record's id; '' for none.  [default: id, if the first "
        "record has it]",
    ),
    "columns": click.option(
        "--columns",
        callback=lambda ctx, param, value: None if value is None else tuple(value.split(",")),
        metavar="NAMES",
        help="For CSV and TSV without a header: the columns, e.g. text,labels.",
    ),
    "label_separator": click.option(
        "--label-separator",
        metavar="TEXT",
        help="For CSV and TSV: what separates labels; list for cells such as ['a', 'b'].  [default: ;]",
    ),
    "label_language": click.option(
        "--label-language", metavar="XX", help="For a CSV of --label-names: use its column label_XX."
    ),
    "words": click.option(
        "--words", callback=number_range, metavar="N-M", help="Word n-grams; 0 for none.  [default: 1]"
    ),
    "chars": click.option(
        "--chars", callback=number_range, metavar="N-M", help="Also character n-grams, e.g. 3-5."
    ),
    "min_df": click.option(
        "--min-df",
        type=options.WHOLE,
        metavar="N",
        help="Ignore terms in fewer than N records.  [default: 2]",
    ),
    "hashing": click.option(
        "--hashing",
        type=options.WHOLE,
        metavar="BITS",
        help="Hash terms to 2^BITS features instead of keeping a vocabulary.",
    ),
}


def text_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """All of them; they give `Texts` as ``texts``, or None without --text."""

    @wraps(function)
    def with_texts(*args: Any, **others: Any) -> Any:
        given = {name: others.pop(name) for name in _OPTIONS}
        named = {name: value for name, value in given.items() if is_given(name)}
        if "text" not in named and named:
            raise click.UsageError(f"--{next(iter(named)).replace('_', '-')} requires --text")
        if "label_language" in named and others["label_names"] is None:
            raise click.UsageError("--label-language requires --label-names")
        if "hashing" in named and "min_df" in named:
            raise click.UsageError("--hashing and --min-df exclude each other: hashing keeps every term")
        text, language = (named.pop(name, None) for name in ("text", "label_language"))
        return function(*args, texts=None if text is None else Texts(text, named, language), **others)

    for option in reversed(_OPTIONS.values()):
        with_texts = option(with_texts)
    return with_texts
