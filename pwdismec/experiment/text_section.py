"""The part of an experiment's config that says how texts become features; as the options of `convert`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, PositiveInt, model_validator

from pwdismec.errors import ConfigError

if TYPE_CHECKING:
    from pwdismec.text import TextSettings


def _range(value: Any) -> tuple[int, int] | None:
    """The sizes of n-grams from 3-5, as YAML reads it, or 2; from 0, None."""
    found = re.fullmatch(r"([0-9]{1,3})(?:-([0-9]{1,3}))?", str(value))
    if found is None:
        raise ValueError("expected a number or a range such as 1-2")
    sizes = int(found[1]), int(found[2] or found[1])
    return sizes if any(sizes) else None


_Range = Annotated[tuple[PositiveInt, PositiveInt] | None, BeforeValidator(_range)]


class TextSection(BaseModel):
    """What is not said is as `TextSettings` has it.

    Attributes
    ----------
    fields
        The text fields, with weights if wanted, such as "title:2,text".
    labels
        The field that lists a record's labels.
    id_field
        The field of the records' ids; "" for none.
    columns
        The names of a table's columns where it has no header, such as "text,labels".
    label_separator
        What stands between the labels in a cell of a table, or "list".
    words, chars
        How many words or characters an n-gram has, such as 3-5; 0 for none.
    min_df, hashing
        As `TextSettings` takes them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    fields: str
    labels: str
    id_field: str | None = None
    columns: str | None = None
    label_separator: str = ";"
    words: _Range = (1, 1)
    chars: _Range = None
    min_df: PositiveInt = 2
    hashing: PositiveInt | None = None

    @model_validator(mode="after")
    def _fits(self) -> TextSection:
        try:
            self.settings()
        except ConfigError as error:
            raise ValueError(str(error)) from error
        return self

    def settings(self) -> TextSettings:
        """The same for the vectoriser; ConfigError where a value is out of range."""
        from pwdismec.text import TextSettings  # brings scikit-learn's, for which others need not wait

        others = self.model_dump(exclude={"fields", "labels"}, exclude_unset=True)
        if self.columns is not None:
            others["columns"] = tuple(self.columns.split(","))
        return TextSettings.of(self.fields, label_field=self.labels, **others)
