"""pwdismec merge."""

from __future__ import annotations

from pathlib import Path

import click

from pwdismec.diagnosis.inspection import training_summary
from pwdismec.model import Model
from pwdismec.model.merging import merge_models

from . import options
from .command import INPUT, OUTPUT
from .command import command as subcommand
from .messages import watch
from .streams import print_text


@subcommand("merge", "pwdismec merge part_0 part_1 part_2 model")
@click.argument("models", metavar="MODEL...", nargs=-1, required=True, type=INPUT)
@click.argument("out", type=OUTPUT)
@click.option(
    "--append",
    is_flag=True,
    help="Number the labels anew: those of each MODEL follow those of the one before.",
)
@options.overwrite
def command(models: tuple[Path, ...], out: Path, append: bool, overwrite: bool) -> None:
    """Merge MODELs of the same data, each of other labels, as the new folder OUT.

    The MODELs have the same features and label ids, and no label was trained in two of them.
    """
    with watch("merge", "shards") as update:
        opened = [Model.open(model) for model in models]
        made = merge_models(opened, out, append=append, overwrite=overwrite, on_shard=update)
    print_text(training_summary(made))
