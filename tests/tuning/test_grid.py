"""The settings to try: only what a weighting looks at is multiplied out, neighbours lie side by side."""

import pytest

from pwdismec.errors import ConfigError
from pwdismec.training import TrainingConfig
from pwdismec.tuning import Grid
from pwdismec.weighting import Weighting


def test_a_scheme_is_multiplied_with_the_parameters_it_looks_at():
    grid = Grid.of(("vanilla", "pw", "cb", "pw-cb"), a=(0.6, 0.5), b=(1.5,), beta=(0.99, 0.9))
    assert grid.weightings == (
        Weighting("vanilla"),
        Weighting("pw", 0.5),
        Weighting("pw", 0.6),
        Weighting("cb", beta=0.9),
        Weighting("cb", beta=0.99),
        Weighting("pw-cb", 0.5, 1.5, 0.9),
        Weighting("pw-cb", 0.5, 1.5, 0.99),
        Weighting("pw-cb", 0.6, 1.5, 0.9),
        Weighting("pw-cb", 0.6, 1.5, 0.99),
    )


def test_costs_rise_within_a_weighting_and_the_least_prune_is_trained():
    grid = Grid.of(("pw", "vanilla"), C=(10, 0.1, 1), prune=(0.1, 0.02))
    base = TrainingConfig(solver="liblinear", tolerance=1e-4, seed=7)
    assert grid.n_points == 12
    assert grid.configs(base) == [
        TrainingConfig(Weighting(scheme), C=C, solver="liblinear", tolerance=1e-4, prune=0.02, seed=7)
        for scheme in ("pw", "vanilla")
        for C in (0.1, 1, 10)
    ]
    assert str(grid) == "6 trainings: pw (A 0.55, B 1.5), vanilla; C 0.1, 1, 10; each cut at 0.02, 0.1"


@pytest.mark.parametrize(
    "values, message",
    [
        ({"C": ()}, "C: no value; expected one or more"),
        ({"C": 3}, "C: 3; expected a list of values"),
        ({"schemes": "pw"}, "weighting: 'pw'; expected a list of values"),
        ({"C": (1, 2, 1.0)}, "C: 1, 2, 1.0; expected each value once"),
        ({"C": (1, 0)}, "C: 0; expected a number from 1e-30 to 1e30"),
        ({"prune": (0.1, -1)}, "prune: -1; expected"),
        ({"schemes": ("pw", "best")}, "weighting: 'best'; expected vanilla, pw"),
        ({"schemes": ("pw", "pw")}, "weighting: pw, pw; expected each value once"),
        ({"a": (-1,)}, "propensity A: -1"),
        ({"b": (0.5, 0)}, "propensity B: 0"),
        ({"beta": (1.0,)}, "beta: 1.0"),
    ],
)
def test_bad_values_are_named(values, message):
    with pytest.raises(ConfigError) as refusal:
        Grid.of(**values)
    assert message in str(refusal.value)


def test_the_default_grid_is_the_documented_one():
    grid = Grid.of()
    assert grid.weightings == (Weighting("vanilla"), Weighting("pw"), Weighting("pw-cb"))
    assert (grid.costs, grid.prunes) == ((0.03, 0.1, 0.3, 1.0, 3.0), (0.01, 0.03, 0.1))
