"""Settings of training in files: a part of an experiment, and what a tuning writes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_type_hints

import yaml
from pydantic import AfterValidator, BeforeValidator, Field, create_model

from pwdismec.bounds import MAX_COUNT, Setting, settings_of
from pwdismec.errors import ConfigError
from pwdismec.files import write_file
from pwdismec.settings.section import Section, read_section
from pwdismec.training import TrainingConfig
from pwdismec.weighting import PRESETS, Weighting, preset

_DEFAULT = PRESETS["default"]
FILE = "file:"
"""Begins the name of a weighting whose weights are in a file."""

Kind = TypeVar("Kind", bound="Settings")

Number = Annotated[int, Field(ge=1, le=MAX_COUNT)]


class Propensity(Section):
    """A and B of the propensity model."""

    a: float
    b: float


def _derived(kind: type) -> dict[str, Any]:
    """The settings of a dataclass as fields of a section: their types, defaults, words and checks."""
    types = get_type_hints(kind)
    return {
        name: (
            Annotated[types[name], BeforeValidator(_spelt(setting)), AfterValidator(_checked(name, setting))],
            getattr(kind, name),
        )
        for name, setting in settings_of(kind).items()
    }


def _spelt(setting: Setting) -> Callable[[Any], Any]:
    return lambda value: setting.words.get(value, value) if isinstance(value, str) else value


def _checked(name: str, setting: Setting) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        try:
            return setting.check(name, value)
        except ConfigError as error:
            raise ValueError(f"expected {setting.expected}") from error

    return check


_Derived: Any = create_model(
    "_Derived",
    __base__=Section,
    **_derived(TrainingConfig),
    **_derived(Weighting),
    a=(float | None, None),
    b=(float | None, None),
)


class TrainingSettings(_Derived):  # type: ignore[misc]
    """The settings of `TrainingConfig` and of `Weighting`, but for what is said elsewhere.

    `a` and `b` are for weights of other propensities than PSP is measured with.
    """


def _looked_up(value: Any) -> Any:
    return preset(value)._asdict() if isinstance(value, str) else value


class Settings(Section):
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

    def checked(self: Kind, folder: Path) -> Kind:
        """Check what no single setting shows, better now than after the training; files are in `folder`.

        Raises
        ------
        ConfigError
            If a weighting is listed twice, or a value out of range.
        """
        weightings = tuple(
            f"{FILE}{folder / name.removeprefix(FILE)}" if name.startswith(FILE) else name
            for name in self.weightings
        )
        if len(set(map(short_name, weightings))) < len(weightings):
            raise ConfigError(f"weightings: {', '.join(self.weightings)}; expected each once")
        for weighting in weightings:
            self.training_config(weighting)
        if "weightings" not in self.model_fields_set:  # nor is it in the copy
            return self
        return self.model_copy(update={"weightings": weightings})


def read_settings(path: str | Path) -> Settings:
    """Read and check a file with nothing but settings, such as a tuning writes.

    Files of weights are made relative to its folder.

    Raises
    ------
    ConfigError
        Naming file, line, field, value and what was expected.
    """
    return read_section(Path(path), Settings, lambda settings: settings.checked(Path(path).parent))


def write_settings(path: Path, config: TrainingConfig, propensity: Propensity, remark: str) -> None:
    """Write what `read_settings` reads: one weighting, PSP measured with `propensity`; `remark` heads it.

    Raises
    ------
    PwdismecError
        If the file cannot be written.
    """
    training = {name: value for name, value in config.to_json().items() if name != "weighting"}
    scheme = config.weighting
    training |= {name: getattr(scheme, name) for name in scheme.parameters}
    content = {
        "propensity": propensity.model_dump(),
        "weightings": [stored_name(scheme)],
        "training": training,
    }
    text = f"# {remark}\n{yaml.safe_dump(content, sort_keys=False, allow_unicode=True)}"
    write_file(path, text.encode())


def stored_name(weighting: Weighting) -> str:
    """A weighting's name in a file of settings: of ``file:PATH`` with the whole path.

    Raises
    ------
    ConfigError
        If that is not UTF-8.
    """
    file = weighting.weights_file
    return weighting.scheme if file is None else Weighting(f"{FILE}{file.resolve()}").scheme


def short_name(weighting: str) -> str:
    """A weighting's name in file names and tables: of ``file:PATH`` the file's."""
    return Path(weighting.removeprefix(FILE)).stem if weighting.startswith(FILE) else weighting
