"""pwdismec predict."""

from __future__ import annotations

from pathlib import Path

import click

from pwdismec.cluster import Part, stopping
from pwdismec.data.formats.source import OneBased
from pwdismec.parallel import THREADS, Backend
from pwdismec.prediction.files.writing import FORMATS
from pwdismec.steps.predict import TOP_K, predict_file

from . import options
from .examples import example
from .progress import warn, watch
from .sizes import size


@click.command(
    "predict",
    epilog=example(
        "pwdismec predict model test.txt predictions.txt --top-k 10",
        "pwdismec predict model test.txt sets.txt --sets micro-f1 --probabilities",
        "pwdismec predict model test.jsonl predictions.jsonl --format jsonl",
        "pwdismec predict model test.jsonl predictions.csv --format csv",
        "zcat test.txt.gz | pwdismec predict model - predictions.jsonl --format jsonl",
    ),
)
@click.argument("model", type=options.INPUT)
@click.argument("source", metavar="INPUT", type=options.INPUT)
@click.argument("output", type=options.OUTPUT)
@click.option(
    "--top-k",
    type=options.WHOLE,
    metavar="N",
    help=f"Labels an instance, at most.  [default: {TOP_K}; with --sets, all that reach their thresholds]",
)
@click.option(
    "--probabilities",
    is_flag=True,
    help="Write probabilities in place of scores; the labels are still those of the best scores.",
)
@click.option(
    "--sets",
    metavar="micro-f1|macro-f1|scutfbr|precision=P",
    help="Only labels above their thresholds: for the best F1, or for a precision such as 0.9.",
)
@click.option(
    "--format",
    type=click.Choice(FORMATS),
    default="xmc",
    show_default=True,
    help="How OUTPUT is written; all but xmc have the records' ids and the labels' URIs and names.",
)
@options.format_of("INPUT", "--input-format")
@options.one_based
@options.jobs
@options.backend
@click.option(
    "--memory",
    callback=size,
    metavar="SIZE",
    help="Keep to it, such as 500MB or 2GiB: labels are read block by block; the result is the same.",
)
@click.option("--resume", is_flag=True, help="Go on with a job that was broken off.")
@options.part(
    "--part",
    "Predict for a part: 3/8, the third of 8 tasks, which goes on by itself. The last writes OUTPUT.",
)
@options.deadline
@options.overwrite
@options.logs
def command(
    model: Path,
    source: Path,
    output: Path,
    top_k: int | None,
    probabilities: bool,
    sets: str | None,
    format: str,
    input_format: str,
    one_based: OneBased,
    jobs: int,
    backend: Backend,
    memory: int | None,
    resume: bool,
    part: Part | None,
    deadline: float | None,
    overwrite: bool,
) -> None:
    """Write the best labels of each instance of INPUT, best first, exactly.

    INPUT is a data set, or a file or folder that convert reads (of a pair, the features' file; of a folder,
    the test part); a file's raw values are transformed as the model's training set was, and labels in it are
    not looked at. For a model of texts it may be records. - is standard input. INPUT is read in chunks, in
    order, whatever its size. A job that was killed goes on with the same command and --resume, unless it read
    standard input, and gives the same bytes.

    --probabilities and --sets are for models that were calibrated. Scores in sets are distances above the
    labels' thresholds.
    """
    if part is not None and backend.name != THREADS:
        raise click.UsageError(f"--part goes with --backend {THREADS}")
    with watch("predict", "instances") as update, stopping(deadline) as stop:
        ignored = predict_file(
            model,
            source,
            output,
            top_k=top_k,
            probabilities=probabilities,
            sets=sets,
            format=format,
            input_format=input_format,
            one_based=one_based,
            jobs=jobs,
            memory=memory,
            overwrite=overwrite,
            resume=resume,
            part=part,
            backend=backend,
            stop=stop,
            on_progress=update,
        )
    if ignored:
        warn(f"{source}: ignored values of features that the model does not have: {ignored:,}")
