"""pwdismec prune."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from pwdismec.model import Model
from pwdismec.model.manifest import WeightType
from pwdismec.model.pruning import prune_model
from pwdismec.pipeline.inspection import change_of_size

from . import options
from .examples import example
from .progress import watch
from .sizes import size


@click.command(
    "prune",
    epilog=example(
        "pwdismec prune model small --target 100MB --dtype float16",
        "pwdismec prune model small --keep 200",
    ),
)
@click.argument("model", type=options.PATH)
@click.argument("out", type=options.PATH)
@click.option("--threshold", type=float, metavar="W", help="Cut weights nearer to 0 than W.")
@click.option("--keep", type=int, metavar="N", help="Keep each label's N weights farthest from 0.")
@click.option(
    "--target",
    callback=size,
    metavar="SIZE",
    help="Keep the largest weights of all, as many as files of SIZE in all can hold, such as 100MB.",
)
@click.option(
    "--dtype",
    type=click.Choice(get_args(WeightType)),
    help="What weights are stored as.  [default: as they are]",
)
def command(
    model: Path,
    out: Path,
    threshold: float | None,
    keep: int | None,
    target: int | None,
    dtype: WeightType | None,
) -> None:
    """Make OUT, a new folder, of MODEL with its largest weights only.

    One of --threshold, --keep and --target says which; --threshold 0 keeps all, to change only --dtype.
    """
    if sum(value is not None for value in (threshold, keep, target)) != 1:
        raise click.UsageError("expected one of --threshold, --keep and --target")
    before = Model.open(model)
    with watch("prune", "shards") as update:
        after = prune_model(
            before, out, threshold=threshold, keep=keep, target=target, dtype=dtype, on_shard=update
        )
    click.echo(change_of_size(before, after))
