"""Numbers of bytes, times and tables, for people; whatever is in a table's cell, it stays on its line."""

from __future__ import annotations

from collections.abc import Sequence

from pwdismec.quoting import LINE_LIMIT, shown_name


def size_text(n_bytes: float) -> str:
    """A number of bytes in the unit that suits it, to three figures: "1.42 GB"."""
    for unit, name in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB")):
        if n_bytes >= 0.9995 * unit:
            return f"{n_bytes / unit:,.3g} {name}"
    return f"{n_bytes / 1e3:.3g} kB"


def duration_text(seconds: float) -> str:
    """A time in its two largest units, such as "2 h 5 min"."""
    if seconds < 59.5:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    units = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
    place = next(i for i, (_, size) in enumerate(units) if round(seconds) >= size)
    (large, size), (small, step) = units[place : place + 2]
    whole, rest = divmod(step * round(seconds / step), size)
    return f"{whole} {large}" + (f" {rest // step} {small}" if rest else "")


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


def counted(number: int, what: str) -> str:
    """A number of things: "1 row", "2,000 rows"."""
    return f"{number:,} {what}{'s' * (number != 1)}"
