"""How records become instances, as the user sets it; stored with what was fitted."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from pwdismec.errors import ConfigError

_Length = Annotated[int, Field(ge=1, le=100)]  # a text of n words has up to 100 n such n-grams, no n²

Range = tuple[_Length, _Length]
"""From how many words or characters an n-gram has, to how many."""

# What stands between a field's name and a term in a feature's name: title:word, title~char.
WORD, CHAR = ":", "~"

ID = "id"
"""The field of the records' ids, unless another is named."""


class TextField(BaseModel):
    """A field of the records whose terms are features of their own.

    Attributes
    ----------
    name
        Of the field.
    weight
        By which its features' values are multiplied before a row is normalised.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1, max_length=1000)]
    weight: Annotated[float, Field(gt=0, le=1e30, allow_inf_nan=False)] = 1.0


class TextSettings(BaseModel):
    """Which features a record has, and where its labels stand.

    Attributes
    ----------
    fields
        The text fields; their features are apart from each other.
    words, chars
        Features are n-grams of so many words, and of so many characters within words (scikit-learn's
        analysers "word" and "char_wb"); None for none.
    min_df
        Terms of fewer training records are left out.
    hashing
        Features are 2^hashing columns that the terms share by their hash, in place of a vocabulary.
    label_field
        The field that lists a record's labels; None for records without.
    label_numbers
        The labels are whole numbers from 0, which are their ids; those that no record has are labels, too.
    columns
        The names of a table's columns, where it has no header; None for tables with one.
    label_separator
        What stands between the labels in a cell of a table; "list" where a cell is a list as Python or JSON
        writes it.
    id_field
        The field of the records' ids; None for "id" where the first record has that, and for none elsewhere
        (`pieces.with_ids` decides it). The empty string stands for none.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    fields: Annotated[tuple[TextField, ...], Field(min_length=1, max_length=1000)]
    words: Range | None = (1, 1)
    chars: Range | None = None
    min_df: Annotated[int, Field(ge=1, le=2**31 - 1)] = 2
    hashing: Annotated[int, Field(ge=1, le=26)] | None = None
    label_field: str | None = None
    label_numbers: bool = False
    columns: Annotated[tuple[str, ...], Field(min_length=1, max_length=1000)] | None = None
    label_separator: Annotated[str, Field(min_length=1)] = ";"
    id_field: str | None = None

    @field_validator("words", "chars")
    @classmethod
    def _ascends(cls, given: Range | None) -> Range | None:
        if given is not None and given[0] > given[1]:
            raise ValueError(f"{given[0]}-{given[1]}; expected a range that ascends")
        return given

    @field_validator("fields")
    @classmethod
    def _are_apart(cls, fields: tuple[TextField, ...]) -> tuple[TextField, ...]:
        """No feature's name may be that of another field."""
        names = [field.name for field in fields]
        for i, name in enumerate(names):
            for other in names[:i] + names[i + 1 :]:
                if other == name:
                    raise ValueError(f"{name!r} is listed twice")
                if other.startswith((name + WORD, name + CHAR)):
                    raise ValueError(f"{name!r} and {other!r} would share names of features")
        return fields

    @model_validator(mode="after")
    def _has_features(self) -> TextSettings:
        if self.words is None and self.chars is None:
            raise ValueError("no n-grams; expected words, chars or both")
        return self

    @classmethod
    def of(cls, text: str, **settings: Any) -> TextSettings:
        """The settings for `text`, such as "title:2,text"; ConfigError where a value is out of range."""
        try:
            return cls(fields=tuple(_parse_field(part) for part in text.split(",")), **settings)
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(map(str, first["loc"])) or "text"
            own = first["type"] == "value_error"  # those of this file say the value themselves
            value = "" if own else f"{first['input']!r}: "
            raise ConfigError(f"{name}: {value}{first['msg'].removeprefix('Value error, ')}") from error


def _parse_field(text: str) -> TextField:
    if not text.strip():
        raise ConfigError("text: a field without a name; expected at least 1 character")
    name, colon, weight = text.rpartition(":")
    try:
        value = float(weight)
    except ValueError:  # the colon is part of the name
        return TextField(name=text)
    if not colon:
        return TextField(name=text)
    if not 0 < value <= 1e30:
        raise ConfigError(f"text: {text!r}: weight {weight}; expected a number above 0, at most 1e30")
    return TextField(name=name, weight=value)
