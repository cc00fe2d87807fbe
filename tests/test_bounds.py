"""Settings given as numbers through the API: another kind, or beyond the bounds, is refused by name."""

import math
from fractions import Fraction

import numpy as np
import pytest
from helpers.small_data import small_dataset

from pwdismec import ConfigError, Predictor, PWDiSMECClassifier, TrainingConfig, Weighting, train
from pwdismec.bounds import thread_count
from pwdismec.pruning.criteria import at_least, largest
from pwdismec.pruning.loss_budget import within_loss
from pwdismec.tuning.split import n_held_out

NO_NUMBERS = ["a", "1", b"1", None, [], [1], {}, True, np.True_, 1j, np.ones(2)]
NO_COUNTS = [*NO_NUMBERS, 1.0, 1.5, np.float64(2), math.nan, -1, 2**63, 2**70, 10**5000]
HUGE = 1e300
NO_QUANTITIES = [*NO_NUMBERS, math.nan, math.inf, -math.inf, -1, HUGE, 10**5000]


def refuses(name, value, make):
    with pytest.raises(ConfigError) as caught:
        make()
    message = str(caught.value)
    assert message.startswith(f"{name}: ") and "; expected " in message, message
    assert "\n" not in message and len(message) < 1000, value


@pytest.mark.parametrize("name", ["max_epochs", "shard_size", "seed"])
def test_counts_of_a_training_are_whole_numbers_within_bounds(name):
    for value in NO_COUNTS if name == "seed" else [*NO_COUNTS, 0, 2**31]:
        refuses(name, value, lambda value=value: TrainingConfig(**{name: value}))
    largest = 2**63 - 1 if name == "seed" else 2**31 - 1
    for value in (1, np.int8(1), np.uint64(1), largest):
        assert type(getattr(TrainingConfig(**{name: value}), name)) is int


@pytest.mark.parametrize("name", ["C", "bias", "tolerance", "prune"])
def test_quantities_of_a_training_are_numbers_that_float32_holds(name):
    for value in NO_QUANTITIES:
        refuses(name, value, lambda value=value: TrainingConfig(**{name: value}))
    for value in (Fraction(1, 2), np.float32(0.5), 0.5):
        assert TrainingConfig(**{name: value}) == TrainingConfig(**{name: 0.5})


@pytest.mark.parametrize("field, name", [("a", "propensity A"), ("b", "propensity B"), ("beta", "beta")])
def test_constants_of_a_weighting_are_finite_numbers(field, name):
    for value in NO_QUANTITIES:
        if field == "beta" or value is not HUGE:
            refuses(name, value, lambda value=value: Weighting("pw-cb", **{field: value}))


@pytest.mark.parametrize("value", [None, 3, [], b"pw", "x", "file:", np.array(["pw", "cb"])])
def test_schemes_and_solvers_are_names(value):
    refuses("weighting", value, lambda: Weighting(value))
    refuses("weighting", value, lambda: TrainingConfig(value))
    refuses("solver", value, lambda: TrainingConfig(solver=value))


@pytest.mark.parametrize("value", [*NO_NUMBERS, 1.0, math.nan, 0, 10**20, -(10**20)])
def test_threads_are_a_whole_number_but_0(value):
    refuses("jobs", value, lambda: thread_count(value))
    assert thread_count(np.int64(3)) == 3 and thread_count(-1) >= 1


@pytest.mark.parametrize("value", [*NO_NUMBERS, 1.5, -1, 2**70])
def test_limits_and_counts_of_other_commands_are_whole_numbers(tmp_path, value):
    dataset = small_dataset()
    model = train(dataset, tmp_path / "model", jobs=1)
    refuses("keep", value, lambda: largest(value))
    refuses("top_k", value, lambda: model.top_features(3, value))
    if value is not None:
        refuses("memory", value, lambda: Predictor(model, memory=value))
        refuses("memory", value, lambda: train(dataset, tmp_path / "other", memory=value))


@pytest.mark.parametrize("value", [*NO_NUMBERS, math.nan, math.inf, -1, 10**400])
def test_shares_and_thresholds_are_finite_numbers(value):
    refuses("threshold", value, lambda: at_least(value))
    refuses("holdout", value, lambda: n_held_out(10, value))
    refuses("loss", value, lambda: within_loss(value, lambda shard: np.zeros(0)))


X, Y = np.eye(4, dtype=np.float32), [[1], [2], [1], [2]]


@pytest.mark.parametrize(
    "settings",
    [
        {"weighting": None},
        {"beta": "x"},
        {"C": None},
        {"bias": 1e300},
        {"prune": "x"},
        {"solver": 1},
        {"tolerance": "a"},
        {"max_epochs": 1.5},
        {"random_state": "a"},
        {"random_state": -1},
        {"n_jobs": "a"},
        {"n_jobs": 0},
    ],
)
def test_the_estimator_names_the_setting_at_fault(settings):
    ((name, value),) = settings.items()
    refuses(name, value, lambda: PWDiSMECClassifier(**settings).fit(X, Y))


@pytest.mark.parametrize("k", ["a", 1.5, True, 10**20, 0, None])
def test_the_places_wanted_of_the_estimator_are_a_whole_number(k):
    refuses("k", k, lambda: PWDiSMECClassifier().fit(X, Y).predict_topk(X, k))


@pytest.mark.parametrize("settings", [{"bias": 1e15}, {"C": 1e30}, {"C": 1e-30}, {"bias": 1e15, "C": 1e-30}])
@pytest.mark.parametrize("solver", ["block-dcd", "liblinear"])
@pytest.mark.filterwarnings("ignore:.*did not reach the tolerance")
def test_scores_are_finite_at_the_bounds(settings, solver):
    fitted = PWDiSMECClassifier(solver=solver, max_epochs=50, **settings).fit(X, Y)
    assert np.isfinite(fitted.decision_function(X)).all() and np.isfinite(fitted.dual_gap_).all()
