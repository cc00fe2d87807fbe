"""pwdismec import."""

from __future__ import annotations

from pathlib import Path

import click

from pwdismec.diagnosis.inspection import training_summary
from pwdismec.model.text_format import import_text

from . import options
from .examples import example
from .progress import watch
from .streams import print_text


@click.command(
    "import",
    epilog=example(
        "pwdismec import batch_0.model batch_1.model model",
    ),
)
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True, type=options.INPUT)
@click.argument("model", type=options.OUTPUT)
@click.option(
    "--n-labels", type=options.WHOLE, metavar="N", help="Labels in all.  [default: the largest id + 1]"
)
@click.option("--no-normalize", is_flag=True, help="The model was trained on rows that had not L2 norm 1.")
@options.overwrite
@options.logs
def command(
    sources: tuple[Path, ...], model: Path, n_labels: int | None, no_normalize: bool, overwrite: bool
) -> None:
    """Make MODEL, a new folder, of text models of LIBLINEAR or DiSMEC over different labels."""
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
