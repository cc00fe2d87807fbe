"""pwdismec run."""

from __future__ import annotations

from pathlib import Path

import click

from pwdismec.pipeline.experiment import run_experiment

from . import options
from .examples import example
from .progress import say, watch


@click.command(
    "run",
    epilog=example(
        "pwdismec run configs/bibtex.yaml --data ~/data/bibtex",
    ),
)
@click.argument("config", type=options.PATH)
@click.option("--data", type=options.PATH, metavar="FOLDER", help="Where the data's files are.")
@click.option(
    "--settings",
    type=options.PATH,
    metavar="FILE",
    help="Take propensity, weightings and training from another file, such as best.yaml of tune.",
)
@click.option("--out", type=options.PATH, metavar="FOLDER", help="Where to work.  [default: runs/NAME]")
@options.jobs
@options.logs
def command(config: Path, data: Path | None, settings: Path | None, out: Path | None, jobs: int) -> None:
    """Convert, train, predict and evaluate as the YAML file CONFIG says; what is done already is skipped."""
    outcome = run_experiment(config, data=data, settings=settings, out=out, jobs=jobs, say=say, watch=watch)
    click.echo(f"{outcome.to_text()}\n\nall of it in {outcome.folder}")
