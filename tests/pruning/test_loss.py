"""Labels lose as many weights as the objective allows: NumPy's float64 objective is the judge."""

import numpy as np
import pytest
import scipy.sparse as sp
from helpers.dense_data import dense_dataset
from helpers.models import dense
from helpers.small_data import files_of, small_dataset
from hypothesis import given, settings
from hypothesis import strategies as st

from pwdismec import Dataset, TrainingConfig, Weighting, train
from pwdismec.errors import ConfigError
from pwdismec.pruning import prune_model
from pwdismec.solvers import Problem, objective
from pwdismec.weighting import positive_weights

CONFIG = TrainingConfig(Weighting("pw-cb"), prune=0.0, shard_size=10, bias=2.0)


def check(model, made, dataset, share):
    """Each label of `made` has the largest weights of `model`, as few as the objective allows."""
    weights = positive_weights(CONFIG.weighting, dataset.label_counts, dataset.n_instances)
    problem = Problem(dataset.features, dataset.label_instances, weights, CONFIG.C, CONFIG.bias)
    X = objective.design_matrix(problem)
    before, after = np.nan_to_num(dense(model)), np.nan_to_num(dense(made))
    biases = dict(zip(*made.weights()[::2], strict=True))
    for label, bias in biases.items():
        y, c = objective.signs_and_costs(problem, label)
        order = np.argsort(-np.abs(before[label]), kind="stable")
        n = np.count_nonzero(after[label])

        def loss_of(kept, row=before[label], order=order, y=y, c=c, bias=bias):
            w = np.zeros(len(row) + 1)
            w[order[:kept]], w[-1] = row[order[:kept]], np.float64(bias) / CONFIG.bias
            return objective.primal(X, y, c, w)

        np.testing.assert_array_equal(after[label][order[:n]], before[label][order[:n]])
        limit = (1 + share) * loss_of(np.count_nonzero(before[label]))
        assert loss_of(n) <= limit * (1 + 1e-12)
        assert n == 0 or loss_of(n - 1) > limit * (1 - 1e-12)


@settings(deadline=None, max_examples=15)
@given(
    seed=st.integers(0, 2**31),
    d=st.integers(1, 60),
    share=st.sampled_from([0.0, 0.001, 0.01, 0.1, 1.0, 100.0]),
    jobs=st.integers(1, 3),
)
def test_one_weight_less_would_be_too_few(seed, d, share, jobs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("loss")
    rng = np.random.default_rng(seed)
    X = sp.random(60, d, 0.3, "csr", np.float32, random_state=rng)
    dataset = Dataset.from_scipy(X, rng.random((60, 15)) < rng.random(15) / 2)
    if not dataset.label_counts.any():
        return
    model = train(dataset, folder / "model", CONFIG, jobs=1)
    made = prune_model(model, folder / "made", loss=share, dataset=dataset, jobs=jobs)
    check(model, made, dataset, share)


@pytest.mark.parametrize("dataset", [small_dataset(), dense_dataset()], ids=["sparse", "dense"])
def test_a_pruned_model_is_measured_by_what_it_has_left(dataset, tmp_path):
    whole = train(dataset, tmp_path / "whole", CONFIG, jobs=1)
    once = prune_model(whole, tmp_path / "once", loss=0.01, dataset=dataset)
    assert 0 < once.nnz < whole.nnz
    twice = prune_model(once, tmp_path / "twice", loss=0.02, dataset=dataset)
    check(once, twice, dataset, 0.02)
    assert twice.manifest.run.history == [
        "pruned to a loss at most 1 % larger",
        "pruned to a loss at most 2 % larger",
    ]


def test_the_same_bits_whatever_the_threads(tmp_path):
    dataset = small_dataset()
    model = train(dataset, tmp_path / "model", CONFIG, jobs=1)
    for jobs in (1, 3):
        prune_model(model, tmp_path / str(jobs), loss=0.03, dataset=dataset, jobs=jobs, dtype="float16")
    assert files_of(tmp_path / "1") == files_of(tmp_path / "3")


@pytest.mark.parametrize("share", [-0.01, float("nan"), float("inf")])
def test_a_share_out_of_range_is_refused(tmp_path, share):
    dataset = small_dataset()
    model = train(dataset, tmp_path / "model", CONFIG, jobs=1)
    with pytest.raises(ConfigError, match=r"loss: .*; expected a finite share, 0 or above"):
        prune_model(model, tmp_path / "a", loss=share, dataset=dataset)
