"""pwdismec demo."""

from __future__ import annotations

from pwdismec.experiment.demo import run_demo

from . import options
from .command import command as subcommand
from .messages import watch
from .streams import print_text


@subcommand("demo", "pwdismec demo")
@options.jobs
def command(jobs: int) -> None:
    """Show what PW and PW-cb gain where labels are missing, by a whole experiment on synthetic data.

    Takes half a minute on two cores, downloads nothing and leaves no files.
    """
    print_text(run_demo(jobs=jobs, watch=watch).to_text())
