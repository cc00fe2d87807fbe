"""pwdismec inspect."""

from __future__ import annotations

from pathlib import Path

import click

from pwdismec.diagnosis.inspection import describe

from . import options
from .examples import example
from .streams import print_text


@click.command(
    "inspect",
    epilog=example(
        "pwdismec inspect model",
    ),
)
@click.argument("path", type=options.INPUT)
def command(path: Path) -> None:
    """Say what PATH holds: a data set, a model (also one whose training is not finished), predictions."""
    print_text(describe(path))
