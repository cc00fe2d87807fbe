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
from .command import FOLDER, INPUT
from .command import command as subcommand
from .messages import say, warn, watch
from .streams import print_text


def _touched(given: Mapping[str, Any]) -> tuple[Sequence[Path], Sequence[Path]]:
    experiment = config_of(given["config"], given["data"], given["settings"])
    outputs = folder_of(experiment, given["out"]).outputs(map(short_name, experiment.weightings))
    return [*experiment.files, *experiment.weight_files], outputs


@subcommand("run", "pwdismec run configs/bibtex.yaml --data ~/data/bibtex", touched=_touched)
@click.argument("config", type=INPUT)
@click.option(
    "--data", type=FOLDER, metavar="FOLDER", help="Folder of the data files.  [default: as CONFIG says]"
)
@click.option(
    "--settings",
    type=INPUT,
    metavar="FILE",
    help="Take propensity, weightings and training from FILE, e.g. best.yaml of tune.",
)
@click.option("--out", type=FOLDER, metavar="FOLDER", help="Work folder.  [default: runs/NAME]")
@options.jobs
@click.option(
    "--overwrite",
    is_flag=True,
    help="Also replace outputs in the work folder that were changed since, or that came from elsewhere.",
)
def command(
    config: Path, data: Path | None, settings: Path | None, out: Path | None, jobs: int, overwrite: bool
) -> None:
    """Run the experiment in the YAML file CONFIG: convert, train, predict and evaluate.

    Steps whose results are already there are skipped.
    """
    how: dict[str, Any] = {"jobs": jobs, "overwrite": overwrite, "say": say, "warn": warn, "watch": watch}
    outcome = run_experiment(config, data=data, settings=settings, out=out, **how)
    print_text(f"{outcome.to_text()}\n\nresults written to {shown_name(outcome.folder)}")
