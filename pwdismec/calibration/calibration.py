"""What was fitted, as plain numbers in one file beside a model's shards, and what is done with it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from pydantic import Field, model_validator

from pwdismec.calibration.maps import Isotonic, Platt, ScoreMap
from pwdismec.calibration.operating import STEPS, OperatingPoints
from pwdismec.calibration.reliability import N_BINS, Reliability
from pwdismec.data.tensors import read_tensors
from pwdismec.data.topk import TopK
from pwdismec.errors import DamagedError, ModelError
from pwdismec.files import write_file
from pwdismec.metrics.checks import check_labels
from pwdismec.model import Model
from pwdismec.model.model_manifest import CALIBRATION
from pwdismec.patience import patient
from pwdismec.stored import Count, Record, file_in, parsed

_FORMAT: Final = "pwdismec-calibration 1"
_KEY: Final = "pwdismec"  # one key: several would be written in an order that varies
_NEVER: Final = 1e30
_DTYPES: Final = {
    "group_of": np.uint16,
    "lowest": np.float64,
    "points": np.int64,
    "macro": np.float32,
    "scut_fbr": np.float32,
    "map_numbers": np.float64,
    "map_starts": np.int64,
}
_BYTES_A_LABEL: Final = 10
_MAX_FIXED: Final = 1 << 28  # maps of more knots than there are bins of scores, and what is said
_MAX_PAIRS: Final = 1 << 53

_Share = Annotated[float, Field(ge=0, le=1 + 1e-9)]  # the mean of ones may be rounded up


@dataclass(frozen=True, eq=False)
class Calibration:
    """Probabilities and thresholds for the scores of a model.

    Attributes
    ----------
    method
        One of `METHODS`.
    group_of
        uint16, shape (n_labels,): the group of each label, by training frequency.
    maps
        From scores to probabilities, for each group.
    lowest
        float64, shape (n_groups,): the lowest score that was fitted to. Lower ones reach no threshold.
    points
        What sets of labels above each probability have shown on held-out instances.
    macro, scut_fbr
        float32, shape (n_labels,): the threshold of each label for a good macro-F1, drawn towards its
        group's, and by SCutFBR.
    before, after
        Reliability of held-out instances' best labels: of 1/(1 + exp(−score)), and of probabilities that
        were fitted to other instances.
    """

    method: str
    group_of: NDArray[np.uint16]
    maps: Sequence[ScoreMap]
    lowest: NDArray[np.float64]
    points: OperatingPoints
    macro: NDArray[np.float32]
    scut_fbr: NDArray[np.float32]
    before: Reliability
    after: Reliability

    @classmethod
    @patient
    def of(cls, model: Model) -> Calibration:
        """That of a model.

        Raises
        ------
        ModelError
            If it has none, or it is damaged.
        """
        path = model.path / CALIBRATION
        if not path.exists():
            raise ModelError(
                f"{model.path}: not calibrated; expected `pwdismec calibrate` on held-out data, "
                "or a training with --calibrate"
            )
        try:
            return _read(file_in(model.path, CALIBRATION), model.n_labels)
        except DamagedError as error:
            raise DamagedError(path, f"damaged: {error.message}; calibrate the model again") from error

    def save(self, model: Model, *, overwrite: bool = False) -> None:
        """Store it with a model.

        Raises
        ------
        OutputError
            If the model has another, unless that is to be overwritten.
        PwdismecError
            If it cannot be written.
        """
        said = {
            "format": _FORMAT,
            "method": self.method,
            "n_true": self.points.n_true,
            "before": self.before.to_dict(),
            "after": self.after.to_dict(),
        }
        tensors: dict[str, NDArray[Any]] = {
            "group_of": self.group_of,
            "lowest": self.lowest,
            "points": self.points.counts,
            "macro": self.macro,
            "scut_fbr": self.scut_fbr,
            **_numbers_of(self.maps),
        }
        content = safetensors.numpy.save(tensors, {_KEY: json.dumps(said)})
        write_file(model.path / CALIBRATION, content, overwrite=overwrite)

    def probabilities(self, top: TopK) -> TopK:
        """The same labels with their probabilities as scores, float32, rows best first.

        Labels of equal probability stay in the order of their scores.

        Raises
        ------
        DataError
            If a label is none of the model's.
        """
        check_labels(top.labels, len(self.group_of), 0)
        probabilities = np.full(top.scores.shape, -np.inf, np.float32)
        groups = self.group_of[top.labels]
        for group, to_probability in enumerate(self.maps):
            here = (groups == group) & (top.labels >= 0)
            probabilities[here] = to_probability(top.scores[here])
        order = np.argsort(-probabilities, axis=1, kind="stable")
        return TopK(np.take_along_axis(top.labels, order, 1), np.take_along_axis(probabilities, order, 1))

    def thresholds(self, sets: str) -> NDArray[np.float32]:
        """The score that each label has to reach: float32, shape (n_labels,).

        Parameters
        ----------
        sets
            What the sets of labels are for: "micro-f1", "macro-f1", "scutfbr", or "precision=0.9", as many
            labels as that share of right ones allows.

        Raises
        ------
        ConfigError
            If it is none of these, or no sets had that precision on held-out instances.
        """
        if sets in ("macro-f1", "scutfbr"):
            return self.macro if sets == "macro-f1" else self.scut_fbr
        return reaching(self.maps, self.lowest, self.points.probability_for(sets))[self.group_of]

    def to_text(self) -> str:
        """How good it is, in two lines."""
        point = self.points.describe("micro-f1")
        return (
            f"expected calibration error of the best labels: {self.before.error:.4f} before, "
            f"{self.after.error:.4f} after ({self.method}, {len(self.maps)} groups of labels)\n"
            f"sets of best micro-F1: {point}"
        )


def reaching(
    maps: Sequence[ScoreMap], lowest: NDArray[np.float64], probability: float
) -> NDArray[np.float32]:
    """The score at which each group's map reaches a probability: float32, shape (n_groups,)."""
    scores = np.array([to_probability.lowest(probability) for to_probability in maps])
    return np.asarray(np.clip(scores, lowest, _NEVER), np.float32)


def thresholds_of(model: Model, sets: str | None) -> NDArray[np.float32] | None:
    """What a model's labels have to reach for sets of labels; None where none are wanted.

    Errors as those of `Calibration.of` and `Calibration.thresholds`.
    """
    return None if sets is None else Calibration.of(model).thresholds(sets)


def _numbers_of(maps: Sequence[ScoreMap]) -> dict[str, NDArray[Any]]:
    """The maps' numbers, one behind the other, and where each map's begin."""
    pairs = [
        np.array([[m.a, m.b]]) if isinstance(m, Platt) else np.stack([m.scores, m.probabilities], 1)
        for m in maps
        if isinstance(m, (Platt, Isotonic))
    ]
    starts = np.cumsum([0, *(len(p) for p in pairs)]).astype(np.int64)
    return {"map_numbers": np.concatenate(pairs), "map_starts": starts}


class _Reliability(Record):
    """A `Reliability` in the file."""

    counts: Annotated[tuple[Count, ...], Field(max_length=N_BINS)]
    stated: tuple[_Share, ...]
    true: tuple[_Share, ...]

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> _Reliability:
        if not len(self.counts) == len(self.stated) == len(self.true):
            raise ValueError("counts, stated, true: expected one of each for each bin")
        return self

    def made(self) -> Reliability:
        return Reliability(self.counts, self.stated, self.true)


class _Said(Record):
    """What stands beside the arrays in the file."""

    format: Literal["pwdismec-calibration 1"]
    method: Literal["isotonic", "platt"]
    n_true: Annotated[int, Field(ge=0, le=_MAX_PAIRS)]
    before: _Reliability
    after: _Reliability


def _read(path: Path, n_labels: int) -> Calibration:
    content = read_tensors(path, _MAX_FIXED + _BYTES_A_LABEL * n_labels)
    said = parsed(path, content.said(_KEY), _Said, _KEY)
    tensors = content.only(_DTYPES)
    n_groups = len(tensors["map_starts"]) - 1 if tensors["map_starts"].ndim == 1 else 0
    shapes: dict[str, tuple[int, ...]] = dict.fromkeys(("group_of", "macro", "scut_fbr"), (n_labels,))
    shapes |= {"lowest": (n_groups,), "points": (STEPS + 1, 2), "map_starts": (n_groups + 1,)}
    shapes["map_numbers"] = (len(tensors["map_numbers"]) if tensors["map_numbers"].ndim else 0, 2)
    for name, shape in shapes.items():
        if tensors[name].shape != shape:
            raise DamagedError(path, f"{name}: shape {tensors[name].shape}; expected {shape}")
    for name in ("lowest", "macro", "scut_fbr", "map_numbers"):
        if not (np.abs(tensors[name]) <= np.finfo(np.float32).max).all():
            raise DamagedError(path, f"{name}: expected finite numbers of the size of a float32")
    if n_groups < 1 or tensors["group_of"].max(initial=0) >= n_groups:
        raise DamagedError(path, f"group_of: expected groups below {n_groups}, the number of maps")
    return Calibration(
        said.method,
        tensors["group_of"],
        _maps(path, said.method, tensors["map_starts"], tensors["map_numbers"]),
        tensors["lowest"],
        _points(path, tensors["points"], said.n_true),
        tensors["macro"],
        tensors["scut_fbr"],
        said.before.made(),
        said.after.made(),
    )


def _maps(path: Path, method: str, starts: NDArray[np.int64], numbers: NDArray[np.float64]) -> list[ScoreMap]:
    """The maps that `_numbers_of` has put one behind the other, if each is one."""
    if starts[0] != 0 or starts[-1] != len(numbers) or (starts[1:] <= starts[:-1]).any():
        raise DamagedError(path, f"map_starts: expected ascending offsets from 0 to {len(numbers)}")
    pieces = [numbers[first:stop] for first, stop in pairwise(starts.tolist())]
    if method == "platt":
        if len(numbers) != len(pieces) or (numbers[:, 0] < 0).any():
            raise DamagedError(path, "map_numbers: expected two numbers for each map, the first not negative")
        return [Platt(float(a), float(b)) for a, b in numbers]
    for piece in pieces:
        scores, probabilities = piece.T
        within = probabilities[0] >= 0 and probabilities[-1] <= 1
        if not within or (scores[1:] <= scores[:-1]).any() or (probabilities[1:] < probabilities[:-1]).any():
            raise DamagedError(path, "map_numbers: expected rising scores, and rising probabilities up to 1")
    return [Isotonic(piece[:, 0], piece[:, 1]) for piece in pieces]


def _points(path: Path, counts: NDArray[np.int64], n_true: int) -> OperatingPoints:
    falls = (counts[1:] <= counts[:-1]).all() and counts[-1].min() >= 0 and counts[0].max() <= _MAX_PAIRS
    if not falls or (counts[:, 1] > np.minimum(counts[:, 0], n_true)).any():
        raise DamagedError(path, "points: expected falling numbers of pairs, and of true ones among them")
    return OperatingPoints(counts, n_true)
