"""pwdismec slice."""

from __future__ import annotations

from pathlib import Path

import click

from pwdismec.diagnosis.inspection import change_of_size
from pwdismec.model import Model
from pwdismec.model.slicing import read_labels, slice_model

from . import options
from .command import INPUT, OUTPUT
from .command import command as subcommand
from .messages import watch
from .streams import print_text


@subcommand("slice", "pwdismec slice model physics --labels physics.txt")
@click.argument("model", type=INPUT)
@click.argument("out", type=OUTPUT)
@click.option(
    "--labels",
    type=INPUT,
    required=True,
    metavar="FILE",
    help="Labels to keep: ids, URIs or names, one per line.",
)
@options.overwrite
def command(model: Path, out: Path, labels: Path, overwrite: bool) -> None:
    """Reduce MODEL to some of its labels, as the new folder OUT.

    They keep their ids, URIs and names, so predictions mean the same; the others are never predicted.
    """
    before = Model.open(model)
    with watch("slice", "shards") as update:
        after = slice_model(before, out, read_labels(labels, before), update, overwrite=overwrite)
    print_text(change_of_size(before, after))
