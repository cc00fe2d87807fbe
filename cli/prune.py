"""pwdismec prune."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from pwdismec.data import Dataset
from pwdismec.diagnosis.inspection import change_of_size
from pwdismec.model import Model
from pwdismec.model.model_manifest import WeightType
from pwdismec.pruning import prune_model

from . import options
from .command import INPUT, OUTPUT
from .command import command as subcommand
from .messages import watch
from .streams import print_text
from .values import percents, size


@subcommand(
    "prune",
    "pwdismec prune model small --target 100MB --dtype float16",
    "pwdismec prune model smaller --keep 200 --refit --train data/train",
    "pwdismec prune model lossy --loss 1% --train data/train",
)
@click.argument("model", type=INPUT)
@click.argument("out", type=OUTPUT)
@click.option("--threshold", type=float, metavar="W", help="Drop weights below W in absolute value.")
@click.option("--keep", type=options.WHOLE, metavar="N", help="Keep the N largest weights of each label.")
@click.option(
    "--target",
    callback=size,
    metavar="SIZE",
    help="Keep the largest weights of all, as many as fit in files of SIZE, e.g. 100MB.",
)
@click.option(
    "--loss",
    callback=percents,
    metavar="PERCENT",
    help="Drop as many weights of each label as raise its objective by at most PERCENT, e.g. 1%.",
)
@click.option("--refit", is_flag=True, help="Retrain the weights that are kept.")
@click.option(
    "--train", type=INPUT, metavar="DATASET", help="The training set of MODEL, for --loss and --refit."
)
@click.option(
    "--dtype", type=click.Choice(get_args(WeightType)), help="Storage type of weights.  [default: unchanged]"
)
@options.jobs
@options.overwrite
def command(
    model: Path,
    out: Path,
    threshold: float | None,
    keep: int | None,
    target: int | None,
    loss: float | None,
    refit: bool,
    train: Path | None,
    dtype: WeightType | None,
    jobs: int,
    overwrite: bool,
) -> None:
    """Make MODEL smaller by keeping only its largest weights, as the new folder OUT.

    One of --threshold, --keep, --target and --loss chooses them; --threshold 0 keeps all, to change only
    --dtype or to --refit.
    """
    criteria = {"--threshold": threshold, "--keep": keep, "--target": target, "--loss": loss}
    given = [name for name, value in criteria.items() if value is not None]
    if len(given) > 1:
        raise click.UsageError(f"{' and '.join(given)} exclude each other")
    if not given:
        raise click.UsageError("expected one of --threshold, --keep, --target and --loss")
    if (train is not None) != (loss is not None or refit):
        raise click.UsageError(
            "--loss and --refit require --train" if train is None else "--train requires --loss or --refit"
        )
    before = Model.open(model)
    with watch("prune", "labels") as update:
        after = prune_model(
            before,
            out,
            threshold=threshold,
            keep=keep,
            target=target,
            loss=loss,
            dataset=None if train is None else Dataset.open(train),
            refit=refit,
            dtype=dtype,
            jobs=jobs,
            overwrite=overwrite,
            on_labels=update,
        )
    print_text(change_of_size(before, after))
