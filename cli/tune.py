"""pwdismec tune."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from pwdismec.quoting import shown_name
from pwdismec.steps.tune import tune_folder
from pwdismec.training import TrainingConfig
from pwdismec.training.progress import as_training_progress
from pwdismec.tuning import Grid
from pwdismec.tuning.folder import BEST
from pwdismec.tuning.results import DEFAULT_METRIC
from pwdismec.weighting import SCHEMES

from . import options
from .examples import example
from .progress import say, watch
from .streams import print_text

_GRID = Grid.of()


def _numbers(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[float, ...] | None:
    try:
        return None if value is None else tuple(float(number) for number in value.split(","))
    except ValueError:
        raise click.BadParameter(f"{value!r}; expected numbers such as 0.1,1,10") from None


def _names(ctx: click.Context, param: click.Parameter, value: str) -> tuple[str, ...]:
    return tuple(value.split(","))


def _grid_option(name: str, variable: str, default: str | None, what: str) -> Callable[..., Any]:
    return click.option(
        name, variable, default=default, show_default=True, callback=_numbers, metavar="LIST", help=what
    )


@click.command(
    "tune",
    epilog=example(
        "pwdismec tune data/train tuned --C 0.1,1,10 --weighting pw,pw-cb --beta 0.9,0.99",
        "pwdismec train data/train model --settings tuned/best.yaml",
    ),
)
@click.argument("dataset", type=options.INPUT)
@click.argument("out", type=options.OUTPUT)
@click.option(
    "--weighting",
    default=",".join(w.scheme for w in _GRID.weightings),
    show_default=True,
    callback=_names,
    metavar="LIST",
    help=f"Of {', '.join(SCHEMES)}, file:PATH.",
)
@_grid_option("--C", "costs", ",".join(f"{c:g}" for c in _GRID.costs), "Costs of an error of weight 1.")
@_grid_option("--A", "grid_a", None, "A's of the weights, for pw, pw-cb.  [default: that of --propensity]")
@_grid_option("--B", "grid_b", None, "B's of the weights, for pw, pw-cb.  [default: that of --propensity]")
@_grid_option("--beta", "betas", "0.9", "β's of the class balance, for cb, pw-cb.")
@_grid_option(
    "--prune",
    "prunes",
    ",".join(f"{p:g}" for p in _GRID.prunes),
    "Weights nearer to 0 are cut; costs little.",
)
@click.option("--holdout", default=0.2, show_default=True, metavar="SHARE", help="Held out to judge by.")
@click.option(
    "--by", default=DEFAULT_METRIC, show_default=True, metavar="METRIC", help="What decides: P@1, …"
)
@options.propensity
@options.training
@options.jobs
@click.option("--resume", is_flag=True, help="Go on with a tuning that was broken off.")
@options.overwrite
@options.logs
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
    preset_name: str | None,
    a: float | None,
    b: float | None,
    bias: float,
    solver: str,
    tolerance: float,
    max_epochs: int,
    shard_size: int,
    seed: int,
    jobs: int,
    resume: bool,
    overwrite: bool,
) -> None:
    """Train every setting of a grid on a part of DATASET and judge it on the rest; OUT is a new folder.

    A LIST is one or more values with commas between them. Every weighting is tried with every C, and with
    every A, B and β that it looks at. OUT gets results.json, and best.yaml for `train` and `run` --settings.
    A tuning that was killed goes on with --resume and gives the same results.
    """
    propensity = options.propensity_parameters(preset_name, a, b)
    grid = Grid.of(
        weighting,
        C=costs,
        a=grid_a or (propensity.a,),
        b=grid_b or (propensity.b,),
        beta=betas,
        prune=prunes,
    )
    config = TrainingConfig(
        bias=bias,
        solver=solver,
        tolerance=tolerance,
        max_epochs=max_epochs,
        shard_size=shard_size,
        seed=seed,
    )
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
    print_text(f"{tuning.to_text()}\n\nthe best is in {shown_name(out / BEST)}")
