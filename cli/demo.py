"""pwdismec demo."""

from __future__ import annotations

from pathlib import Path

import click

from pwdismec.experiment.demo import run_demo
from pwdismec.experiment.example_files import write_example_files
from pwdismec.quoting import shown_name

from . import options
from .command import FOLDER
from .command import command as subcommand
from .messages import watch
from .streams import print_text


@subcommand("demo", "pwdismec demo", "pwdismec demo --out examples")
@click.option(
    "--out",
    type=FOLDER,
    metavar="FOLDER",
    help="Write small synthetic data to FOLDER instead, as files to try the other commands on.",
)
@options.jobs
@options.overwrite
def command(out: Path | None, jobs: int, overwrite: bool) -> None:
    """Show what PW and PW-cb gain where labels are missing, by a whole experiment on synthetic data.

    Takes half a minute on two cores, downloads nothing and leaves no files.
    """
    if out is None:
        if overwrite:
            raise click.UsageError("--overwrite requires --out")
        print_text(run_demo(jobs=jobs, watch=watch).to_text())
    else:
        files = write_example_files(out, overwrite=overwrite)
        print_text("\n".join(shown_name(path) for path in files))
