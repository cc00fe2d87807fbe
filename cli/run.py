"""pwdismec run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from pwdismec.experiment.experiment import config_of, folder_of, run_experiment
from pwdismec.quoting import shown_name
from pwdismec.settings.training import short_name

from . import options
from .examples import example
from .progress import say, warn, watch
from .streams import print_text


def _touched(given: Mapping[str, Any]) -> tuple[Sequence[Path], Sequence[Path]]:
    experiment = config_of(given["config"], given["data"], given["settings"])
    outputs = folder_of(experiment, given["out"]).outputs(map(short_name, experiment.weightings))
    return [*experiment.files, *experiment.weight_files], outputs


@click.command(
    "run",
    epilog=example(
        "pwdismec run configs/bibtex.yaml --data ~/data/bibtex",
    ),
)
@click.argument("config", type=options.INPUT)
@click.option("--data", type=options.FOLDER, metavar="FOLDER", help="Where the data's files are.")
@click.option(
    "--settings",
    type=options.INPUT,
    metavar="FILE",
    help="Take propensity, weightings and training from another file, such as best.yaml of tune.",
)
@click.option("--out", type=options.FOLDER, metavar="FOLDER", help="Where to work.  [default: runs/NAME]")
@options.jobs
@click.option(
    "--overwrite",
    is_flag=True,
    help="Also replace outputs in the work folder that were changed since, or that came from elsewhere.",
)
@options.logs_besides(_touched)
def command(
    config: Path, data: Path | None, settings: Path | None, out: Path | None, jobs: int, overwrite: bool
) -> None:
    """Convert, train, predict and evaluate as the YAML file CONFIG says; what is done already is skipped."""
    how: dict[str, Any] = {"jobs": jobs, "overwrite": overwrite, "say": say, "warn": warn, "watch": watch}
    outcome = run_experiment(config, data=data, settings=settings, out=out, **how)
    print_text(f"{outcome.to_text()}\n\nall of it in {shown_name(outcome.folder)}")
