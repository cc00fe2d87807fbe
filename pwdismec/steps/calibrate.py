"""Calibrate a model on held-out data, or on a part of its training data that another model did not see."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pwdismec.calibration import Calibration, calibrate
from pwdismec.data import Dataset
from pwdismec.files import helping_folder
from pwdismec.model import Model
from pwdismec.model.model_manifest import CALIBRATION
from pwdismec.outputs import output_file
from pwdismec.prediction.dense_features import check_features
from pwdismec.progress import Watch, unwatched
from pwdismec.training import TrainingConfig, run_of, train
from pwdismec.training.training_progress import as_training_progress
from pwdismec.tuning.split import n_held_out, split


def calibrate_folder(
    model: str | Path,
    dataset: str | Path,
    *,
    method: str = "isotonic",
    jobs: int = -1,
    overwrite: bool = False,
    watch: Watch = unwatched,
) -> Calibration:
    """Calibrate a model on a data set's folder and store the result with it; errors as `calibrate`.

    An OutputError if the model is calibrated already, unless that is to be overwritten.

    Parameters
    ----------
    model
        A model's folder.
    dataset
        Instances that it was not trained on.
    method, jobs
        As `calibrate` takes them.
    overwrite
        Replace an earlier calibration.
    watch
        Shows how far it is.
    """
    opened = Model.open(model)
    output_file(opened.path / CALIBRATION, overwrite=overwrite)
    with watch("calibrate", "labels") as update:
        calibration = calibrate(opened, Dataset.open(dataset), method=method, jobs=jobs, on_progress=update)
    calibration.save(opened, overwrite=overwrite)
    return calibration


def check_share(dataset: Dataset, share: float) -> None:
    """Find out before a long training whether a share of its data can calibrate what it gives.

    Raises
    ------
    ConfigError
        If `share` is no such share.
    DataError
        If the data set has more features than weights can be sorted by.
    """
    n_held_out(dataset.n_instances, share)
    check_features(dataset.n_features, dataset.path or "data set")


def calibrate_on_share(
    model: Model,
    dataset: Dataset,
    config: TrainingConfig,
    share: float,
    *,
    method: str = "isotonic",
    jobs: int = -1,
    watch: Watch = unwatched,
    **how: Any,
) -> Calibration:
    """Calibrate a model that was trained on all of `dataset`, by one that was trained without a share of it.

    The second model is scored for the share that it has not seen, and what is fitted to its scores is stored
    with the first: a label's group is by the number of positives that its own model had. It is trained in a
    folder beside `model`, where it is gone on with if it is broken off, and is removed in the end.

    Parameters
    ----------
    model, dataset, config
        The model, and what it was trained on and with.
    share
        Of the instances, at random; above 0 and below 1.
    method, jobs, watch
        As `calibrate_folder` takes them.
    how
        More for `train`: `memory`, `stop`.

    Raises
    ------
    ConfigError, DataError
        As `split` and `calibrate`.
    OutputError
        If the model has another calibration.
    Stopped, PwdismecError
        As `train`.
    """
    check_share(dataset, share)
    rest, held_out = split(dataset, share, config.seed)
    with helping_folder(model.path, run_of(rest, config).id[:8]) as folder:
        with watch("train without the held-out share", "labels") as update:
            other = train(
                rest, folder, config, jobs=jobs, resume=True, on_progress=as_training_progress(update), **how
            )
        with watch("calibrate", "labels") as update:
            calibration = calibrate(
                other,
                held_out,
                method=method,
                label_counts=dataset.label_counts,
                jobs=jobs,
                on_progress=update,
            )
        calibration.save(model)
    return calibration
