"""pwdismec calibrate."""

from __future__ import annotations

from pathlib import Path

import click

from pwdismec.calibration.maps import METHODS
from pwdismec.calibration.plot import check_plot, plot_reliability
from pwdismec.steps.calibrate import calibrate_folder

from . import options
from .examples import example
from .progress import watch
from .streams import print_text


@click.command(
    "calibrate",
    epilog=example(
        "pwdismec calibrate model data/dev --plot reliability.png",
        "pwdismec predict model data/test predictions.txt --probabilities",
        "pwdismec predict model data/test sets.txt --sets macro-f1",
    ),
)
@click.argument("model", type=options.INPUT)
@click.argument("dataset", type=options.INPUT)
@click.option(
    "--method", type=click.Choice(METHODS), default=METHODS[0], show_default=True, help="What is fitted."
)
@click.option(
    "--plot", type=options.OUTPUT, metavar="PNG", help="Draw the probabilities against what came true."
)
@options.jobs
@options.overwrite
@options.logs
def command(model: Path, dataset: Path, method: str, plot: Path | None, jobs: int, overwrite: bool) -> None:
    """Fit probabilities and thresholds for MODEL to DATASET, which it was not trained on.

    They are stored with the model, for predict --probabilities and --sets. Without held-out data, train
    --calibrate holds out a share of the training data. What is printed was measured on instances that the
    fit did not see.
    """
    if plot is not None:
        plot = check_plot(plot, [model, dataset], overwrite=overwrite)
    calibration = calibrate_folder(model, dataset, method=method, jobs=jobs, overwrite=overwrite, watch=watch)
    if plot is not None:
        plot_reliability(calibration, plot, overwrite=overwrite)
    print_text(calibration.to_text())
