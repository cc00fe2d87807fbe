"""pwdismec slice."""

from __future__ import annotations

from pathlib import Path

import click

from pwdismec.diagnosis.inspection import change_of_size
from pwdismec.model import Model
from pwdismec.model.slicing import read_labels, slice_model

from . import options
from .examples import example
from .progress import watch
from .streams import print_text


@click.command(
    "slice",
    epilog=example(
        "pwdismec slice model physics --labels physics.txt",
    ),
)
@click.argument("model", type=options.INPUT)
@click.argument("out", type=options.OUTPUT)
@click.option(
    "--labels",
    type=options.INPUT,
    required=True,
    metavar="FILE",
    help="The labels to keep: ids, URIs or names, one a line.",
)
@options.overwrite
@options.logs
def command(model: Path, out: Path, labels: Path, overwrite: bool) -> None:
    """Make OUT, a new folder, of MODEL with some of its labels only.

    They keep their ids, URIs and names, so that predictions mean the same; the others are never predicted.
    """
    before = Model.open(model)
    with watch("slice", "shards") as update:
        after = slice_model(before, out, read_labels(labels, before), update, overwrite=overwrite)
    print_text(change_of_size(before, after))
