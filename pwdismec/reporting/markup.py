"""Pieces of HTML; text is escaped here and nowhere else, and so that every character can be seen."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape

from pwdismec.quoting import visible


def tag(name: str, content: str, kind: str = "") -> str:
    """An element around markup."""
    return f"<{name}{f' class={kind}' if kind else ''}>{content}</{name}>"


def text(name: str, content: str, kind: str = "") -> str:
    """An element around text."""
    return tag(name, escape(visible(content)), kind)


def table(header: Sequence[str], rows: Iterable[Sequence[str]], best: Sequence[Sequence[bool]] = ()) -> str:
    """A table of text, the first column to the left; `best` says which cells, but the first, are bold."""
    head = tag("tr", "".join(text("th", cell) for cell in header))
    body = []
    for number, row in enumerate(rows):
        bold = best[number] if best else [False] * (len(row) - 1)
        cells = [text("td", cell, "best" * is_best) for cell, is_best in zip(row[1:], bold, strict=True)]
        body.append(tag("tr", text("th", row[0]) + "".join(cells)))
    return tag("div", tag("table", head + "\n".join(body)), "wide")


def image(svg: bytes, about: str) -> str:
    """A picture that the page holds itself."""
    data = base64.b64encode(svg).decode()
    return f'<img alt="{escape(visible(about))}" src="data:image/svg+xml;base64,{data}">'


def chips(names: Iterable[tuple[str, bool]]) -> str:
    """Labels in a row, the right ones marked."""
    return " ".join(
        text("span", f"{'✓ ' * right}{name}", "right" if right else "label") for name, right in names
    )
