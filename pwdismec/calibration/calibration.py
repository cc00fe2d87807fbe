"""What was fitted, as plain numbers in one file beside a model's shards, and what is done with it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from pwdismec.calibration.maps import METHODS, Isotonic, Platt, ScoreMap
from pwdismec.calibration.operating import OperatingPoints
from pwdismec.calibration.reliability import Reliability
from pwdismec.data.tensors import read_tensors
from pwdismec.data.topk import TopK
from pwdismec.errors import DamagedError, ModelError
from pwdismec.files import write_file
from pwdismec.model import Model
from pwdismec.model.manifest import CALIBRATION

_FORMAT: Final = "pwdismec-calibration 1"
_KEY: Final = "pwdismec"  # one key: several would be written in an order that varies
_NEVER: Final = 1e30


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
            content = read_tensors(path, 1 << 34)
            found = json.loads(content.metadata[_KEY])
            if found["format"] != _FORMAT or len(content.tensors["macro"]) != model.n_labels:
                raise ValueError("of another version or model")
            return _read(found, content.tensors)
        except (OSError, ValueError, KeyError, TypeError, IndexError, DamagedError) as error:
            raise ModelError(f"{path}: damaged: {error}; calibrate the model again") from error

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
        """
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


def _read(said: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]]) -> Calibration:
    if said["method"] not in METHODS:
        raise ValueError(f"method {said['method']!r}")
    starts, numbers = tensors["map_starts"], tensors["map_numbers"]
    pieces = [numbers[first:stop] for first, stop in pairwise(starts)]
    maps: list[ScoreMap] = []
    for piece in pieces:
        if said["method"] == "platt":
            maps.append(Platt(float(piece[0, 0]), float(piece[0, 1])))
        else:
            maps.append(Isotonic(piece[:, 0], piece[:, 1]))
    before, after = (Reliability(**{k: tuple(v) for k, v in said[w].items()}) for w in ("before", "after"))
    return Calibration(
        said["method"],
        tensors["group_of"],
        maps,
        tensors["lowest"],
        OperatingPoints(tensors["points"], said["n_true"]),
        tensors["macro"],
        tensors["scut_fbr"],
        before,
        after,
    )
