"""pwdismec report."""

from __future__ import annotations

from pathlib import Path

import click

from pwdismec.quoting import shown_name
from pwdismec.reporting import write_report
from pwdismec.reporting.words import verdicts

from . import options
from .examples import example
from .progress import watch
from .streams import print_text


@click.command(
    "report",
    epilog=example(
        "pwdismec report runs/bibtex",
        "pwdismec report runs/bibtex runs/bibtex-c10 --out bibtex.html",
    ),
)
@click.argument("runs", nargs=-1, required=True, type=options.INPUT, metavar="RUN…")
@click.option(
    "--out",
    type=options.OUTPUT,
    metavar="FILE",
    help="The page; plots go to a folder beside it.  [default: report.html in the first RUN]",
)
@options.jobs
@options.overwrite
@options.logs
def command(runs: tuple[Path, ...], out: Path | None, jobs: int, overwrite: bool) -> None:
    """Show each RUN, a folder that `pwdismec run` has written, in one HTML page with plots.

    Several must be of the same data. Needs matplotlib: pip install 'pwdismec[report]'.
    """
    page, content = write_report(runs, out, jobs=jobs, overwrite=overwrite, watch=watch)
    for verdict in verdicts(content):
        print_text(f"{shown_name(verdict.method)} {verdict.text}")
    print_text(f"all of it in {shown_name(page)}")
