"""pwdismec report."""

from __future__ import annotations

from pathlib import Path

import click

from pwdismec.quoting import shown_name
from pwdismec.reporting import write_report
from pwdismec.reporting.wording import verdicts

from . import options
from .command import INPUT, OUTPUT
from .command import command as subcommand
from .messages import watch
from .streams import print_text


@subcommand(
    "report",
    "pwdismec report runs/bibtex",
    "pwdismec report runs/bibtex runs/bibtex-c10 --out bibtex.html",
)
@click.argument("runs", nargs=-1, required=True, type=INPUT, metavar="RUN…")
@click.option(
    "--out",
    type=OUTPUT,
    metavar="FILE",
    help="The page; plots go to a folder beside it.  [default: report.html in the first RUN]",
)
@options.jobs
@options.overwrite
def command(runs: tuple[Path, ...], out: Path | None, jobs: int, overwrite: bool) -> None:
    """Compare RUNs, folders written by `pwdismec run`, in an HTML page with plots.

    All RUNs must use the same data. Requires matplotlib: pip install 'pwdismec[report]'.
    """
    page, content = write_report(runs, out, jobs=jobs, overwrite=overwrite, watch=watch)
    for verdict in verdicts(content):
        print_text(f"{shown_name(verdict.method)} {verdict.text}")
    print_text(f"report written to {shown_name(page)}")
