"""pwdismec inspect."""

from __future__ import annotations

from pathlib import Path

import click

from pwdismec.diagnosis.facts import facts_of
from pwdismec.diagnosis.inspection import describe

from . import options
from .command import INPUT, STDOUT
from .command import command as subcommand
from .streams import json_output, print_json, print_result, print_text


@subcommand("inspect", "pwdismec inspect model", "pwdismec inspect model --json")
@click.argument("path", type=INPUT)
@options.json_file
@options.overwrite
def command(path: Path, json_file: Path | None, overwrite: bool) -> None:
    """Describe PATH: a data set, a model, an unfinished training, or a prediction file."""
    json_file = json_output(json_file, [path], overwrite=overwrite)
    if json_file is None:
        print_text(describe(path))
    elif json_file == STDOUT:
        print_json(facts_of(path))
    else:
        print_result(describe(path), facts_of(path), json_file, overwrite=overwrite)
