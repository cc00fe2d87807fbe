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
from .command import INPUT, OUTPUT
from .command import command as subcommand
from .messages import say, warn, watch
from .streams import print_text
from .text_options import Texts, text_options


@subcommand(
    "convert",
    "pwdismec convert train.txt.xz data/train --label-names labels.txt",
    "pwdismec convert tst_X_Xf.txt tst_X_Y.txt data/test --like data/train",
    "pwdismec convert X.npy Y.npz data/embedded",
    "pwdismec convert train.jsonl data/train --text title:2,text --label-field labels",
    "pwdismec convert test.jsonl data/test --like data/train",
)
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True, type=INPUT)
@click.argument("dataset", type=OUTPUT)
@options.format_of("SOURCE")
@options.one_based
@click.option(
    "--like",
    type=INPUT,
    metavar="DATASET",
    help="The training set: use its transforms, sizes and names and, for text input, its vocabulary.",
)
@click.option(
    "--label-names",
    type=INPUT,
    metavar="FILE",
    help="Names of labels 0, 1, …, one per line; for text input also label, tab and name, or CSV with uri "
    "and label_XX.",
)
@click.option("--feature-names", type=INPUT, metavar="FILE", help="Names of features 0, 1, …, one per line.")
@click.option("--tfidf", is_flag=True, help="Turn term counts into (1 + log tf) log(N/df).")
@click.option("--no-normalize", is_flag=True, help="Do not L2-normalise the rows.")
@text_options
@click.option(
    "--test", type=OUTPUT, metavar="DATASET", help="For text input: the data set of held-out records."
)
@click.option(
    "--split",
    metavar="PART",
    help="For text input: which records are held out, a share such as 0.1, or FIELD:FIRST such as year:2020.",
)
@options.jobs
@options.overwrite
def command(
    sources: tuple[Path, ...],
    dataset: Path,
    format: str,
    one_based: OneBased,
    tfidf: bool,
    no_normalize: bool,
    label_names: Path | None,
    feature_names: Path | None,
    like: Path | None,
    texts: Texts | None,
    test: Path | None,
    split: str | None,
    jobs: int,
    overwrite: bool,
) -> None:
    """Convert files to a data set, the new folder DATASET.

    SOURCE is one file, or a features' file and a labels' file, or a folder as it was published, of which the
    training part is read, or with --like the test part. Files may be compressed (.gz, .xz, .bz2, .zst);
    dense features are a .npy file. Rows are L2-normalised by default.

    With --text, SOURCE are records (.jsonl, .csv, .tsv, .parquet, or a folder): their words become features
    with TF-IDF. The vocabulary is stored with the data set, and with a model trained on it.
    """
    own: dict[str, object] = {"--tfidf": tfidf, "--no-normalize": no_normalize, "--text": texts is not None}
    for option, given in own.items():
        if given and like is not None:
            raise click.UsageError(f"{option} and --like exclude each other: the training set says it")
    if (test is None) != (split is None) or (test is not None and texts is None):
        raise click.UsageError("--test, --split and --text require each other")
    no_text: dict[str, object] = {
        "--one-based": one_based,
        "--tfidf": tfidf,
        "--no-normalize": no_normalize,
        "--feature-names": feature_names is not None,
    }
    for option, given in no_text.items():
        if given and texts is not None:
            raise click.UsageError(f"{option} and --text exclude each other")
    training_set = None if like is None else Dataset.open(like)
    if texts is not None:
        _convert_texts(sources, dataset, texts, format, label_names, test, split, jobs, overwrite)
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
            label_names=label_names,
            feature_names=feature_names,
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
    label_names: Path | None,
    test: Path | None,
    split: str | None,
    jobs: int,
    overwrite: bool,
) -> None:
    from pwdismec.steps.convert_texts import convert_texts
    from pwdismec.text.label_names import is_vocabulary
    from pwdismec.text.splits import Split

    _say_read(sources, record_files(sources, format).paths)
    has_language = texts.label_language is not None
    by_label = label_names is not None and (has_language or is_vocabulary(label_names))
    made = convert_texts(
        sources,
        dataset,
        texts.settings(),
        format=format,
        label_names=label_names if by_label else None,
        label_language=texts.label_language,
        labels=None if by_label else label_names,
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
