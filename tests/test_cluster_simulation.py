"""The simulated scheduler against closed forms, and what holds whatever happens."""

import math
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.append(str(Path(__file__).resolve().parents[1] / "benchmarks"))
from simulation import Cluster, simulate

REPETITIONS = 3000


def near(found, expected):
    """Whether the mean of `found` is `expected`, within four standard errors."""
    error = np.std(found, ddof=1) / math.sqrt(len(found))
    return abs(np.mean(found) - expected) < 4 * error


@pytest.mark.parametrize("work", [0.1, 1.0, 2.0])
@pytest.mark.parametrize(("restart", "preparation"), [(0.0, 0.0), (0.5, 0.3)])
def test_one_shard_takes_as_long_as_theory_says(work, restart, preparation):
    """A task that needs w without a failure, failures of rate λ, R down: E[T] = (1/λ + R)(e^(λw) − 1).

    Each attempt succeeds with e^(−λw), the failed ones before it are e^(λw) − 1 in the mean.
    """
    cluster = Cluster(1, failure_rate=1.0, restart=restart, preparation=preparation)
    runs = [simulate(cluster, 1, work, seed) for seed in range(REPETITIONS)]
    attempt = preparation + work
    assert near([run.makespan for run in runs], (1 + restart) * math.expm1(attempt))
    assert near([run.failures for run in runs], math.expm1(attempt))


@pytest.mark.parametrize("work", [0.1, 1.0, 2.0])
def test_what_failures_cost_one_shard_is_as_theory_says(work):
    """Without waits the time is the work and what was lost: E[lost] = (e^(λw) − 1)/λ − w."""
    lost = [simulate(Cluster(1, failure_rate=1.0), 1, work, seed).lost for seed in range(REPETITIONS)]
    assert near(lost, math.expm1(work) - work)


def test_small_shards_lose_half_of_one_for_each_failure():
    """For w much shorter than 1/λ: λw/2 of the work, the first term of that series."""
    run = simulate(Cluster(20, failure_rate=1e-3), 20_000, 10.0, 0)
    assert run.lost_share == pytest.approx(1e-3 * 10 / 2, rel=0.2)


@pytest.mark.parametrize(("nodes", "slots", "n_shards"), [(1, 1, 7), (3, 1, 7), (2, 4, 17), (8, 1, 3)])
def test_without_failures_shards_go_in_rounds(nodes, slots, n_shards):
    run = simulate(Cluster(nodes, slots, preparation=2.0), n_shards, 10.0, 0)
    assert run.makespan == pytest.approx(2.0 + 10.0 * math.ceil(n_shards / (nodes * slots)))
    assert (run.failures, run.lost) == (0, 0.0)


def test_a_busy_file_server_is_what_everybody_waits_for():
    run = simulate(Cluster(100, server=1.0), 1000, 10.0, 0)
    assert run.makespan == pytest.approx(10.0 + 1000 * 1.0)


def test_lost_shards_wait_for_their_claims_to_expire():
    runs = [simulate(Cluster(1, failure_rate=1.0, expiry=50.0), 1, 1.0, seed) for seed in range(50)]
    for run in runs:
        waits = (run.makespan - 1.0 - run.lost) / 50.0
        assert waits == pytest.approx(round(waits))
        assert (run.lost > 0) == (round(waits) > 0)
    assert sum(run.lost > 0 for run in runs) > 10


@given(
    nodes=st.integers(1, 6),
    slots=st.integers(1, 3),
    n_shards=st.integers(1, 40),
    rate=st.sampled_from([0.0, 0.02, 0.3]),
    times=st.tuples(*[st.sampled_from([0.0, 0.1, 3.0])] * 4),
    seed=st.integers(0, 1000),
)
@settings(max_examples=100, deadline=None)
def test_every_shard_is_done_once_and_no_time_is_made_up(nodes, slots, n_shards, rate, times, seed):
    restart, preparation, expiry, server = times
    cluster = Cluster(nodes, slots, rate, restart, preparation, expiry, server)
    run = simulate(cluster, n_shards, 1.0, seed)
    assert run.done == dict.fromkeys(range(n_shards), 1)
    assert run.useful >= n_shards * (1.0 + server) - 1e-9
    assert run.useful + run.lost <= nodes * slots * run.makespan + 1e-9
    assert run.makespan >= preparation + n_shards * (1.0 + server) / (nodes * slots) - 1e-9
    assert simulate(cluster, n_shards, 1.0, seed) == run
