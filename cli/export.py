"""pwdismec export."""

from __future__ import annotations

from pathlib import Path

import click

from pwdismec.model import Model
from pwdismec.model.npz_format import export_npz
from pwdismec.model.text_format import export_text

from . import options
from .command import INPUT, OUTPUT, STDOUT
from .command import command as subcommand
from .messages import watch
from .streams import check_uncompressed, file_or_stdout


@subcommand("export", "pwdismec export model model.npz", "pwdismec export model model.txt")
@click.argument("model", type=INPUT)
@click.argument("output", type=OUTPUT)
@options.overwrite
def command(model: Path, output: Path, overwrite: bool) -> None:
    """Export MODEL to the file OUTPUT for other programs.

    OUTPUT.npz is a SciPy matrix, labels × features; any other file, and - for standard output, is a dense
    text model as LIBLINEAR writes it.
    """
    check_uncompressed(output)
    is_npz = output != STDOUT and output.suffix.lower() == ".npz"
    with watch("export", "shards" if is_npz else "features") as update, file_or_stdout(output) as file:
        export = export_npz if is_npz else export_text
        export(Model.open(model), file, update, overwrite=overwrite)
