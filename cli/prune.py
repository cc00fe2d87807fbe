"""pwdismec prune."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import click

from pwdismec.data import Dataset
from pwdismec.diagnosis.inspection import change_of_size
from pwdismec.model import Model
from pwdismec.model.manifest import WeightType
from pwdismec.pruning import prune_model

from . import options
from .examples import example
from .progress import watch
from .sizes import size
from .streams import print_text


def _share(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """The share that 1% is."""
    if value is None:
        return None
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?%", value.strip())
    if found is None:
        raise click.BadParameter(f"{value!r}; expected percents such as 1% or 0.5%")
    return float(found[1]) / 100


@click.command(
    "prune",
    epilog=example(
        "pwdismec prune model small --target 100MB --dtype float16",
        "pwdismec prune model smaller --keep 200 --refit data/train",
        "pwdismec prune model lossy --loss 1% --data data/train",
    ),
)
@click.argument("model", type=options.INPUT)
@click.argument("out", type=options.OUTPUT)
@click.option("--threshold", type=float, metavar="W", help="Cut weights nearer to 0 than W.")
@click.option("--keep", type=options.WHOLE, metavar="N", help="Keep each label's N weights farthest from 0.")
@click.option(
    "--target",
    callback=size,
    metavar="SIZE",
    help="Keep the largest weights of all, as many as files of SIZE in all can hold, such as 100MB.",
)
@click.option(
    "--loss",
    callback=_share,
    metavar="PERCENT",
    help="Cut of each label as many weights as raise its objective by no more, such as 1%.",
)
@click.option("--data", type=options.INPUT, metavar="DATASET", help="What MODEL was trained on, for --loss.")
@click.option(
    "--refit",
    type=options.INPUT,
    metavar="DATASET",
    help="Train the weights that are kept again, on the data set that MODEL was trained on.",
)
@click.option(
    "--dtype",
    type=click.Choice(get_args(WeightType)),
    help="What weights are stored as.  [default: as they are]",
)
@options.jobs
@options.overwrite
@options.logs
def command(
    model: Path,
    out: Path,
    threshold: float | None,
    keep: int | None,
    target: int | None,
    loss: float | None,
    data: Path | None,
    refit: Path | None,
    dtype: WeightType | None,
    jobs: int,
    overwrite: bool,
) -> None:
    """Make OUT, a new folder, of MODEL with its largest weights only.

    One of --threshold, --keep, --target and --loss says which; --threshold 0 keeps all, to change only
    --dtype, or to --refit.
    """
    if sum(value is not None for value in (threshold, keep, target, loss)) != 1:
        raise click.UsageError("expected one of --threshold, --keep, --target and --loss")
    if (data is not None) != (loss is not None and refit is None):
        raise click.UsageError("--data goes with --loss, unless --refit names the data set")
    before = Model.open(model)
    folder = refit or data
    with watch("prune", "labels") as update:
        after = prune_model(
            before,
            out,
            threshold=threshold,
            keep=keep,
            target=target,
            loss=loss,
            dataset=None if folder is None else Dataset.open(folder),
            refit=refit is not None,
            dtype=dtype,
            jobs=jobs,
            overwrite=overwrite,
            on_labels=update,
        )
    print_text(change_of_size(before, after))
