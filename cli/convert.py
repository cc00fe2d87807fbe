"""pwdismec convert."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click

from pwdismec.data import Dataset
from pwdismec.data.formats.layouts import record_files
from pwdismec.data.formats.source import OneBased
from pwdismec.steps.convert import convert_files

from . import options
from .examples import example
from .progress import say, warn, watch
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
@options.format_of("SOURCE")
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

    SOURCE is one file, or the features' file and the labels' file, or a folder as it was published, of which
    the training part is read, or with --like the test part. Text may be compressed (.gz, .xz, .bz2, .zst);
    dense features are a .npy file. Values are L2-normalised by row unless told otherwise.

    With --text, SOURCE are records (.jsonl, .csv, .tsv, .parquet, or a folder): their words become features
    with TF-IDF. What turns texts into features is stored with the data set, and with a model trained on it.
    """
    if like is not None and (tfidf or no_normalize or texts):
        raise click.UsageError(
            "--like takes the training set's transforms; leave out --tfidf, --no-normalize, --text"
        )
    if labels is not None and texts is not None and texts.label_names is not None:
        raise click.UsageError("--labels names labels that are numbers; leave out --label-names")
    if (test is None) != (split is None) or (test is not None and texts is None):
        raise click.UsageError("--test and --split go together, with --text")
    if texts is not None and (tfidf or no_normalize or features or one_based):
        raise click.UsageError("--text goes without --one-based, --tfidf, --no-normalize, --features")
    training_set = None if like is None else Dataset.open(like)
    if texts is not None:
        _convert_texts(sources, dataset, texts, format, labels, test, split, jobs, overwrite)
        return
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
            on_opened=partial(_say_read, sources),
            on_progress=update,
        )
    print_text(str(made.statistics()))


def _say_read(sources: Sequence[Path], paths: Sequence[Path]) -> None:
    """Tell which files of a folder are read."""
    if sources[0].is_dir() and sources != paths:
        say(f"convert: reading {', '.join(str(path) for path in paths)}")


def _convert_texts(
    sources: tuple[Path, ...],
    dataset: Path,
    texts: Texts,
    format: str,
    labels: Path | None,
    test: Path | None,
    split: str | None,
    jobs: int,
    overwrite: bool,
) -> None:
    from pwdismec.steps.convert_texts import convert_texts
    from pwdismec.text.splits import Split

    _say_read(sources, record_files(sources, format).paths)
    made = convert_texts(
        sources,
        dataset,
        texts.settings(),
        format=format,
        label_names=texts.label_names,
        label_language=texts.label_language,
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
