"""One experiment: convert, train, predict, evaluate; what is done and still current is not done again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pwdismec.data import Dataset
from pwdismec.data.formats.lines import check_is_file
from pwdismec.errors import DamagedError
from pwdismec.experiment.comparison import comparison, relative_gains
from pwdismec.experiment.experiment_file import Config, read_config, with_settings
from pwdismec.experiment.run_folder import RunFolder
from pwdismec.experiment.step_cache import Steps, state_of
from pwdismec.files import clear_os_errors, sha256_of, write_file
from pwdismec.metrics import Report
from pwdismec.metrics.report import StoredReport
from pwdismec.model import Model
from pwdismec.model.model_manifest import MANIFEST, Run, run_at
from pwdismec.progress import Watch, unwatched
from pwdismec.quoting import shown_name, visible
from pwdismec.settings.training import read_settings, short_name
from pwdismec.steps.convert import convert_files
from pwdismec.steps.evaluate import evaluate_file
from pwdismec.steps.predict import predict_file
from pwdismec.stored import read_json, read_stored
from pwdismec.training import run_of, train
from pwdismec.training.training_progress import as_training_progress


@dataclass(frozen=True)
class Outcome:
    """What an experiment gave.

    Attributes
    ----------
    name
        Of the experiment.
    folder
        The work folder; `RunFolder` says where in it everything is.
    reports
        The metrics by weighting.
    """

    name: str
    folder: Path
    reports: dict[str, Report]

    def to_text(self) -> str:
        """The metrics of each weighting, and their comparison where there are several."""
        parts = [
            f"{shown_name(self.name)}, {shown_name(name)}: {report.to_text()}"
            for name, report in self.reports.items()
        ]
        return "\n\n".join(parts + [comparison(self.reports)] * (len(parts) > 1))

    def to_dict(self) -> dict[str, Any]:
        """The same as plain dictionaries, lists, strings and numbers, for JSON."""
        reports = {name: report.to_dict() for name, report in self.reports.items()}
        return {"name": self.name, "reports": reports, "relative_gains": relative_gains(self.reports)}


def run_experiment(
    config: str | Path,
    *,
    data: str | Path | None = None,
    settings: str | Path | None = None,
    out: str | Path | None = None,
    jobs: int = -1,
    overwrite: bool = False,
    say: Callable[[str], None] = lambda line: None,
    warn: Callable[[str], None] = lambda line: None,
    watch: Watch = unwatched,
) -> Outcome:
    """Do what the config says, and write ``report.json`` in the work folder.

    Parameters
    ----------
    config
        A YAML file; see `pwdismec.experiment.experiment_file.Config`.
    data
        The folder of the data's files, in place of the config's own.
    settings
        A file with propensity, weightings or training, in place of the config's own; a tuning writes one.
    out
        The work folder; default ``runs/`` and the experiment's name.
    jobs
        Threads; −1 for every core.
    overwrite
        Whether outputs in the work folder that were changed since, or come from elsewhere, are replaced.
    say, warn, watch
        Take lines for the user, and those about what is ignored; show the progress of each step.

    Raises
    ------
    PwdismecError
        Whatever a step finds; the steps before it are kept.
    """
    experiment = config_of(config, data, settings)
    folder = folder_of(experiment, out)
    steps = Steps(folder.steps, say, overwrite)
    reports = _Experiment(experiment, folder, jobs, steps, say, warn, watch).reports()
    outcome = Outcome(experiment.name, folder.path, reports)
    _write_report(folder, outcome, overwrite)
    return outcome


def config_of(config: str | Path, data: str | Path | None, settings: str | Path | None) -> Config:
    """What is to be done; parameters as `run_experiment` takes them."""
    experiment = read_config(config)
    if settings is not None:
        experiment = with_settings(experiment, read_settings(settings))
    if data is not None:
        experiment = experiment.model_copy(update={"data": Path(data)})
    return experiment


def folder_of(experiment: Config, out: str | Path | None) -> RunFolder:
    """Where it is done."""
    return RunFolder(Path("runs") / experiment.name if out is None else Path(out))


def _write_report(folder: RunFolder, outcome: Outcome, overwrite: bool) -> None:
    content = _as_json(outcome.to_dict())
    if folder.report.exists() and read_stored(folder.report) == content:
        return
    made_from = {"reports": hashlib.sha256(content).hexdigest()}
    steps = Steps(folder.steps, lambda line: None, overwrite)
    steps.run("report", folder.report, made_from, lambda: write_file(folder.report, content))


@dataclass(frozen=True)
class _Experiment:
    config: Config
    folder: RunFolder
    jobs: int
    steps: Steps
    say: Callable[[str], None]
    warn: Callable[[str], None]
    watch: Watch

    def reports(self) -> dict[str, Report]:
        config = self.config
        for file in config.files:  # better now than after the training
            if not file.is_dir():
                check_is_file(file)
        training = self._converted(self.folder.train, self.config.train, None)
        test = self._converted(self.folder.test, self.config.test, training)
        if test.like is not None and (ignored := test.like.ignored_values):
            what = "ignored values of features that the training set does not have"
            self.warn(f"convert-test: {what}: {ignored:,}")
        reports = {}
        for weighting in self.config.weightings:
            name = short_name(weighting)
            model = self._trained(name, weighting, training)
            predictions = self._predicted(name, model, test)
            reports[name] = self._evaluated(name, predictions, test, training)
        return reports

    def _converted(self, out: Path, files: Sequence[str], like: Dataset | None) -> Dataset:
        sources = [self.config.data / file for file in files]
        names = {
            what: self.config.data / file
            for what in ("label_names", "feature_names")
            if like is None and (file := getattr(self.config, what)) is not None
        }
        settings = self._features(like)

        def make() -> None:
            if self.config.texts is not None and like is None:
                self._convert_texts(sources, out, names.get("label_names"))
                return
            with self.watch(f"convert-{out.name}", "rows") as update:
                convert_files(
                    sources,
                    out,
                    like=like,
                    jobs=self.jobs,
                    **settings,
                    **names,
                    overwrite=True,
                    on_progress=update,
                )

        made_from = {
            "sources": [_state_in_record(path) for path in sources],
            "names": {what: _state_in_record(path) for what, path in names.items()},
            "like": like and like.fingerprint,
            **settings,
        }
        self.steps.run(f"convert-{out.name}", out, made_from, make)
        return Dataset.open(out)

    def _features(self, like: Dataset | None) -> dict[str, Any]:
        """What says how files become features, besides what a training set says."""
        config = self.config
        if config.texts is not None:
            settings = {} if like else {"texts": config.texts.settings().model_dump(mode="json")}
            return {"format": config.format, **settings}
        transforms = {} if like else {"tfidf": config.tfidf, "normalize": config.normalize}
        return {"format": config.format, "one_based": config.one_based, **transforms}

    def _convert_texts(self, sources: Sequence[Path], out: Path, label_names: Path | None) -> None:
        from pwdismec.steps.convert_texts import convert_texts  # brings scikit-learn's

        assert self.config.texts is not None
        made, *_ = convert_texts(
            sources,
            out,
            self.config.texts.settings(),
            format=self.config.format,
            label_names=label_names,
            jobs=self.jobs,
            overwrite=True,
            watch=lambda step, unit: self.watch(f"{step}-{out.name}", unit),
        )
        for note in made.notes:
            self.warn(f"convert-{out.name}: {note}")

    def _trained(self, name: str, weighting: str, training: Dataset) -> Model:
        folder = self.folder.model(name)
        settings = self.config.training_config(weighting)
        run = run_of(training, settings)
        self._make_room(folder, run)

        def make() -> None:
            with self.watch(f"train-{name}", "labels") as update:
                train(
                    training,
                    folder,
                    settings,
                    jobs=self.jobs,
                    resume=True,
                    on_memory=lambda plan: self.say(f"train-{name}: {plan}"),
                    on_progress=as_training_progress(update),
                )

        self.steps.run(f"train-{name}", folder, {"run": run.id}, make, resumes=True)
        return Model.open(folder)

    def _make_room(self, folder: Path, run: Run) -> None:
        """Put a model of other settings aside, and one of these settings back in its place."""
        held = run_at(folder)
        if held is None or held.id == run.id:
            return
        aside, earlier = (folder.with_name(f"{folder.name}-{id[:8]}") for id in (held.id, run.id))
        with clear_os_errors(folder):
            folder.rename(aside)
            if earlier.exists():
                earlier.rename(folder)
        self.say(f"{folder.name}: the settings changed; the model of the other settings is now {aside}")

    def _predicted(self, name: str, model: Model, test: Dataset) -> Path:
        out = self.folder.predictions(name)
        top_k = self.config.predict.top_k

        def make() -> None:
            assert test.path is not None
            with self.watch(f"predict-{name}", "instances") as update:
                predict_file(
                    model.path,
                    test.path,
                    out,
                    top_k=top_k,
                    jobs=self.jobs,
                    overwrite=True,
                    on_progress=update,
                )

        made_from = {"model": sha256_of(model.path / MANIFEST), "test": test.fingerprint, "top_k": top_k}
        self.steps.run(f"predict-{name}", out, made_from, make)
        return out

    def _evaluated(self, name: str, predictions: Path, test: Dataset, training: Dataset) -> Report:
        out = self.folder.report_of(name)
        settings = {**self.config.evaluate.model_dump(), **self.config.propensity.model_dump()}

        def make() -> None:
            assert test.path is not None
            with self.watch(f"evaluate-{name}", "instances") as update:
                report = evaluate_file(
                    predictions, test.path, train=training.path, **settings, on_progress=update
                )
            write_file(out, _as_json(report.to_dict()))

        made_from = {
            "predictions": state_of(predictions),
            "test": test.fingerprint,
            "train": training.fingerprint,
            **settings,
        }
        self.steps.run(f"evaluate-{name}", out, made_from, make)
        try:
            return read_json(out, StoredReport).root
        except DamagedError as error:
            raise DamagedError(out, f"{error.message}; remove it, and it is made again") from error


def _state_in_record(path: Path) -> list[Any]:
    """An input as a step's record tells of it; a name that is not UTF-8 fits no JSON."""
    state: list[Any] = state_of(path)
    if path.is_dir() and not state:  # files in a layout
        stood = sorted((each.name, *state_of(each)) for each in path.iterdir() if each.is_file())
        state = [hashlib.sha256(repr(stood).encode()).hexdigest()]
    return [visible(str(path.resolve())), *state]


def _as_json(content: Any) -> bytes:
    return f"{json.dumps(content, indent=1)}\n".encode()
