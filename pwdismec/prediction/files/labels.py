"""What labels are called in prediction files: beside their numbers, or in others' files in place of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pwdismec.quoting import shown


class LabelTexts(NamedTuple):
    """What the source calls each label, and what people are shown, by number; None where there are none."""

    uris: Sequence[str] | None = None
    names: Sequence[str] | None = None


class Unknown(ValueError):
    """A label that cannot be told by what it is called; why."""


class LabelNumbers:
    """The numbers of labels that are known, by their URIs or else their names.

    Parameters
    ----------
    known
        Those of a training set; None if there is none.
    """

    def __init__(self, known: LabelTexts | None) -> None:
        self._known = known
        self._numbers: dict[str, dict[str, int]] | None = None

    def of(self, uri: str | None, name: str | None) -> int:
        """The number of the label with a URI, or if None a name; `Unknown` unless there is one such label."""
        if self._known is None:
            raise Unknown("no id; expected one, or a training set that has the labels (--train)")
        if self._numbers is None:
            uris, names = self._known
            self._numbers = {"uri": _numbers(names if uris is None else uris), "name": _numbers(names)}
        kind, text = ("name", name) if uri is None else ("uri", uri)
        number = self._numbers[kind].get(text or "")
        if number is None:
            raise Unknown(f"{kind} {shown(text)} is not in the training set; expected one of its labels")
        if number < 0:
            raise Unknown(f"name {shown(text)} is that of several labels; expected an id or uri")
        return number


def _numbers(texts: Sequence[str] | None) -> dict[str, int]:
    """The number of each text; −1 for those of several."""
    numbers: dict[str, int] = {}
    for number, text in enumerate(texts or ()):
        numbers[text] = -1 if text in numbers else number
    return numbers
