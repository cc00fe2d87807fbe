"""pwdismec calibrate."""

from __future__ import annotations

from pathlib import Path

import click

from pwdismec.calibration.maps import METHODS
from pwdismec.calibration.plot import check_plot, plot_reliability
from pwdismec.steps.calibrate import calibrate_folder

from . import options
from .command import INPUT, OUTPUT
from .command import command as subcommand
from .messages import watch
from .streams import print_text


@subcommand(
    "calibrate",
    "pwdismec calibrate model data/dev --plot reliability.png",
    "pwdismec predict model data/test predictions.txt --probabilities",
    "pwdismec predict model data/test sets.txt --sets macro-f1",
)
@click.argument("model", type=INPUT)
@click.argument("dataset", type=INPUT)
@click.option(
    "--method",
    type=click.Choice(METHODS),
    default=METHODS[0],
    show_default=True,
    help="How scores become probabilities.",
)
@click.option("--plot", type=OUTPUT, metavar="PNG", help="Draw a reliability diagram.")
@options.jobs
@options.overwrite
def command(model: Path, dataset: Path, method: str, plot: Path | None, jobs: int, overwrite: bool) -> None:
    """Fit probabilities and thresholds for MODEL to DATASET, which it was not trained on.

    They are stored with the model, for predict and suggest with --probabilities and --sets. Without held-out
    data, use train --calibrate, which holds out a share of the training data. The figures printed are
    cross-validated.
    """
    if plot is not None:
        plot = check_plot(plot, [model, dataset], overwrite=overwrite)
    calibration = calibrate_folder(model, dataset, method=method, jobs=jobs, overwrite=overwrite, watch=watch)
    if plot is not None:
        plot_reliability(calibration, plot, overwrite=overwrite)
    print_text(calibration.to_text())
