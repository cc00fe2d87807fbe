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
@click.option("--out", type=options.PATH, metavar="FOLDER", help="Where to work.  [default: runs/NAME]")
@options.jobs
def command(config: Path, data: Path | None, out: Path | None, jobs: int) -> None:
    """Convert, train, predict and evaluate as the YAML file CONFIG says; what is done already is skipped."""
    outcome = run_experiment(config, data=data, out=out, jobs=jobs, say=say, watch=watch)
    click.echo(f"{outcome.to_text()}\n\nall of it in {outcome.folder}")
