"""pwdismec doctor."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from pwdismec.diagnosis.doctor import diagnose

from . import options
from .command import command as subcommand
from .streams import json_output, print_result


@subcommand("doctor", "pwdismec doctor", "pwdismec doctor --json doctor.json")
@options.json_file
@options.overwrite
@click.pass_context
def command(ctx: click.Context, json_file: Path | None, overwrite: bool) -> None:
    """Check this machine and installation, and solve a small test problem.

    Shows versions, instruction set, threads, memory and optional packages, then trains and predicts, and
    compares certificates and scores with float64. Exits with code 1 if a check fails or a package is missing.
    """
    json_file = json_output(json_file, (), overwrite=overwrite)
    diagnosis = diagnose()
    found = {"healthy": diagnosis.healthy, **asdict(diagnosis)}
    print_result(diagnosis.to_text(), found, json_file, overwrite=overwrite)
    ctx.exit(0 if diagnosis.healthy else 1)
