"""pwdismec doctor."""

from __future__ import annotations

from dataclasses import asdict

import click

from pwdismec.diagnosis.doctor import diagnose
from pwdismec.quoting import json_line

from .examples import example
from .streams import print_text


@click.command("doctor", epilog=example("pwdismec doctor"))
@click.option("--json", "as_json", is_flag=True, help="As JSON, in one line.")
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """Say what this machine and installation offer, and test them: a problem of a second, solved and checked.

    Versions, instruction set, threads, memory, optional packages; then a training, its certificates and its
    predictions against the same in float64. Exits with 1 if that fails, or a package is missing.
    """
    diagnosis = diagnose()
    found = {"healthy": diagnosis.healthy, **asdict(diagnosis)}
    print_text(json_line(found) if as_json else diagnosis.to_text())
    ctx.exit(0 if diagnosis.healthy else 1)
