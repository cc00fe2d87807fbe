"""One experiment in one YAML file: its schema."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from pwdismec.data.formats import FORMATS
from pwdismec.data.formats.source import OneBased
from pwdismec.errors import ConfigError
from pwdismec.experiment.text_section import TextSection
from pwdismec.metrics.checks import check_ks
from pwdismec.settings.section import Section, read_section
from pwdismec.settings.training import FILE, Number, Settings


class PredictSettings(Section):
    """Of the step that predicts."""

    top_k: Number = 5


class EvaluateSettings(Section):
    """Of the step that evaluates."""

    ks: Annotated[tuple[Number, ...], Field(min_length=1)] = (1, 3, 5)
    by_frequency: bool = False
    paper_reranking: bool = False


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Files = Annotated[tuple[str, ...], Field(min_length=1, max_length=2), BeforeValidator(_listed)]


class Config(Settings):
    """An experiment.

    Attributes
    ----------
    name
        Names the folder of its results.
    data
        The folder that the files below are in; relative to the config's own folder.
    train, test
        The files of each, one or a pair, or a folder as it was published.
    format, one_based
        How they are written.
    tfidf, normalize
        The transforms.
    label_names, feature_names
        Files with one name a line; of texts, `label_names` has a label, a tab and its name in each.
    texts
        Which features the files' records have; None for files that hold features.
    """

    name: Annotated[str, Field(pattern=r"^\w[\w.-]*$")]
    data: Path
    train: Files
    test: Files
    format: Literal[FORMATS] = "auto"  # type: ignore[valid-type]
    one_based: OneBased = False
    tfidf: bool = False
    normalize: bool = True
    label_names: str | None = None
    feature_names: str | None = None
    texts: TextSection | None = None
    predict: PredictSettings = PredictSettings()
    evaluate: EvaluateSettings = EvaluateSettings()

    @property
    def files(self) -> list[Path]:
        """What is read."""
        names = (*self.train, *self.test, self.label_names, self.feature_names)
        return [self.data / name for name in names if name is not None]

    @property
    def weight_files(self) -> list[Path]:
        """What the weights are read from that are in files."""
        return [Path(name.removeprefix(FILE)) for name in self.weightings if name.startswith(FILE)]


def read_config(path: str | Path) -> Config:
    """Read and check a config; `data` and files of weights are made relative to its folder.

    Raises
    ------
    ConfigError
        Naming file, line, field, value and what was expected.
    """
    folder = Path(path).parent

    def checked(config: Config) -> Config:
        ks = check_ks(config.evaluate.ks)
        if config.predict.top_k < max(ks):
            raise ConfigError(f"predict.top_k: {config.predict.top_k}; evaluate.ks goes to {max(ks)}")
        _check_texts(config)
        config = config.checked(folder)
        return config.model_copy(update={"data": folder / config.data})

    return read_section(Path(path), Config, checked)


def _check_texts(config: Config) -> None:
    if config.texts is None:
        return
    unfit = {"one_based", "tfidf", "normalize", "feature_names"} & config.model_fields_set
    if unfit:
        raise ConfigError(f"{min(unfit)}: is for files of features; leave it out beside texts")


def with_settings(config: Config, settings: Settings) -> Config:
    """The experiment with what `settings` says in place of its own."""
    return config.model_copy(update={name: getattr(settings, name) for name in settings.model_fields_set})
