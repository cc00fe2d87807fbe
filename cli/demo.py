"""pwdismec demo."""

from __future__ import annotations

import click

from pwdismec.experiment.demo import run_demo

from . import options
from .examples import example
from .progress import watch
from .streams import print_text


@click.command("demo", epilog=example("pwdismec demo"))
@options.jobs
@options.logs
def command(jobs: int) -> None:
    """Show what PW and PW-cb gain where labels are missing: the whole job on synthetic data.

    Takes half a minute on two cores, downloads nothing and leaves nothing behind.
    """
    print_text(run_demo(jobs=jobs, watch=watch).to_text())
