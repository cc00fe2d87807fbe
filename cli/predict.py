"""pwdismec predict."""

from __future__ import annotations

from pathlib import Path

import click

from pwdismec.cluster import Part, stopping
from pwdismec.data.formats.source import OneBased
from pwdismec.parallel import THREADS, Backend
from pwdismec.prediction.files.prediction_job import FORMATS
from pwdismec.steps.predict import TOP_K, Output, predict_file

from . import options
from .command import INPUT, OUTPUT, STDOUT
from .command import command as subcommand
from .messages import warn, watch
from .streams import check_uncompressed, file_or_stdout

_SUFFIXES = {".npz": "npz", ".jsonl": "jsonl", ".csv": "csv"}


@subcommand(
    "predict",
    "pwdismec predict model test.txt predictions.txt --top-k 10",
    "pwdismec predict model test.txt sets.txt --sets micro-f1 --probabilities",
    "pwdismec predict model test.jsonl scores.csv --also probabilities p.csv --also micro-f1 sets.csv",
    "zcat test.txt.gz | pwdismec predict model - - --output-format jsonl | gzip > predictions.jsonl.gz",
    touched=lambda given: ((), [path for _, path in given["also"]]),
)
@click.argument("model", type=INPUT)
@click.argument("source", metavar="INPUT", type=INPUT)
@click.argument("output", type=OUTPUT)
@options.format_of("INPUT")
@options.one_based
@click.option(
    "--top-k",
    type=options.WHOLE,
    metavar="N",
    help=f"Labels per instance, at most.  [default: {TOP_K}; with --sets: all above their thresholds]",
)
@options.probabilities
@options.sets
@click.option(
    "--output-format",
    type=click.Choice(FORMATS),
    help="Format of OUTPUT.  [default: by its suffix: .npz, .jsonl, .csv, else xmc]",
)
@click.option(
    "--also",
    type=(str, OUTPUT),
    multiple=True,
    metavar="KIND FILE",
    help="Also write FILE in the same run; KIND: scores, probabilities or a RULE of --sets; repeatable.",
)
@options.jobs
@options.backend
@options.memory("reads labels block by block; the result is the same")
@options.deadline
@click.option("--resume", is_flag=True, help="Resume an interrupted job.")
@options.part("--part", "Predict a part: 3/8 is the third of 8 tasks. The last task writes OUTPUT.")
@options.overwrite
def command(
    model: Path,
    source: Path,
    output: Path,
    top_k: int | None,
    probabilities: bool,
    sets: str | None,
    output_format: str | None,
    also: tuple[tuple[str, Path], ...],
    format: str,
    one_based: OneBased,
    jobs: int,
    backend: Backend,
    memory: int | None,
    resume: bool,
    part: Part | None,
    deadline: float | None,
    overwrite: bool,
) -> None:
    """Predict the best labels of each instance of INPUT, best first, exactly, and write them to OUTPUT.

    INPUT is a data set, or a file or folder that convert reads (of a pair, the features' file; of a folder,
    the test part); raw values are transformed as the model's training set was, and labels are ignored. For a
    model of texts it can be records. - is standard input and standard output, which is written once all
    predictions are there. INPUT is read in chunks, whatever its size. An interrupted job resumed with
    --resume gives the same bytes.

    --probabilities and --sets require a calibrated model. Scores in sets are distances above the labels'
    thresholds. All formats but xmc have the records' ids and the labels' URIs and names.
    """
    if part is not None and backend.name != THREADS:
        raise click.UsageError(f"--part requires --backend {THREADS}")
    if also and backend.name != THREADS:
        raise click.UsageError(f"--also requires --backend {THREADS}")
    if output == STDOUT and (resume or part is not None):
        raise click.UsageError("--resume and --part require a file, not standard output")
    written_as = _format_of(output, output_format)
    with (
        file_or_stdout(output) as file,
        watch("predict", "instances") as update,
        stopping(deadline) as stop,
    ):
        ignored = predict_file(
            model,
            source,
            file,
            top_k=top_k,
            probabilities=probabilities,
            sets=sets,
            format=written_as,
            also=[_output(*given) for given in also],
            input_format=format,
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


def _output(kind: str, path: Path) -> Output:
    """What --also asks for."""
    if path == STDOUT:
        raise click.UsageError("--also: expected a file, not standard output")
    format = _format_of(path, None)
    if kind in ("scores", "probabilities"):
        return Output(path, format, probabilities=kind == "probabilities")
    return Output(path, format, sets=kind)


def _format_of(output: Path, asked: str | None) -> str:
    """How predictions are to be written: as asked, or else as the suffix says."""
    check_uncompressed(output)
    format = asked or _SUFFIXES.get(output.suffix.lower(), "xmc")
    if output == STDOUT and format == "npz":
        raise click.UsageError("--output-format npz: expected a file, not standard output")
    return format
