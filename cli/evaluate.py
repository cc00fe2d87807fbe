"""pwdismec evaluate."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from pwdismec.files import write_file
from pwdismec.metrics import CONVENTIONS, Report, SetReport
from pwdismec.metrics.conventions import PYXCLIB
from pwdismec.outputs import output_file
from pwdismec.parallel import Backend
from pwdismec.steps.evaluate import evaluate_file, evaluate_sets_file

from . import options
from .examples import example
from .progress import watch
from .streams import print_text


def _ks(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[int, ...] | None:
    if value is None:
        return None
    try:
        return tuple(options.WHOLE(k, param, ctx) for k in value.split(","))
    except ValueError:
        raise click.BadParameter(f"{value!r}; expected whole numbers such as 1,3,5") from None


@click.command(
    "evaluate",
    epilog=example(
        "pwdismec evaluate predictions.txt data/test --train data/train --by-frequency",
        "pwdismec evaluate predictions.txt data/test --train data/train --per-label labels.csv",
        "pwdismec evaluate sets.txt data/test --sets",
    ),
)
@click.argument("predictions", type=options.INPUT)
@click.argument("truth", type=options.INPUT)
@click.option(
    "--train",
    type=options.INPUT,
    metavar="DATASET|FILE",
    help="The training set, or its file of labels; their counts give PSP, PSnDCG and the deciles.",
)
@click.option(
    "--n-train",
    type=options.WHOLE,
    metavar="N",
    help="The file of --train holds the labels' counts alone, one a line, of N instances.",
)
@click.option(
    "--filter",
    "filter_file",
    type=options.INPUT,
    metavar="FILE",
    help="Take out the pairs in FILE, of a row and a label, such as filter_labels_test.txt.",
)
@options.format_of("TRUTH")
@click.option(
    "-k",
    "ks",
    callback=_ks,
    metavar="N,…",
    help="The k's.  [default: 1,3,5, as far as PREDICTIONS have so many labels]",
)
@click.option(
    "--json", "json_file", type=options.OUTPUT, metavar="FILE", help="Also write the results to FILE."
)
@click.option(
    "--per-label",
    type=options.OUTPUT,
    metavar="FILE",
    help="Also write a table with a line for each label: FILE.csv, .tsv or .jsonl.",
)
@click.option("--sets", is_flag=True, help="Precision, recall and F1 of whole rows as sets of labels, alone.")
@click.option("--by-frequency", is_flag=True, help="Also by decile of training frequency.")
@options.propensity
@click.option(
    "--convention",
    type=click.Choice(list(CONVENTIONS)),
    default=PYXCLIB,
    show_default=True,
    help="Whose way, for instances without labels (pyxclib-labelled) and labels beyond training (napkinxc).",
)
@click.option(
    "--paper-reranking", is_flag=True, help="PSP, PSnDCG of the paper's reordering of the best five."
)
@options.one_based
@options.backend
@options.overwrite
@options.logs
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
    sets: bool,
    by_frequency: bool,
    preset_name: str | None,
    a: float | None,
    b: float | None,
    convention: str,
    paper_reranking: bool,
    one_based: bool,
    backend: Backend,
    overwrite: bool,
) -> None:
    """Compare PREDICTIONS with TRUTH: P, nDCG, PSP, PSnDCG, recall, coverage, macro-F1 at k, in percent.

    TRUTH is a data set, or a file or folder that convert reads (of a pair, the labels' file; of a folder, the
    test part; records of texts with --train). With --backend loky or dask, ranges of instances are judged by
    workers that see the files, and the results are the same.

    The table of --per-label has each label's number, URI and name, how often it is true in the training set
    and in TRUTH, and for each k how often it is predicted and hit, its precision, recall and F1, and its part
    of PSP (docs/metrics.md).
    """
    needs_train = {
        "--by-frequency": by_frequency,
        "--paper-reranking": paper_reranking,
        "--propensity": (preset_name, a, b) != (None, None, None),
        "--n-train": n_train is not None,
    }
    for option, given in needs_train.items():
        if given and train is None:
            raise click.UsageError(f"{option} needs the training set: --train DATASET")
    of_rankings = {**needs_train, "-k": ks is not None, "--convention": convention != PYXCLIB}
    for option, given in of_rankings.items():
        if given and sets:
            raise click.UsageError(f"{option} does not go with --sets")
    if json_file is not None:
        json_file = output_file(json_file, [predictions, truth, train, filter_file], overwrite=overwrite)
    parameters = options.propensity_parameters(preset_name, a, b)
    report: Report | SetReport
    with watch("evaluate", "instances") as update:
        how: dict[str, Any] = {"train": train, "filter": filter_file}
        how |= {"format": format, "one_based": one_based, "backend": backend}
        how |= {"per_label": per_label, "overwrite": overwrite}
        if sets:
            report = evaluate_sets_file(predictions, truth, **how, on_progress=update)
        else:
            report = evaluate_file(
                predictions,
                truth,
                **how,
                n_train=n_train,
                ks=ks,
                a=parameters.a,
                b=parameters.b,
                convention=convention,
                paper_reranking=paper_reranking,
                by_frequency=by_frequency,
                on_progress=update,
            )
    if json_file is not None:
        content = f"{json.dumps(report.to_dict(), indent=1)}\n".encode()
        write_file(json_file, content, overwrite=overwrite)
    print_text(report.to_text())
