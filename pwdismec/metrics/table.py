"""Tables as plain text; whatever is in a cell, it stays on its line."""

from __future__ import annotations

from collections.abc import Sequence

from pwdismec.quoting import LINE_LIMIT, shown_name


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """Cells in columns, the first column to the left and the others to the right."""
    lines = [list(map(shown_name, line)) for line in lines]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            [line[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(line[1:], widths[1:], strict=True))]
        )
        for line in lines
    )


def pairs(*rows: Sequence[str]) -> str:
    """Names and what belongs to them, a line each."""
    shown = [(shown_name(name), shown_name(value, LINE_LIMIT)) for name, value in rows]
    width = max(len(name) for name, _ in shown)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in shown)
