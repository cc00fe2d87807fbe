"""Runs read back: their data sets, models, predictions and metrics, which must belong together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from pwdismec.data import CSR, Dataset, TopK
from pwdismec.errors import ConfigError, DataError, ModelError
from pwdismec.experiment.comparison import BASELINE
from pwdismec.experiment.run_folder import RunFolder
from pwdismec.metrics import Report, evaluate
from pwdismec.metrics.report import StoredReport
from pwdismec.model import Model
from pwdismec.prediction.files import read_predictions
from pwdismec.stored import Text, read_json

MAX_METHODS = 8
_TOLERANCE = 1e-6  # of percentages; another NumPy may sum in another order


@dataclass(frozen=True, eq=False)
class Method:
    """A model, what it predicts for the test set, and how good that is.

    Attributes
    ----------
    name
        The weighting; of several runs, the run's name before it.
    is_vanilla
        Whether its positives weigh as much as its negatives.
    """

    name: str
    is_vanilla: bool
    model: Model
    top: TopK
    report: Report


@dataclass(frozen=True, eq=False)
class Comparison:
    """Methods side by side, trained and tested on the same data and measured alike.

    Attributes
    ----------
    title
        The name of the experiment.
    """

    title: str
    train: Dataset
    test: Dataset
    methods: tuple[Method, ...]

    @property
    def baseline(self) -> Method | None:
        """The first vanilla method."""
        return next((method for method in self.methods if method.is_vanilla), None)

    @property
    def label_counts(self) -> NDArray[np.int64]:
        """int64: training positives of each label of the test set."""
        return self.train.label_counts_for(self.test.n_labels)

    @property
    def ks(self) -> tuple[int, ...]:
        return self.methods[0].report.ks


class _Content(BaseModel):
    """What report.json says; names of weightings become names of files."""

    name: Text
    reports: dict[Annotated[str, Field(pattern=r"^[^/\x00-\x1f\x7f]{1,100}$")], StoredReport]


def read_runs(folders: Sequence[str | Path]) -> Comparison:
    """Read the work folders that `run_experiment` has written.

    Parameters
    ----------
    folders
        One or more, all of the same data.

    Raises
    ------
    DataError
        If a run is not whole, a part is damaged or not of this run, or runs are of different data.
    ModelError
        If a model is not whole, or trained on other data.
    ConfigError
        If there is no folder, one is given twice, runs are measured in different ways, or there are too
        many models to be told apart.
    """
    paths = [Path(folder) for folder in folders]
    if not paths:
        raise ConfigError("no run; expected a folder that `pwdismec run` has written, or several")
    for number, path in enumerate(paths):
        if path.resolve() in [earlier.resolve() for earlier in paths[:number]]:
            raise ConfigError(f"{path}: given twice")
    contents = [_content(RunFolder(path)) for path in paths]
    _check_measured_alike(paths, contents)
    if (number := sum(len(content.reports) for content in contents)) > MAX_METHODS:
        raise ConfigError(f"{number} models; expected at most {MAX_METHODS}, to be told apart")
    sets = [(Dataset.open(RunFolder(path).train), Dataset.open(RunFolder(path).test)) for path in paths]
    _check_same_data(paths, sets)
    methods = [
        _method(RunFolder(path), weighting, report.root, f"{prefix}{weighting}", *data)
        for path, content, data, prefix in zip(paths, contents, sets, _prefixes(paths), strict=True)
        for weighting, report in content.reports.items()
    ]
    title = ", ".join(dict.fromkeys(content.name for content in contents))
    return Comparison(title, *sets[0], tuple(methods))


def _content(run: RunFolder) -> _Content:
    if not run.path.is_dir():
        raise DataError(run.path, "no such folder; expected one that `pwdismec run` has written")
    if not run.report.is_file():
        raise DataError(
            run.path, f"has no {run.report.name}; expected a run that `pwdismec run` has brought to its end"
        )
    content = read_json(run.report, _Content)
    if not content.reports:
        raise DataError(run.report, "reports: none; expected at least one")
    return content


def _prefixes(paths: Sequence[Path]) -> list[str]:
    """What goes before the names of each run's weightings: nothing where there is one run."""
    if len(paths) == 1:
        return [""]
    names = [path.resolve().name for path in paths]
    return [f"{name if names.count(name) == 1 else path} " for name, path in zip(names, paths, strict=True)]


def _check_measured_alike(paths: Sequence[Path], contents: Sequence[_Content]) -> None:
    reports = [
        (path, report)
        for path, content in zip(paths, contents, strict=True)
        for report in (stored.root for stored in content.reports.values())
    ]
    first_path, first = reports[0]
    for path, report in reports[1:]:
        for what in ("ks", "propensity", "paper_reranking"):
            ours, theirs = getattr(report, what), getattr(first, what)
            if ours != theirs:
                raise ConfigError(f"{path}: measured with {what} {ours}; {first_path} with {theirs}")


def _check_same_data(paths: Sequence[Path], sets: Sequence[tuple[Dataset, Dataset]]) -> None:
    for path, data in zip(paths, sets, strict=True):
        for what, ours, theirs in zip(("train", "test"), data, sets[0], strict=True):
            if ours.fingerprint != theirs.fingerprint:
                raise DataError(path / what, f"is other data than {paths[0] / what}; expected the same")


def _method(
    run: RunFolder, weighting: str, report: Report, name: str, train: Dataset, test: Dataset
) -> Method:
    model = Model.open(run.model(weighting))
    if model.manifest.run.dataset_fingerprint != train.fingerprint:
        raise ModelError(f"{model.path}: was not trained on {run.train}; run the experiment again")
    predictions = run.predictions(weighting)
    if not predictions.is_file():
        raise DataError(predictions, "missing; run the experiment again")
    top = read_predictions(predictions).top
    if len(top.labels) != test.n_instances:
        raise DataError(predictions, f"{len(top.labels)} rows; {run.test} has {test.n_instances}")
    for metric, value in measured_like(report, top, test.labels, train).percent.items():
        said = report.percent.get(metric, math.nan)
        if not abs(value - said) <= _TOLERANCE:
            raise DataError(
                run.report,
                f"{metric} of {weighting}: {said:.4f}; {predictions} has {value:.4f}: run it again",
            )
    return Method(name, weighting == BASELINE, model, top, report)


def measured_like(report: Report, top: TopK, truth: CSR, train: Dataset) -> Report:
    """Evaluate `top` with the k's, propensities and order of `report`; errors as `evaluate`."""
    assert report.propensity is not None  # an experiment always has it
    a, b = report.propensity
    return evaluate(
        top,
        truth,
        ks=report.ks,
        label_counts=train.label_counts_for(truth.n_columns),
        n_train=train.n_instances,
        a=a,
        b=b,
        paper_reranking=report.paper_reranking,
    )
