"""Settings given as numbers: of the right kind and within their bounds, before anything is computed."""

from __future__ import annotations

from collections.abc import Callable
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


def whole_number(name: str, value: Any, least: int = 1, most: int = MAX_COUNT) -> int:
    """The value of the setting `name`, a whole number from `least` to `most`; else ConfigError."""
    if _is(Integral, value) and least <= value <= most:
        return int(value)
    raise refused(name, value, f"a whole number from {least} to {most}")


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
