"""The format of an output, by its suffix."""

from __future__ import annotations

from pathlib import Path

import click

from .command import STDOUT

_PREDICTIONS = {".npz": "npz", ".jsonl": "jsonl", ".csv": "csv"}
_COMPRESSED = (".gz", ".xz", ".bz2", ".zst")


def check_uncompressed(output: Path) -> None:
    """Refuse a name that promises what is not written."""
    if output.suffix.lower() in _COMPRESSED:
        raise click.UsageError(f"{output}: compressed output is not supported; write to - and compress that")


def format_of_predictions(output: Path, asked: str | None) -> str:
    """How predictions are to be written."""
    check_uncompressed(output)
    format = asked or _PREDICTIONS.get(output.suffix.lower(), "xmc")
    if output == STDOUT and format == "npz":
        raise click.UsageError("--output-format npz: expected a file, not standard output")
    return format
