"""pwdismec convert."""

from __future__ import annotations

from pathlib import Path

import click

from pwdismec.data import Dataset
from pwdismec.data.formats import FORMATS
from pwdismec.pipeline.converting import convert_files

from . import options
from .examples import example
from .progress import watch


@click.command(
    "convert",
    epilog=example(
        "pwdismec convert train.txt.xz data/train --labels labels.txt",
        "pwdismec convert tst_X_Xf.txt tst_X_Y.txt data/test --like data/train",
        "pwdismec convert X.npy Y.npz data/embedded",
    ),
)
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True, type=options.PATH)
@click.argument("dataset", type=options.PATH)
@click.option(
    "--format",
    type=click.Choice(FORMATS),
    default="auto",
    show_default=True,
    help="How SOURCE is written; auto tells by the suffix and the first line.",
)
@options.one_based
@click.option("--tfidf", is_flag=True, help="Turn term counts into (1 + log tf) log(N/df).")
@click.option("--no-normalize", is_flag=True, help="Leave the rows as they are; else each gets L2 norm 1.")
@click.option("--labels", type=options.PATH, metavar="FILE", help="Names of the labels, one a line.")
@click.option("--features", type=options.PATH, metavar="FILE", help="Names of the features, one a line.")
@click.option(
    "--like",
    type=options.PATH,
    metavar="DATASET",
    help="The training set: its transforms, sizes and names are taken.",
)
def command(
    sources: tuple[Path, ...],
    dataset: Path,
    format: str,
    one_based: bool,
    tfidf: bool,
    no_normalize: bool,
    labels: Path | None,
    features: Path | None,
    like: Path | None,
) -> None:
    """Turn files into a data set: the folder DATASET, made anew.

    SOURCE is one file, or the features' file and the labels' file; text may be compressed (.gz, .xz, .bz2,
    .zst), and dense features are a .npy file. Values are L2-normalised by row unless told otherwise.
    """
    if like is not None and (tfidf or no_normalize):
        raise click.UsageError(
            "--like takes the training set's transforms; leave out --tfidf, --no-normalize"
        )
    with watch("convert", "rows") as update:
        made = convert_files(
            sources,
            dataset,
            format=format,
            one_based=one_based,
            tfidf=tfidf,
            normalize=not no_normalize,
            like=None if like is None else Dataset.open(like),
            label_names=labels,
            feature_names=features,
            on_progress=update,
        )
    click.echo(made.statistics())
