"""pwdismec train."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from pwdismec.bounds import settings_of
from pwdismec.calibration.maps import METHODS
from pwdismec.calibration.plot import check_plot, plot_reliability
from pwdismec.cluster import Part, stopping
from pwdismec.data import Dataset
from pwdismec.diagnosis.inspection import training_summary
from pwdismec.errors import ConfigError
from pwdismec.model import Model
from pwdismec.parallel import THREADS, Backend
from pwdismec.plain_text import duration_text
from pwdismec.quoting import shown_name
from pwdismec.settings.training import read_settings
from pwdismec.steps.calibrate import calibrate_on_share, check_share
from pwdismec.training import Progress, TrainingConfig, train, train_part
from pwdismec.training.training_progress import as_training_progress
from pwdismec.weighting import SCHEMES, Weighting

from . import options
from .command import INPUT, OUTPUT, also_reads
from .command import command as subcommand
from .messages import say, watch
from .streams import print_text

_DEFAULT = TrainingConfig()


def _settings(ctx: click.Context, param: click.Parameter, path: Path | None) -> None:
    """Make a file's settings the options' defaults."""
    if path is None:
        return
    also_reads(ctx, path)
    settings = read_settings(path)
    given = settings.weightings if "weightings" in settings.model_fields_set else (_DEFAULT.weighting.scheme,)
    if len(given) > 1:
        raise ConfigError(f"{path}: weightings: {', '.join(given)}; expected one")
    values = asdict(settings.training_config(given[0]))
    weighting = values.pop("weighting")
    scheme, a, b = (weighting.pop(name) for name in ("scheme", "a", "b"))
    ctx.default_map = values | weighting | {"weighting": scheme, "propensity": f"{a!r},{b!r}"}


@subcommand(
    "train",
    "pwdismec train data/train model --weighting pw-cb --propensity amazon-670k --log train.log",
    "pwdismec train data/train model --calibrate 0.2 --calibrate-plot reliability.png",
    "pwdismec train data/train model --resume --backend dask --scheduler tcp://host:8786",
)
@click.argument("dataset", type=INPUT)
@click.argument("model", type=OUTPUT)
@click.option(
    "--settings",
    type=INPUT,
    is_eager=True,
    expose_value=False,
    callback=_settings,
    metavar="FILE",
    help="Take the settings from FILE, e.g. best.yaml of tune; explicit options override it.",
)
@click.option(
    "--weighting",
    default=_DEFAULT.weighting.scheme,
    show_default=True,
    metavar="|".join([*SCHEMES, "file:PATH"]),
    help="Weights of positives by label; file: one number per line.",
)
@options.propensity
@options.setting(Weighting, "beta")
@options.training()
@options.jobs
@options.backend
@options.memory("lowers labels per pass, then threads; the model is the same")
@options.deadline
@click.option(
    "--calibrate",
    type=float,
    metavar="SHARE",
    help="Also fit probabilities and thresholds, by a second training without that share of the instances.",
)
@click.option(
    "--calibrate-method",
    "method",
    type=click.Choice(METHODS),
    help=f"How --calibrate makes scores probabilities.  [default: {METHODS[0]}]",
)
@click.option(
    "--calibrate-plot",
    "plot",
    type=OUTPUT,
    metavar="PNG",
    help="Draw a reliability diagram of --calibrate.",
)
@click.option("--resume", is_flag=True, help="Resume an interrupted training, or join a running one.")
@options.part(
    "--shards",
    "Train a part: 3/64 is the third of 64 tasks, 0-7 a range of shards. The last task completes the model.",
)
@options.overwrite
def command(
    dataset: Path,
    model: Path,
    jobs: int,
    backend: Backend,
    memory: int | None,
    calibrate: float | None,
    method: str | None,
    plot: Path | None,
    resume: bool,
    shards: Part | None,
    deadline: float | None,
    overwrite: bool,
    **settings: Any,
) -> None:
    """Train one classifier for each label of DATASET that has a positive; MODEL is a new folder.

    An interrupted training resumed with --resume gives the same model, bit for bit. Any number of processes
    and machines that see the same folders can share a training (docs/cluster.md).
    """
    if shards is not None and backend.name != THREADS:
        raise click.UsageError(f"--shards requires --backend {THREADS}")
    if calibrate is not None and (shards is not None or backend.name != THREADS):
        raise click.UsageError(f"--calibrate requires --backend {THREADS}, and excludes --shards")
    if calibrate is None and (method or plot):
        raise click.UsageError("--calibrate-method and --calibrate-plot require --calibrate")
    if shards is not None and overwrite:
        raise click.UsageError("--overwrite and --shards exclude each other; remove the model first")
    if plot is not None:
        plot = check_plot(plot, [dataset], overwrite=overwrite or resume)
    config = training_config(settings)
    data = Dataset.open(dataset)
    if calibrate is not None:
        check_share(data, calibrate)  # better now than after the training
    latest = list[Progress]()
    with watch("train", "labels") as update, stopping(deadline) as stop:
        started, show = time.monotonic(), as_training_progress(update)

        def on_progress(at: Progress) -> None:
            latest[:] = [at]
            show(at)

        whose = "" if backend.name == THREADS else "; per worker"
        how: dict[str, Any] = {
            "jobs": jobs,
            "memory": memory,
            "stop": stop,
            "on_memory": lambda plan: say(f"train: {plan}{whose}"),
            "on_progress": on_progress,
        }
        trained: Model | None
        if shards is None:
            trained = train(data, model, config, resume=resume, overwrite=overwrite, backend=backend, **how)
        else:
            trained = train_part(data, model, shards, config, **how)
    took = _time(time.monotonic() - started, latest)
    if trained is None:
        print_text(
            f"part {shards} is done in {took}; others are missing, see `pwdismec status {shown_name(model)}`"
        )
    else:
        print_text(training_summary(trained, ("time", took)))
    if trained is not None and calibrate is not None:
        left = None if deadline is None else max(1.0, deadline - (time.monotonic() - started))
        with stopping(left) as stop:
            more: dict[str, Any] = {"method": method or METHODS[0], "memory": memory, "stop": stop}
            found = calibrate_on_share(trained, data, config, calibrate, jobs=jobs, watch=watch, **more)
        if plot is not None:
            plot_reliability(found, plot, overwrite=overwrite)
        print_text(found.to_text())


def training_config(given: Mapping[str, Any]) -> TrainingConfig:
    """The settings among the values of the command's options."""
    a, b = given["propensity"] or options.DEFAULT_PROPENSITY
    weighting = Weighting(given["weighting"], a, b, given["beta"])
    return TrainingConfig(weighting, **{name: given[name] for name in settings_of(TrainingConfig)})


def _time(seconds: float, latest: list[Progress]) -> str:
    labels = sum(at.labels_done - at.labels_resumed for at in latest)
    per_label = f", {1e3 * seconds / labels:.2f} ms per label" if labels else ""
    return f"{duration_text(seconds)}{per_label}"
