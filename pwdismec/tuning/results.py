"""What a tuning is, and what it found: the records that its folder holds."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from pwdismec.errors import ConfigError
from pwdismec.metrics.evaluation import PLAIN, SCORED, WITHIN
from pwdismec.plain_text import aligned
from pwdismec.stored import Count, Digest, Record, Size, Text
from pwdismec.training.config import TrainingConfig
from pwdismec.weighting import Weighting

KS = (1, 3, 5)
METRICS = tuple(f"{metric}@{k}" for metric in (*PLAIN, *SCORED, *WITHIN) for k in KS)
DEFAULT_METRIC = "PSP@5"

_SHOWN = tuple(f"{metric}@{k}" for metric in ("P", "PSP") for k in KS)
_PARAMETERS = {"A": "a", "B": "b", "β": "beta"}


class TuningRun(Record):
    """What is tuned on what: two runs that are equal give the same outcomes."""

    format: Literal["pwdismec-tuning"] = "pwdismec-tuning"
    version: Literal[1] = 1
    written_by: Text
    dataset_fingerprint: Text
    holdout: float
    n_train: Size
    n_held_out: Size
    n_labels: Size
    training_part: Text
    weightings: tuple[Text, ...]
    C: tuple[float, ...]
    prune: tuple[float, ...]
    A: float
    B: float
    positive_weights_sha256: Digest
    config: dict[str, Any]

    @property
    def id(self) -> str:
        """Names the run; the program's version does not count."""
        record = self.model_dump(exclude={"written_by"})
        return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()[:32]


class Outcome(Record):
    """One point of the grid.

    Attributes
    ----------
    weighting, a, b, beta, C, prune
        The settings; a parameter that the weighting does not look at is None.
    weights
        How many are kept.
    beyond_tolerance
        Labels that missed the solver's tolerance.
    percent
        By metric and k, on the held-out instances.
    """

    weighting: Text
    a: float | None
    b: float | None
    beta: float | None
    C: float
    prune: float
    weights: Count
    beyond_tolerance: Count
    percent: dict[str, float]

    @model_validator(mode="after")
    def _has_all_metrics(self) -> Outcome:
        if set(self.percent) != set(METRICS):
            raise ValueError(f"percent: expected {', '.join(METRICS)}")
        return self

    @classmethod
    def of(
        cls, config: TrainingConfig, weights: int, beyond_tolerance: int, percent: dict[str, float]
    ) -> Outcome:
        """The outcome of training with `config`."""
        scheme = config.weighting
        used = {
            name: getattr(scheme, name) if name in scheme.parameters else None for name in ("a", "b", "beta")
        }
        return cls(
            weighting=scheme.scheme,
            **used,
            C=config.C,
            prune=config.prune,
            weights=weights,
            beyond_tolerance=beyond_tolerance,
            percent=percent,
        )


class Tuning(Record):
    """A whole tuning.

    Attributes
    ----------
    run
        What was tuned.
    by
        The metric that decides.
    outcomes
        Best first; of equally good ones that with fewer weights.
    """

    run: TuningRun
    by: Annotated[str, Field(pattern=f"^({'|'.join(METRICS)})$")]
    outcomes: tuple[Outcome, ...]

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Tuning:
        run = self.run
        if len(self.outcomes) != (expected := len(run.weightings) * len(run.C) * len(run.prune)):
            raise ValueError(f"outcomes: {len(self.outcomes)}; expected {expected}, as run has settings")
        return self

    def sorted_by(self, metric: str) -> Tuning:
        """The same with another metric to decide."""
        order = sorted(self.outcomes, key=lambda o: (-o.percent[metric], o.weights, o.model_dump_json()))
        return self.model_copy(update={"by": metric, "outcomes": tuple(order)})

    @property
    def best(self) -> TrainingConfig:
        """The settings to train with, certified, in however many passes they were tried."""
        first = self.outcomes[0]
        parameters = {
            name: value for name in ("a", "b", "beta") if (value := getattr(first, name)) is not None
        }
        weighting = Weighting(first.weighting, **parameters)
        settings = {name: value for name, value in self.run.config.items() if name != "passes"}
        found: dict[str, Any] = {"weighting": weighting, "C": first.C, "prune": first.prune}
        return TrainingConfig(**settings | found)

    def to_text(self) -> str:
        """A table, best first, and the terms it stands on."""
        run = self.run
        varied = [name for name, field in _PARAMETERS.items() if self._varies(field)]
        rows = [
            [
                outcome.weighting,
                *(
                    "–" if (value := getattr(outcome, _PARAMETERS[name])) is None else f"{value:g}"
                    for name in varied
                ),
                f"{outcome.C:g}",
                f"{outcome.prune:g}",
                *(f"{outcome.percent[metric]:.2f}" for metric in _SHOWN),
                f"{outcome.weights:,}",
            ]
            for outcome in self.outcomes
        ]
        table = aligned([["", *varied, "C", "prune", *_SHOWN, "weights"], *rows])
        terms = (
            f"trained on {run.n_train:,} instances, judged on {run.n_held_out:,} held out; percentages, "
            f"best {self.by} first\nPSP: A = {run.A:g}, B = {run.B:g}, frequencies of the whole data set"
        )
        return "\n\n".join([terms, table, *self._remarks()])

    def _varies(self, field: str) -> bool:
        return len({getattr(outcome, field) for outcome in self.outcomes} - {None}) > 1

    def _remarks(self) -> list[str]:
        remarks, best, tried = [], self.outcomes[0].C, self.run.C
        if best in (tried[0], tried[-1]) and len(tried) > 1:
            end, beyond = ("least", "smaller") if best == tried[0] else ("largest", "larger")
            remarks.append(f"the best C is the {end} tried; {beyond} ones may be better")
        trainings = {(o.weighting, o.a, o.b, o.beta, o.C): o.beyond_tolerance for o in self.outcomes}
        if count := sum(trainings.values()):
            remarks.append(f"beyond the tolerance: {count:,} of all classifiers trained")
        return remarks


def check_metric(metric: str) -> None:
    """Refuse a metric that a tuning does not know.

    Raises
    ------
    ConfigError
        If it is none of `METRICS`.
    """
    if metric not in METRICS:
        raise ConfigError(f"by: {metric!r}; expected one of {', '.join(METRICS)}")


def plain(config: TrainingConfig) -> dict[str, Any]:
    """What all points of a grid share, as plain JSON."""
    return {
        name: value for name, value in config.to_json().items() if name not in ("weighting", "C", "prune")
    }
