"""One experiment in one YAML file: its schema, and errors that say where."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from pwdismec.data.formats import FORMATS
from pwdismec.data.formats.source import OneBased
from pwdismec.errors import ConfigError
from pwdismec.files import write_file
from pwdismec.metrics.checks import check_ks
from pwdismec.pipeline.text_section import TextSection
from pwdismec.pipeline.yaml_file import read_yaml
from pwdismec.quoting import shown
from pwdismec.training import TrainingConfig
from pwdismec.training.config import DISMEC_PRUNE
from pwdismec.weighting import PRESETS, Weighting, preset

_DEFAULT = PRESETS["default"]
_FILE = "file:"


Number = Annotated[int, Field(ge=1, le=2**31 - 1)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Propensity(_Section):
    """A and B of the propensity model."""

    a: float
    b: float


def _threshold(value: Any) -> Any:
    return DISMEC_PRUNE if value == "dismec" else value


class TrainingSettings(_Section):
    """The fields of `TrainingConfig`, and of its weighting what is not said elsewhere.

    `a` and `b` are for weights of other propensities than PSP is measured with.
    """

    C: float = TrainingConfig.C
    bias: float = TrainingConfig.bias
    beta: float = Weighting.beta
    solver: str = TrainingConfig.solver
    tolerance: float = TrainingConfig.tolerance
    max_epochs: Number = TrainingConfig.max_epochs
    prune: Annotated[float, BeforeValidator(_threshold)] = TrainingConfig.prune
    shard_size: Number = TrainingConfig.shard_size
    seed: int = TrainingConfig.seed
    a: float | None = None
    b: float | None = None


class PredictSettings(_Section):
    """Of the step that predicts."""

    top_k: Number = 5


class EvaluateSettings(_Section):
    """Of the step that evaluates."""

    ks: Annotated[tuple[Number, ...], Field(min_length=1)] = (1, 3, 5)
    by_frequency: bool = False
    paper_reranking: bool = False


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _looked_up(value: Any) -> Any:
    return preset(value)._asdict() if isinstance(value, str) else value


Files = Annotated[tuple[str, ...], Field(min_length=1, max_length=2), BeforeValidator(_listed)]


class Settings(_Section):
    """What is trained, and how; of an experiment a part, and what a tuning finds.

    Attributes
    ----------
    propensity
        A and B, or the name of a preset.
    weightings
        What to train: a model each.
    training
        The rest.
    """

    propensity: Annotated[Propensity, BeforeValidator(_looked_up)] = Propensity(a=_DEFAULT.a, b=_DEFAULT.b)
    weightings: Annotated[tuple[str, ...], Field(min_length=1)] = ("vanilla", "pw", "pw-cb")
    training: TrainingSettings = TrainingSettings()

    def training_config(self, weighting: str) -> TrainingConfig:
        """The settings to train with one of `weightings`.

        Raises
        ------
        ConfigError
            If a value is out of range.
        """
        settings = self.training.model_dump()
        a, b, beta = (settings.pop(name) for name in ("a", "b", "beta"))
        propensity = self.propensity.a if a is None else a, self.propensity.b if b is None else b
        return TrainingConfig(Weighting(weighting, *propensity, beta), **settings)


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
        return [Path(name.removeprefix(_FILE)) for name in self.weightings if name.startswith(_FILE)]


def read_config(path: str | Path) -> Config:
    """Read and check a config; `data` and files of weights are made relative to its folder.

    Raises
    ------
    ConfigError
        Naming file, line, field, value and what was expected.
    """

    def check(config: Config) -> None:
        ks = check_ks(config.evaluate.ks)
        if config.predict.top_k < max(ks):
            raise ConfigError(f"predict.top_k: {config.predict.top_k}; evaluate.ks goes to {max(ks)}")
        _check_texts(config)

    config = _read(Path(path), Config, check)
    return config.model_copy(update={"data": Path(path).parent / config.data})


def _check_texts(config: Config) -> None:
    if config.texts is None:
        return
    unfit = {"one_based", "tfidf", "normalize", "feature_names"} & config.model_fields_set
    if unfit:
        raise ConfigError(f"{min(unfit)}: is for files of features; leave it out beside texts")


def read_settings(path: str | Path) -> Settings:
    """Read and check a file with nothing but settings, such as a tuning writes.

    Raises
    ------
    ConfigError
        As `read_config`.
    """
    return _read(Path(path), Settings, lambda settings: None)


def with_settings(config: Config, settings: Settings) -> Config:
    """The experiment with what `settings` says in place of its own."""
    return config.model_copy(update={name: getattr(settings, name) for name in settings.model_fields_set})


def write_settings(path: Path, config: TrainingConfig, propensity: Propensity, remark: str) -> None:
    """Write what `read_settings` reads: one weighting, PSP measured with `propensity`; `remark` heads it.

    Raises
    ------
    PwdismecError
        If the file cannot be written.
    """
    training = {name: value for name, value in asdict(config).items() if name != "weighting"}
    scheme = config.weighting
    training |= {name: getattr(scheme, name) for name in scheme.parameters}
    content = {
        "propensity": propensity.model_dump(),
        "weightings": [stored_name(scheme)],
        "training": training,
    }
    text = f"# {remark}\n{yaml.safe_dump(content, sort_keys=False, allow_unicode=True)}"
    write_file(path, text.encode())


Kind = TypeVar("Kind", bound=Settings)


def _read(path: Path, kind: type[Kind], check: Callable[[Kind], None]) -> Kind:
    root, content = read_yaml(path)
    try:
        settings = _checked(kind.model_validate(content), path)
        check(settings)
        return settings
    except ValidationError as error:
        raise ConfigError(_explained(path, root, kind, error)) from error
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def _checked(settings: Kind, path: Path) -> Kind:
    """What no single setting shows; better now than after the training."""
    weightings = tuple(
        f"{_FILE}{path.parent / name.removeprefix(_FILE)}" if name.startswith(_FILE) else name
        for name in settings.weightings
    )
    if len(set(map(short_name, weightings))) < len(weightings):
        raise ConfigError(f"weightings: {', '.join(settings.weightings)}: expected each once")
    for weighting in weightings:
        settings.training_config(weighting)
    if "weightings" not in settings.model_fields_set:  # nor is it in the copy
        return settings
    return settings.model_copy(update={"weightings": weightings})


def stored_name(weighting: Weighting) -> str:
    """A weighting's name in a file of settings: of ``file:PATH`` with the whole path.

    Raises
    ------
    ConfigError
        If that is not UTF-8.
    """
    file = weighting.weights_file
    return weighting.scheme if file is None else Weighting(f"{_FILE}{file.resolve()}").scheme


def short_name(weighting: str) -> str:
    """A weighting's name in file names and tables: of ``file:PATH`` the file's."""
    return Path(weighting.removeprefix(_FILE)).stem if weighting.startswith(_FILE) else weighting


def _explained(path: Path, root: yaml.MappingNode, kind: type[Settings], error: ValidationError) -> str:
    first = error.errors()[0]
    field = ".".join(map(str, first["loc"]))
    where = f"{path}:{_line_of(root, first['loc'])}: {field}"
    if first["type"] == "missing":
        return f"{where}: missing"
    if first["type"] == "extra_forbidden":
        section = ".".join(map(str, first["loc"][:-1]))
        known = _fields_of(kind, section)
        return f"{where}: unknown setting; expected one of {', '.join(known)}"
    value = "" if isinstance(first["input"], dict) else f"{shown(first['input'])}: "
    return f"{where}: {value}{first['msg'].removeprefix('Value error, ')}"


def _fields_of(kind: type[Settings], section: str) -> list[str]:
    sections: dict[str, type[BaseModel]] = {
        "": kind,
        "propensity": Propensity,
        "training": TrainingSettings,
        "texts": TextSection,
        "predict": PredictSettings,
        "evaluate": EvaluateSettings,
    }
    # an experiment's own fields first
    return sorted(sections[section].model_fields, key=list(Settings.model_fields).__contains__)


def _line_of(node: yaml.Node, loc: tuple[int | str, ...]) -> int:
    """The line, from 1, of the setting at `loc`, or of the innermost that holds it."""
    line = node.start_mark.line + 1
    for key in loc:
        if isinstance(node, yaml.MappingNode):
            found = [(name, value) for name, value in node.value if name.value == key]
            if not found:
                break
            name, node = found[0]
            line = name.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(key, int):
            node = node.value[key]
            line = node.start_mark.line + 1
    return int(line)
