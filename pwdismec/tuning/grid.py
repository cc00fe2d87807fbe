"""The settings to try."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

from pwdismec.errors import ConfigError
from pwdismec.training.config import TrainingConfig
from pwdismec.weighting import PRESETS, Weighting


@dataclass(frozen=True)
class Grid:
    """Every weighting with every C, each at several pruning levels.

    Attributes
    ----------
    weightings
        A scheme with its parameters each.
    costs
        C, ascending.
    prunes
        Δ, ascending. They cost no training: what is trained at the least is cut to the others.
    """

    weightings: tuple[Weighting, ...]
    costs: tuple[float, ...]
    prunes: tuple[float, ...]

    @classmethod
    def of(
        cls,
        schemes: Sequence[str] = ("vanilla", "pw", "pw-cb"),
        *,
        C: Sequence[float] = (0.03, 0.1, 0.3, 1.0, 3.0),
        a: Sequence[float] = (PRESETS["default"].a,),
        b: Sequence[float] = (PRESETS["default"].b,),
        beta: Sequence[float] = (Weighting.beta,),
        prune: Sequence[float] = (0.01, 0.03, 0.1),
    ) -> Grid:
        """The product of the lists; a scheme is multiplied with the parameters that it looks at.

        Raises
        ------
        ConfigError
            If a list is empty or has a value twice, or a value is out of range.
        """
        lists = {"weighting": schemes, "C": C, "A": a, "B": b, "beta": beta, "prune": prune}
        for name, values in lists.items():
            _check_list(name, values)
        parameters = {"a": sorted(a), "b": sorted(b), "beta": sorted(beta)}
        weightings = tuple(
            Weighting(scheme, **dict(zip(names, values, strict=True)))
            for scheme in schemes
            for names in [Weighting(scheme).parameters]
            for values in product(*(parameters[name] for name in names))
        )
        for cost, level in product(C, prune):
            TrainingConfig(C=cost, prune=level)
        return cls(weightings, tuple(sorted(map(float, C))), tuple(sorted(map(float, prune))))

    def configs(self, base: TrainingConfig) -> list[TrainingConfig]:
        """What is trained, neighbours side by side: for each weighting C rises; `prune` is the least."""
        return [
            replace(base, weighting=weighting, C=cost, prune=self.prunes[0])
            for weighting in self.weightings
            for cost in self.costs
        ]

    @property
    def n_points(self) -> int:
        """Settings in all, the pruning levels counted."""
        return len(self.weightings) * len(self.costs) * len(self.prunes)

    def __str__(self) -> str:
        weightings = ", ".join(map(described, self.weightings))
        costs, prunes = (", ".join(f"{value:g}" for value in values) for values in (self.costs, self.prunes))
        count = len(self.weightings) * len(self.costs)
        return f"{count} training{'s' * (count != 1)}: {weightings}; C {costs}; each cut at {prunes}"


def described(weighting: Weighting) -> str:
    """A weighting in words, with the parameters that it looks at."""
    names = {"a": "A", "b": "B", "beta": "β"}
    values = [f"{names[name]} {getattr(weighting, name):g}" for name in weighting.parameters]
    return f"{weighting.scheme} ({', '.join(values)})" if values else weighting.scheme


def _check_list(name: str, values: Sequence[object]) -> None:
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise ConfigError(f"{name}: {values!r}; expected a list of values")
    shown = ", ".join(map(str, values))
    if not values:
        raise ConfigError(f"{name}: no value; expected one or more")
    if len(set(values)) < len(values):
        raise ConfigError(f"{name}: {shown}; expected each value once")
