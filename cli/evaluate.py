"""pwdismec evaluate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pwdismec.data.formats.source import OneBased
from pwdismec.metrics import CONVENTIONS, Report, SetReport
from pwdismec.metrics.conventions import PYXCLIB
from pwdismec.parallel import Backend
from pwdismec.steps.evaluate import evaluate_file, evaluate_sets_file
from pwdismec.weighting import PropensityParameters

from . import options
from .command import INPUT, OUTPUT
from .command import command as subcommand
from .messages import watch
from .streams import json_output, print_result


def _ks(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[int, ...] | None:
    if value is None:
        return None
    try:
        return tuple(options.WHOLE(k, param, ctx) for k in value.split(","))
    except ValueError:
        raise click.BadParameter(f"{value!r}; expected whole numbers such as 1,3,5") from None


@subcommand(
    "evaluate",
    "pwdismec evaluate predictions.txt data/test --train data/train --by-frequency",
    "pwdismec evaluate predictions.txt data/test --train data/train --per-label labels.csv",
    "pwdismec evaluate sets.txt data/test --as-sets --json report.json",
)
@click.argument("predictions", type=INPUT)
@click.argument("truth", type=INPUT)
@options.format_of("TRUTH")
@options.one_based
@click.option(
    "--train",
    type=INPUT,
    metavar="DATASET|FILE",
    help="The training set, or its file of labels; its counts give PSP, PSnDCG and the deciles.",
)
@click.option(
    "--n-train",
    type=options.WHOLE,
    metavar="N",
    help="The file of --train holds label counts only, one per line, of N instances.",
)
@click.option(
    "--filter",
    "filter_file",
    type=INPUT,
    metavar="FILE",
    help="Exclude the pairs of row and label in FILE, such as filter_labels_test.txt.",
)
@click.option(
    "-k",
    "ks",
    callback=_ks,
    metavar="N,…",
    help="Cut-offs k.  [default: 1,3,5, as far as PREDICTIONS have so many labels]",
)
@click.option(
    "--as-sets", is_flag=True, help="Only precision, recall and F1 of whole rows as sets of labels."
)
@click.option("--by-frequency", is_flag=True, help="Also by decile of training frequency.")
@options.propensity
@click.option(
    "--convention",
    type=click.Choice(list(CONVENTIONS)),
    default=PYXCLIB,
    show_default=True,
    help="How to count instances without labels and labels without training instances (docs/metrics.md).",
)
@click.option(
    "--paper-reranking", is_flag=True, help="PSP and PSnDCG of the paper's reordering of the best five."
)
@click.option(
    "--per-label",
    type=OUTPUT,
    metavar="FILE",
    help="Also write a table with a row per label: FILE.csv, .tsv or .jsonl.",
)
@options.json_file
@options.backend
@options.overwrite
def command(
    predictions: Path,
    truth: Path,
    train: Path | None,
    n_train: int | None,
    filter_file: Path | None,
    format: str,
    ks: tuple[int, ...] | None,
    json_file: Path | None,
    per_label: Path | None,
    as_sets: bool,
    by_frequency: bool,
    propensity: PropensityParameters | None,
    convention: str,
    paper_reranking: bool,
    one_based: OneBased,
    backend: Backend,
    overwrite: bool,
) -> None:
    """Compare PREDICTIONS with TRUTH: P, nDCG, PSP, PSnDCG, recall, coverage, macro-F1 at k, in percent.

    TRUTH is a data set, or a file or folder that convert reads (of a pair, the labels' file; of a folder, the
    test part; text records require --train). With --backend loky or dask, workers that see the files judge
    ranges of instances; the results are the same.

    The table of --per-label has each label's number, URI and name, its training and test positives, and for
    each k how often it is predicted and hit, precision, recall, F1 and its part of PSP (docs/metrics.md).
    """
    needs_train = {
        "--by-frequency": by_frequency,
        "--paper-reranking": paper_reranking,
        "--propensity": propensity is not None,
        "--n-train": n_train is not None,
    }
    for option, given in needs_train.items():
        if given and train is None:
            raise click.UsageError(f"{option} requires the training set: --train DATASET")
    of_rankings = {**needs_train, "-k": ks is not None, "--convention": convention != PYXCLIB}
    for option, given in of_rankings.items():
        if given and as_sets:
            raise click.UsageError(f"{option} and --as-sets exclude each other")
    json_file = json_output(json_file, [predictions, truth, train, filter_file], overwrite=overwrite)
    a, b = propensity or options.DEFAULT_PROPENSITY
    report: Report | SetReport
    with watch("evaluate", "instances") as update:
        how: dict[str, Any] = {"train": train, "filter": filter_file}
        how |= {"format": format, "one_based": one_based, "backend": backend}
        how |= {"per_label": per_label, "overwrite": overwrite}
        if as_sets:
            report = evaluate_sets_file(predictions, truth, **how, on_progress=update)
        else:
            report = evaluate_file(
                predictions,
                truth,
                **how,
                n_train=n_train,
                ks=ks,
                a=a,
                b=b,
                convention=convention,
                paper_reranking=paper_reranking,
                by_frequency=by_frequency,
                on_progress=update,
            )
    print_result(report.to_text(), report.to_dict(), json_file, overwrite=overwrite)
