"""pwdismec export."""

from __future__ import annotations

from pathlib import Path

import click

from pwdismec.model import Model
from pwdismec.model.npz_format import export_npz
from pwdismec.model.text_format import export_text

from . import options
from .examples import example
from .progress import watch

_FORMATS = {"liblinear": (export_text, "features"), "npz": (export_npz, "shards")}


@click.command(
    "export",
    epilog=example(
        "pwdismec export model model.npz --format npz",
    ),
)
@click.argument("model", type=options.INPUT)
@click.argument("out", type=options.OUTPUT)
@click.option(
    "--format",
    type=click.Choice(list(_FORMATS)),
    required=True,
    help="A text model of LIBLINEAR (dense), or a SciPy matrix, labels × features.",
)
@options.overwrite
@options.logs
def command(model: Path, out: Path, format: str, overwrite: bool) -> None:
    """Write MODEL for other programs to the file OUT."""
    export, unit = _FORMATS[format]
    with watch("export", unit) as update:
        export(Model.open(model), out, update, overwrite=overwrite)
