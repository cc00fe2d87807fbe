"""Settings: of the right kind and within their bounds, before anything is computed.

A setting is declared once, as a field of a dataclass, with its default, its
check and its help text; the sections of YAML files and the options of commands
are derived from that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from numbers import Integral, Real
from typing import Any, Final

from pwdismec.errors import ConfigError
from pwdismec.quoting import shown

MAX_COUNT: Final = 2**31 - 1
"""The largest count that the kernels take."""

MAX_BYTES: Final = 2**63 - 1
"""The largest limit to memory."""

MAX_SEED: Final = 2**63 - 1
"""The largest seed."""


@dataclass(frozen=True)
class Setting:
    """What a setting may be, and what it is for.

    Attributes
    ----------
    help
        A sentence, as help of an option.
    check
        ``check(name, value)`` gives the value as it is kept, or raises ConfigError.
    expected
        What the check asks for.
    choices
        The values that it may have, where these are few.
    words
        Words that stand for values, in files and options.
    """

    help: str
    check: Callable[[str, Any], Any]
    expected: str
    choices: tuple[str, ...] = ()
    words: Mapping[str, float] = field(default_factory=dict)


def real_setting(
    default: float,
    help: str,
    holds: Callable[[float], bool],
    expected: str,
    words: Mapping[str, float] | None = None,
) -> Any:
    """A dataclass's field, a number for which `holds` is true."""

    def check(name: str, value: Any) -> float:
        return real_number(name, value, holds, expected)

    return field(default=default, metadata={"setting": Setting(help, check, expected, words=words or {})})


def whole_setting(default: int | None, help: str, least: int, most: int) -> Any:
    """A dataclass's field, a whole number from `least` to `most`; or None, if that is the default."""

    def check(name: str, value: Any) -> int | None:
        return None if value is None is default else whole_number(name, value, least, most)

    return field(default=default, metadata={"setting": Setting(help, check, _whole(least, most))})


def choice_setting(default: str, help: str, choices: Sequence[str]) -> Any:
    """A dataclass's field, one of `choices`."""

    def check(name: str, value: Any) -> str:
        if isinstance(value, str) and value in choices:
            return value
        raise refused(name, value, expected)

    expected = " or ".join(choices)
    return field(default=default, metadata={"setting": Setting(help, check, expected, tuple(choices))})


def settings_of(kind: type) -> dict[str, Setting]:
    """The settings of a dataclass by name, as they are declared; fields that are none are left out."""
    return {f.name: f.metadata["setting"] for f in fields(kind) if "setting" in f.metadata}


def check_settings(config: Any) -> None:
    """Bring every setting of a frozen dataclass to the form that it is kept in; else ConfigError."""
    for name, setting in settings_of(type(config)).items():  # 1 and 1.0 are the same setting
        object.__setattr__(config, name, setting.check(name, getattr(config, name)))


def whole_number(name: str, value: Any, least: int = 1, most: int = MAX_COUNT) -> int:
    """The value of the setting `name`, a whole number from `least` to `most`; else ConfigError."""
    if _is(Integral, value) and least <= value <= most:
        return int(value)
    raise refused(name, value, _whole(least, most))


def real_number(name: str, value: Any, holds: Callable[[float], bool], expected: str) -> float:
    """The value of the setting `name`, a number for which `holds` is true; else ConfigError.

    Parameters
    ----------
    holds
        Is false for NaN.
    expected
        What it asks for; ends the message.
    """
    if _is(Real, value):
        try:
            number = float(value)
        except OverflowError:  # an integer of hundreds of digits
            number = float("nan")
        if holds(number):
            return number
    raise refused(name, value, expected)


def thread_count(jobs: Any, name: str = "jobs") -> int:
    """Threads for `jobs`: as many, or, counted from −1 down, every core, all but one …; else ConfigError."""
    if _is(Integral, jobs) and 0 < jobs <= MAX_COUNT:
        return int(jobs)
    if _is(Integral, jobs) and -MAX_COUNT <= jobs < 0:
        from joblib import effective_n_jobs  # takes 30 ms

        return int(effective_n_jobs(int(jobs)))
    raise refused(name, jobs, "a number of threads, or -1 for every core")


def refused(name: str, value: Any, expected: str) -> ConfigError:
    """What to raise where a setting has a value that it cannot have."""
    return ConfigError(f"{name}: {shown(value)}; expected {expected}")


def _is(kind: type, value: Any) -> bool:
    """Whether a value, one of NumPy's too, is such a number; True and False are none."""
    return isinstance(value, kind) and not isinstance(value, bool)


def _whole(least: int, most: int) -> str:
    return f"a whole number from {least} to {most}"
