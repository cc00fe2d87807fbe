"""pwdismec import."""

from __future__ import annotations

from pathlib import Path

import click

from pwdismec.diagnosis.inspection import training_summary
from pwdismec.model.text_format import import_text

from . import options
from .command import INPUT, OUTPUT
from .command import command as subcommand
from .messages import watch
from .streams import print_text


@subcommand("import", "pwdismec import batch_0.model batch_1.model model")
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True, type=INPUT)
@click.argument("model", type=OUTPUT)
@click.option(
    "--n-labels", type=options.WHOLE, metavar="N", help="Number of labels.  [default: the largest id + 1]"
)
@click.option("--no-normalize", is_flag=True, help="The training rows were not L2-normalised.")
@options.overwrite
def command(
    sources: tuple[Path, ...], model: Path, n_labels: int | None, no_normalize: bool, overwrite: bool
) -> None:
    """Import text models of LIBLINEAR or DiSMEC, of different labels, as the new folder MODEL."""
    with watch("import", "files") as update:
        made = import_text(
            sources,
            model,
            n_labels=n_labels,
            l2_normalize=not no_normalize,
            overwrite=overwrite,
            on_file=update,
        )
    print_text(training_summary(made))
