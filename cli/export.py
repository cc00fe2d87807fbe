"""pwdismec export."""

from __future__ import annotations

from pathlib import Path

import click

from pwdismec.model import Model
from pwdismec.model.npz_format import export_npz
from pwdismec.model.text_format import export_text

from . import options
from .examples import example

_FORMATS = {"liblinear": export_text, "npz": export_npz}


@click.command(
    "export",
    epilog=example(
        "pwdismec export model model.npz --format npz",
    ),
)
@click.argument("model", type=options.PATH)
@click.argument("out", type=options.PATH)
@click.option(
    "--format",
    type=click.Choice(list(_FORMATS)),
    required=True,
    help="A text model of LIBLINEAR (dense), or a SciPy matrix, labels × features.",
)
def command(model: Path, out: Path, format: str) -> None:
    """Write MODEL for other programs to the file OUT."""
    _FORMATS[format](Model.open(model), out)
