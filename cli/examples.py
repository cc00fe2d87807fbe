"""Examples at the end of a command's help."""

from __future__ import annotations


def example(*lines: str) -> str:
    """An epilog for click, in which lines stay as they are."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])
