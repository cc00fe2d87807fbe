"""pwdismec tune."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from pwdismec.quoting import shown_name
from pwdismec.steps.tune import tune_folder
from pwdismec.training import TrainingConfig
from pwdismec.training.training_progress import as_training_progress
from pwdismec.tuning import Grid
from pwdismec.tuning.folder import BEST
from pwdismec.tuning.results import DEFAULT_METRIC
from pwdismec.weighting import SCHEMES, PropensityParameters

from . import options
from .command import INPUT, OUTPUT
from .command import command as subcommand
from .messages import say, watch
from .streams import print_text
from .values import numbers

_GRID = Grid.of()


def _names(ctx: click.Context, param: click.Parameter, value: str) -> tuple[str, ...]:
    return tuple(value.split(","))


def _grid_option(name: str, variable: str, default: str | None, what: str) -> Callable[..., Any]:
    return click.option(
        name, variable, default=default, show_default=True, callback=numbers, metavar="LIST", help=what
    )


@subcommand(
    "tune",
    "pwdismec tune data/train tuned --C 0.1,1,10 --weighting pw,pw-cb --beta 0.9,0.99",
    "pwdismec train data/train model --settings tuned/best.yaml",
)
@click.argument("dataset", type=INPUT)
@click.argument("out", type=OUTPUT)
@click.option(
    "--weighting",
    default=",".join(w.scheme for w in _GRID.weightings),
    show_default=True,
    callback=_names,
    metavar="LIST",
    help=f"Weightings: {', '.join(SCHEMES)}, file:PATH.",
)
@_grid_option("--C", "costs", ",".join(f"{c:g}" for c in _GRID.costs), "Costs of an error of weight 1.")
@_grid_option("--A", "grid_a", None, "A of the weights, for pw and pw-cb.  [default: that of --propensity]")
@_grid_option("--B", "grid_b", None, "B of the weights, for pw and pw-cb.  [default: that of --propensity]")
@_grid_option("--beta", "betas", "0.9", "β of the class balance, for cb and pw-cb.")
@_grid_option(
    "--prune",
    "prunes",
    ",".join(f"{p:g}" for p in _GRID.prunes),
    "Drop weights below these in absolute value; costs little time.",
)
@click.option(
    "--holdout", default=0.2, show_default=True, metavar="SHARE", help="Share of instances to judge by."
)
@click.option(
    "--by", default=DEFAULT_METRIC, show_default=True, metavar="METRIC", help="Metric that decides, e.g. P@1."
)
@options.propensity
@options.training(without=("C", "prune"))
@options.jobs
@click.option("--resume", is_flag=True, help="Resume an interrupted tuning.")
@options.overwrite
def command(
    dataset: Path,
    out: Path,
    weighting: tuple[str, ...],
    costs: tuple[float, ...],
    grid_a: tuple[float, ...] | None,
    grid_b: tuple[float, ...] | None,
    betas: tuple[float, ...],
    prunes: tuple[float, ...],
    holdout: float,
    by: str,
    propensity: PropensityParameters | None,
    jobs: int,
    resume: bool,
    overwrite: bool,
    **training: Any,
) -> None:
    """Train every setting of a grid on a part of DATASET and judge it on the rest; OUT is a new folder.

    A LIST is one or more values, separated by commas. Every weighting is tried with every C, and with every
    A, B and β that it uses. OUT gets results.json, and best.yaml for `train` and `run` --settings. An
    interrupted tuning resumed with --resume gives the same results.
    """
    propensity = propensity or options.DEFAULT_PROPENSITY
    grid = Grid.of(
        weighting,
        C=costs,
        a=grid_a or (propensity.a,),
        b=grid_b or (propensity.b,),
        beta=betas,
        prune=prunes,
    )
    config = TrainingConfig(**training)
    with watch("tune", "labels") as update:
        tuning = tune_folder(
            dataset,
            out,
            grid,
            config,
            propensity=propensity,
            holdout=holdout,
            by=by,
            jobs=jobs,
            resume=resume,
            overwrite=overwrite,
            say=say,
            on_progress=as_training_progress(update),
        )
    print_text(f"{tuning.to_text()}\n\nbest settings written to {shown_name(out / BEST)}")
