"""How much a positive of each label weighs in training: the weighting schemes."""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pwdismec.bounds import check_settings, real_setting, refused
from pwdismec.data.names import MAX_NAMES
from pwdismec.errors import DataError
from pwdismec.files import read_file
from pwdismec.quoting import shown
from pwdismec.weighting.propensity import PRESETS, checked_parameters, inverse_propensities

SCHEMES = ("vanilla", "pw", "pw-cb", "cb")
"""The schemes by name; besides them, ``file:PATH`` reads one weight a label."""

_FILE = "file:"
_HALVES = re.compile("[\ud800-\udfff]")  # in a path, what stands for bytes that are not UTF-8
_PARAMETERS = {"pw": ("a", "b"), "pw-cb": ("a", "b", "beta"), "cb": ("beta",)}


@dataclass(frozen=True)
class Weighting:
    """The choice of a weighting scheme; plain values, as the manifest of a model stores them.

    Attributes
    ----------
    scheme
        ``vanilla``, ``pw``, ``pw-cb``, ``cb`` or ``file:PATH``; see `positive_weights`.
    a, b
        A and B of the propensity model, for ``pw`` and ``pw-cb``.
    beta
        β of the class balance, for ``cb`` and ``pw-cb``; 0.9 in the published code.

    Raises
    ------
    ConfigError
        If a value is out of range; the message names it and what was expected.
    """

    scheme: str = "vanilla"
    a: float = PRESETS["default"].a
    b: float = PRESETS["default"].b
    beta: float = real_setting(
        0.9, "β of the class balance, for cb and pw-cb.", lambda value: 0 <= value < 1, "0 ≤ beta < 1"
    )

    def __post_init__(self) -> None:
        if not isinstance(self.scheme, str) or (self.scheme not in SCHEMES and self.weights_file is None):
            raise refused("weighting", self.scheme, f"{', '.join(SCHEMES)} or file:PATH")
        if _HALVES.search(self.scheme):
            raise refused("weighting", self.scheme, "a PATH that is UTF-8, as the model keeps it")
        a, b = checked_parameters(self.a, self.b)
        object.__setattr__(self, "a", a)
        object.__setattr__(self, "b", b)
        check_settings(self)

    @property
    def parameters(self) -> tuple[str, ...]:
        """Which of `a`, `b` and `beta` the scheme looks at."""
        return _PARAMETERS.get(self.scheme, ())

    @property
    def weights_file(self) -> Path | None:
        """The file of the scheme ``file:PATH``, None for the other schemes."""
        path = self.scheme.removeprefix(_FILE)
        return Path(path) if self.scheme.startswith(_FILE) and path else None


def positive_weights(
    weighting: Weighting | str, label_counts: ArrayLike, n_instances: int
) -> NDArray[np.float64]:
    """The factor by which each label's positives outweigh its negatives.

    ========= ==========================================================
    vanilla   1
    pw        2/p − 1 (Qaraei et al. 2021: the convex surrogate's factor)
    pw-cb     (1 − β)/(1 − β^n) · (2/p − 1)
    cb        (1 − β)/(1 − β^n) (Cui et al. 2019)
    file:PATH line j + 1 of the file
    ========= ==========================================================

    Parameters
    ----------
    weighting
        A `Weighting`, or the name of a scheme for one with the default constants.
    label_counts
        Integers, shape (n_labels,): training instances of each label.
    n_instances
        Training instances in all.

    Returns
    -------
    float64, shape (n_labels,). Positive and finite, also for labels without positives.

    Raises
    ------
    ConfigError
        If the scheme is unknown or a value out of range.
    DataError
        If the file of weights cannot be read or does not hold one positive finite number a label.
    """
    if isinstance(weighting, str):
        weighting = Weighting(weighting)
    counts = np.asarray(label_counts, np.float64)
    if weighting.weights_file is not None:
        return read_weights(weighting.weights_file, len(counts))
    weights = np.ones(len(counts))
    if "a" in weighting.parameters:
        weights *= 2.0 * inverse_propensities(counts, n_instances, weighting.a, weighting.b) - 1.0
    if "beta" in weighting.parameters:
        weights *= class_balance(counts, weighting.beta)
    return weights


def checksum_of(weights: NDArray[np.float64]) -> str:
    """SHA-256 of the weights, in hexadecimal, as a model's manifest has it."""
    return hashlib.sha256(weights.astype("<f8").tobytes()).hexdigest()


def class_balance(label_counts: ArrayLike, beta: float) -> NDArray[np.float64]:
    """(1 − β)/(1 − β^n): the inverse of the effective number of a label's instances.

    It falls from 1 at n = 1 towards 1 − β. A label without positives takes the value of one with one
    positive, as an effective number below 1 has no meaning (and at 0 no inverse).

    Returns
    -------
    float64, shape (n_labels,).

    References
    ----------
    Cui, Jia, Lin, Song and Belongie, "Class-Balanced Loss Based on Effective Number of Samples",
    CVPR 2019.
    """
    counts = np.maximum(np.asarray(label_counts, np.float64), 1.0)
    # expm1 keeps the digits that 1 − β^n loses as β nears 1.
    log_beta = math.log(beta) if beta > 0 else -math.inf
    return (1.0 - beta) / -np.expm1(counts * log_beta)


def read_weights(path: str | Path, n_labels: int) -> NDArray[np.float64]:
    """One weight a line, line j + 1 for label j.

    Returns
    -------
    float64, shape (n_labels,).

    Raises
    ------
    DataError
        If the file cannot be read, a line is not one positive finite number, or there are more or
        fewer lines than labels.
    """
    try:
        content = read_file(path, MAX_NAMES).decode("utf-8-sig")
    except OSError as error:
        raise DataError(path, f"cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise DataError(path, "not text; expected one number a line") from error
    n_lines = content.count("\n") + (content[-1:] not in ("", "\n"))
    if n_lines != n_labels:
        raise DataError(path, f"{n_lines} lines; expected {n_labels}, one a label")
    lines = enumerate(content.split("\n")[:n_lines], 1)
    return np.array([_weight(path, number, line) for number, line in lines], np.float64)


def _weight(path: str | Path, number: int, line: str) -> float:
    try:
        weight = float(line) if line.isascii() and "_" not in line else math.nan
    except ValueError:
        weight = math.nan
    if not 0 < weight < math.inf:
        raise DataError(path, f"weight {shown(line)}; expected a positive finite number", number)
    return weight
