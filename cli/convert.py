"""pwdismec convert."""

from __future__ import annotations

from pathlib import Path

import click

from pwdismec.data import Dataset
from pwdismec.data.formats import FORMATS
from pwdismec.data.formats.source import OneBased
from pwdismec.pipeline.converting import convert_files

from . import options
from .examples import example
from .progress import warn, watch
from .streams import print_text
from .texts import Texts
from .texts import texts as texts_options


@click.command(
    "convert",
    epilog=example(
        "pwdismec convert train.txt.xz data/train --labels labels.txt",
        "pwdismec convert tst_X_Xf.txt tst_X_Y.txt data/test --like data/train",
        "pwdismec convert X.npy Y.npz data/embedded",
        "pwdismec convert train.jsonl data/train --text title:2,text --label-field labels",
        "pwdismec convert test.jsonl data/test --like data/train",
    ),
)
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True, type=options.INPUT)
@click.argument("dataset", type=options.OUTPUT)
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
@click.option("--labels", type=options.INPUT, metavar="FILE", help="Names of labels 0, 1, …, one a line.")
@click.option("--features", type=options.INPUT, metavar="FILE", help="Names of the features, one a line.")
@click.option(
    "--like",
    type=options.INPUT,
    metavar="DATASET",
    help="The training set: its transforms, sizes and names are taken; of texts, all of the below.",
)
@texts_options
@click.option("--test", type=options.OUTPUT, metavar="DATASET", help="Of texts: where held-out records go.")
@click.option(
    "--split",
    metavar="PART",
    help="Of texts: which are held out, a share such as 0.1, or FIELD:FIRST such as year:2020.",
)
@options.jobs
@options.overwrite
@options.logs
def command(
    sources: tuple[Path, ...],
    dataset: Path,
    format: str,
    one_based: OneBased,
    tfidf: bool,
    no_normalize: bool,
    labels: Path | None,
    features: Path | None,
    like: Path | None,
    texts: Texts | None,
    test: Path | None,
    split: str | None,
    jobs: int,
    overwrite: bool,
) -> None:
    """Turn files into a data set: the new folder DATASET.

    SOURCE is one file, or the features' file and the labels' file; text may be compressed (.gz, .xz, .bz2,
    .zst), and dense features are a .npy file. Values are L2-normalised by row unless told otherwise.

    With --text, SOURCE are files of records (.jsonl, .csv, .tsv, .parquet): their words become features with
    TF-IDF. What turns texts into features is stored with the data set, and with a model trained on it.
    """
    if like is not None and (tfidf or no_normalize or texts):
        raise click.UsageError(
            "--like takes the training set's transforms; leave out --tfidf, --no-normalize, --text"
        )
    if labels is not None and texts is not None and texts.label_names is not None:
        raise click.UsageError("--labels names labels that are numbers; leave out --label-names")
    if (test is None) != (split is None) or (test is not None and texts is None):
        raise click.UsageError("--test and --split go together, with --text")
    if texts is not None and (tfidf or no_normalize or features or one_based or format != "auto"):
        raise click.UsageError(
            "--text goes without --format, --one-based, --tfidf, --no-normalize, --features"
        )
    training_set = None if like is None else Dataset.open(like)
    if texts is not None or _is_of_texts(training_set, sources):
        _convert_texts(sources, dataset, training_set, texts, labels, test, split, jobs, overwrite)
        return
    if format == "auto" and _are_records(sources):
        raise click.UsageError(f"{sources[0]}: records with texts; say with --text which fields to take")
    with watch("convert", "rows") as update:
        made = convert_files(
            sources,
            dataset,
            format=format,
            one_based=one_based,
            tfidf=tfidf,
            normalize=not no_normalize,
            like=training_set,
            label_names=labels,
            feature_names=features,
            jobs=jobs,
            overwrite=overwrite,
            on_progress=update,
        )
    print_text(str(made.statistics()))


def _is_of_texts(training_set: Dataset | None, sources: tuple[Path, ...]) -> bool:
    """Whether SOURCE are records, for a training set that was made of such."""
    return training_set is not None and training_set.vectorizer is not None and _are_records(sources)


def _are_records(sources: tuple[Path, ...]) -> bool:
    from pwdismec.text.pieces import format_of

    return format_of(sources[0]) is not None


def _convert_texts(
    sources: tuple[Path, ...],
    dataset: Path,
    training_set: Dataset | None,
    texts: Texts | None,
    labels: Path | None,
    test: Path | None,
    split: str | None,
    jobs: int,
    overwrite: bool,
) -> None:
    from pwdismec.pipeline.texts import convert_texts, convert_texts_like
    from pwdismec.text.splits import Split

    if texts is None:
        assert training_set is not None
        made = [
            convert_texts_like(sources, dataset, training_set, jobs=jobs, overwrite=overwrite, watch=watch)
        ]
    else:
        made = convert_texts(
            sources,
            dataset,
            texts.settings(),
            label_names=texts.label_names,
            labels=labels,
            test=test,
            split=None if split is None else Split.parse(split),
            jobs=jobs,
            overwrite=overwrite,
            watch=watch,
        )
    for part in made:
        for note in part.notes:
            warn(f"convert: {note}")
        print_text(str(part.dataset.statistics()))
