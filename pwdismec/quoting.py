"""Values and names of strangers as they may be shown: cut, and with nothing that a reader cannot see.

Text from files can hold characters that move a terminal's cursor, change its title, break a line in two or
reverse the order of reading. `visible` writes them as Python does: ESC as backslash, x, 1, b. What leaves the
program for people to read goes through it in any case (`pwdismec.cli`). Where a name or a value becomes part
of a text, one of the others keeps it short and on one line, too.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import islice
from reprlib import Repr
from typing import Final

LIMIT: Final = 200
"""Characters of a value that are shown."""

LINE_LIMIT: Final = 2000
"""Characters of a whole message."""

_NAMES, _NAME_LIMIT = 20, 40  # of a list of names, and characters of each

# Control characters, lone surrogates, separators of lines and paragraphs, and what Unicode calls non-
# characters or default-ignorable (soft hyphen, zero-width and bidirectional controls, fillers, tags). Left
# out is what texts are written with: the joiners U+200C and U+200D, which Persian, Hindi and emoji need,
# and the selectors of variants U+FE00 to U+FE0F.
_UNSEEN: Final = re.compile(
    "[\0-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff"
    "\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_BYTES: Final = re.compile(r"\bb(?=['\"])")  # before what Python writes for bytes
_BREAKS: Final = re.compile(r"\s*[\n\r]\s*")


def visible(text: str, keep: str = "") -> str:
    """A text in which every character can be seen.

    Parameters
    ----------
    text
        Any.
    keep
        Characters that stay as they are all the same, such as the line breaks of a table.
    """
    return _UNSEEN.sub(lambda found: found[0] if found[0] in keep else _escaped(found[0]), text)


def shown_name(name: object, limit: int = LIMIT) -> str:
    """A name (of a label, a file, a run) within a text: visible, on one line, cut in its middle."""
    return _cut(visible(_cut(str(name), limit)), 2 * limit)


def shown(value: object, limit: int = LIMIT) -> str:
    """A value in a message, as Python writes it: visible, on one line, cut in its middle.

    Of one that is large or deeply nested, little more is looked at than is shown.
    """
    return _cut(visible(_Short(limit).repr(value)), 2 * limit)


def shown_names(names: Collection[str]) -> str:
    """The first of some names that may be strangers', as a list within a message."""
    more = f" and {len(names) - _NAMES:,} more" if len(names) > _NAMES else ""
    return (", ".join(shown(name, _NAME_LIMIT) for name in islice(names, _NAMES)) or "none") + more


def one_line(message: str, limit: int = LINE_LIMIT) -> str:
    """A whole message on one line: visible, cut in its middle."""
    return _cut(visible(_BREAKS.sub(" ", _cut(message.strip(), limit))), 2 * limit)


def said_by(error: BaseException) -> str:
    """What an error of a library says, on one line; bytes in it are shown as text is."""
    return one_line(_BYTES.sub("", " ".join(str(error).split())), LIMIT)


def json_line(value: object) -> str:
    """A value as JSON on one line: any reader gets the same value, and every character can be seen."""
    import json  # not for help

    return _UNSEEN.sub(lambda found: json.dumps(found[0])[1:-1], json.dumps(value, ensure_ascii=False))


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()


def _cut(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    return f"{text[: limit - limit // 3 - 1]}…{text[-(limit // 3) :]}"


class _Short(Repr):
    """As `repr`, within limits."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.maxstring = self.maxother = self.maxlong = limit
        self.fillvalue = "…"

    def repr_int(self, x: int, level: int) -> str:
        if x.bit_length() > 3 * self.maxlong:  # Python refuses to write thousands of digits
            return f"an integer of {x.bit_length():,} bits"
        return str(x)
