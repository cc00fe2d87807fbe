"""Weights fitted again are the optimum on the features that stayed, by LIBLINEAR and scikit-learn."""

import numpy as np
import pytest
import scipy.sparse as sp
from helpers.dense_data import dense_dataset
from helpers.models import dense, model_of
from helpers.small_data import files_of, small_dataset
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.svm import LinearSVC

from pwdismec import Dataset, Predictor, TrainingConfig, Weighting, convert, evaluate, open_source, train
from pwdismec.data.transforms import Transforms
from pwdismec.errors import ConfigError, DataError, ModelError
from pwdismec.model.merging import merge_models
from pwdismec.model.slicing import slice_model
from pwdismec.pruning import prune_model
from pwdismec.solvers import BlockDualCD, Problem, objective
from pwdismec.weighting import positive_weights

CONFIG = TrainingConfig(Weighting("pw-cb", 0.6, 2.0, 0.99), C=2.0, tolerance=1e-4, prune=0.0, shard_size=10)


def trained(folder, dataset, config=CONFIG):
    return train(dataset, folder / "model", config, jobs=1)


@pytest.fixture(scope="module")
def sparse(tmp_path_factory):
    dataset = small_dataset()
    return trained(tmp_path_factory.mktemp("sparse"), dataset), dataset


@pytest.fixture(scope="module")
def dense_case(tmp_path_factory):
    dataset = dense_dataset()
    return trained(tmp_path_factory.mktemp("dense"), dataset), dataset


def problem_of_training(dataset, config=CONFIG):
    weights = positive_weights(config.weighting, dataset.label_counts, dataset.n_instances)
    return Problem(dataset.features, dataset.label_instances, weights, config.C, config.bias)


def certificates(model):
    """Primal, dual and gap of each trained label."""
    found = [shard.certificate for shard in model.shards()]
    return (np.concatenate([getattr(one, name) for one in found]) for name in ("primal", "dual", "gap"))


@pytest.mark.parametrize("case", ["sparse", "dense_case"])
@pytest.mark.parametrize("how", [{"keep": 5}, {"threshold": 0.3}, {"loss": 0.05}, {"target": 12_000}])
def test_every_label_is_the_optimum_on_what_stayed(case, how, request, tmp_path):
    model, dataset = request.getfixturevalue(case)
    cut = prune_model(model, tmp_path / "cut", **how, dataset=dataset if "loss" in how else None)
    made = prune_model(model, tmp_path / "made", **how, dataset=dataset, refit=True)
    stayed = np.nan_to_num(dense(cut)) != 0
    if "target" in how:
        assert made.bytes <= how["target"]
        stayed = np.nan_to_num(dense(made)) != 0  # fewer: labels beyond the tolerance would need room
    assert np.all((np.nan_to_num(dense(made)) != 0) <= stayed)
    X = objective.design_matrix(problem := problem_of_training(dataset))
    ids, weights, bias = made.weights()
    primal, dual, gap = certificates(made)
    assert gap.max() <= CONFIG.tolerance and made.manifest.shards[0].worst_gap <= CONFIG.tolerance
    for row, label in enumerate(ids):
        y, c = objective.signs_and_costs(problem, label)
        w = np.append(weights.to_scipy()[[row]].toarray().astype(np.float64), bias[row])
        assert objective.primal(X, y, c, w) == pytest.approx(primal[row], rel=1e-9)
        columns = X[:, [*np.flatnonzero(stayed[label]), X.shape[1] - 1]]
        exact = LinearSVC(dual=False, tol=1e-10, C=1.0, fit_intercept=False, max_iter=10_000)
        exact.fit(columns, y, sample_weight=c)
        optimum = objective.primal(columns, y, c, exact.coef_.ravel())
        assert dual[row] <= optimum * (1 + 1e-9)
        assert primal[row] <= optimum * (1 + CONFIG.tolerance)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**31), keep=st.integers(0, 40), jobs=st.integers(1, 3), half=st.booleans())
def test_refitting_never_loses(seed, keep, jobs, half, sparse, tmp_path_factory):
    """P of the optimum on what stayed lies between the optimum of all and P of the weights that were cut."""
    model, dataset = sparse
    folder = tmp_path_factory.mktemp("any")
    labels = np.random.default_rng(seed).choice(40, 12, replace=False)
    part = slice_model(model, folder / "part", labels)
    dtype = "float16" if half else "float32"
    cut = prune_model(part, folder / "cut", keep=keep, dtype=dtype)
    made = prune_model(part, folder / "made", keep=keep, dtype=dtype, dataset=dataset, refit=True, jobs=jobs)
    problem = problem_of_training(dataset)
    X = objective.design_matrix(problem)
    for shard_whole, shard_cut, shard_made in zip(part.shards(), cut.shards(), made.shards(), strict=True):
        np.testing.assert_array_equal(shard_made.label_ids, shard_whole.label_ids)
        for row, label in enumerate(shard_cut.label_ids):
            y, c = objective.signs_and_costs(problem, label)
            w = shard_cut.weights.to_scipy()[[row]].toarray().astype(np.float64)
            as_cut = objective.primal(X, y, c, np.append(w, shard_cut.bias[row]))
            primal = shard_made.certificate.primal[row]
            rounded = 1e-3 if half else 0
            assert shard_whole.certificate.dual[row] <= primal * (1 + 1e-9)
            assert primal <= as_cut * (1 + CONFIG.tolerance + rounded)


def test_the_same_bits_whatever_the_threads(sparse, tmp_path):
    model, dataset = sparse
    for jobs in (1, 2, 5):
        prune_model(model, tmp_path / str(jobs), keep=7, dataset=dataset, refit=True, jobs=jobs)
    assert files_of(tmp_path / "1") == files_of(tmp_path / "2") == files_of(tmp_path / "5")


def test_a_slice_is_refitted_as_the_whole_is(sparse, tmp_path):
    model, dataset = sparse
    ids = np.array([3, 17, 18, 39])
    refitted = prune_model(model, tmp_path / "a", keep=4, dataset=dataset, refit=True)
    part = slice_model(model, tmp_path / "b", ids)
    one, other = (
        slice_model(refitted, tmp_path / "c", ids),
        prune_model(part, tmp_path / "d", keep=4, dataset=dataset, refit=True),
    )
    np.testing.assert_array_equal(dense(one), dense(other))


def test_the_model_says_that_it_was_refitted(sparse, tmp_path):
    model, dataset = sparse
    made = prune_model(model, tmp_path / "a", keep=4, dataset=dataset, refit=True, dtype="float16")
    assert made.manifest.run.history == [
        "pruned to 4 weights a label",
        "fitted again on the features that stayed, which its certificates are of",
        "stored as float16",
    ]
    again = prune_model(made, tmp_path / "b", threshold=0, dataset=dataset, refit=True)
    assert again.manifest.run.history[3:] == made.manifest.run.history[1:2]
    assert (made.manifest.run.config["C"], made.n_labels) == (2.0, 45)


def test_a_merged_model_says_that_a_part_was_refitted(sparse, tmp_path):
    model, dataset = sparse
    parts = [slice_model(model, tmp_path / f"{i}", np.arange(i, 45, 2)) for i in range(2)]
    parts[1] = prune_model(parts[1], tmp_path / "b", threshold=0, dataset=dataset, refit=True)
    refitted = "in part fitted again on the features that stayed, which its certificates are of"
    assert refitted in merge_models(parts, tmp_path / "merged").manifest.run.history


def test_progress_ends_with_every_label(sparse, tmp_path):
    model, dataset = sparse
    told = []
    prune_model(
        model, tmp_path / "a", keep=4, dataset=dataset, refit=True, on_labels=lambda *at: told.append(at)
    )
    assert told == sorted(told) and told[-1] == (40, 40) and len(told) >= 4


def test_a_model_of_liblinear_is_refitted_by_the_block_solver(tmp_path):
    dataset = small_dataset()
    model = trained(tmp_path, dataset, TrainingConfig(solver="liblinear", prune=0.1))
    made = prune_model(model, tmp_path / "a", keep=6, dataset=dataset, refit=True)
    _, _, gap = certificates(made)
    assert 0 < gap.max() <= 1e-3
    assert [shard.gap_tolerance for shard in made.shards()] == [1e-3]


def test_accuracy_is_regained_on_bibtex(real_data, tmp_path):
    files = real_data / "bibtex"
    train_set = convert(open_source([files / "bibtex_train.txt.xz"]), tmp_path / "train")
    test_set = convert(open_source([files / "bibtex_test.txt.xz"]), tmp_path / "test", like=train_set)
    model = train(train_set, tmp_path / "model", TrainingConfig(Weighting("pw-cb")))

    def accuracy(model):
        top = Predictor(model).predict_dataset(test_set, 5)
        counts, n = train_set.label_counts, train_set.n_instances
        return evaluate(top, test_set.labels, label_counts=counts, n_train=n).percent

    cut = prune_model(model, tmp_path / "cut", keep=40)
    made = prune_model(model, tmp_path / "made", keep=40, dataset=train_set, refit=True)
    assert made.nnz <= cut.nnz == 40 * 159 < model.nnz / 10
    whole, lost, regained = accuracy(model), accuracy(cut), accuracy(made)
    for metric in ("P@1", "PSP@5"):
        assert regained[metric] - lost[metric] > 0.5 * (whole[metric] - lost[metric]) > 0.5


@pytest.mark.parametrize("target", [100_000, 200_000])
def test_a_size_holds_though_every_label_misses_the_tolerance_when_fitted_again(
    tmp_path, monkeypatch, target
):
    """Each is a line of the manifest more than the model had."""
    rng = np.random.default_rng(0)
    X = sp.csr_matrix(rng.normal(size=(40, 100)).astype(np.float32))
    dataset = Dataset.from_scipy(X, rng.random((40, 400)) < 0.2)
    model = train(dataset, tmp_path / "model", TrainingConfig(prune=0.0), jobs=1)
    n_trained = sum(entry.n_trained for entry in model.manifest.shards)
    assert not model.manifest.shards[0].beyond_tolerance and model.bytes > 1.5 * target
    monkeypatch.setattr("pwdismec.pruning.origin.BlockDualCD", lambda *settings: BlockDualCD(1e-15, 20))
    made = prune_model(model, tmp_path / "made", target=target, dataset=dataset, refit=True)
    assert len(made.manifest.shards[0].beyond_tolerance) == n_trained
    assert 0.9 * target < made.bytes <= target
    assert made.bytes == sum(path.stat().st_size for path in made.path.rglob("*") if path.is_file())


def test_another_data_set_is_refused(sparse, tmp_path):
    model, dataset = sparse
    others = {
        "instances": dataset.select_instances(slice(1, None)),
        "labels": dataset.select_labels(slice(0, 0)),
        "transforms": dataset.transformed(Transforms(l2_normalize=True)),
    }
    for other in others.values():
        with pytest.raises(
            DataError, match=r"data set: is data set [0-9a-f]{16}; expected [0-9a-f]{16}, which "
        ):
            prune_model(model, tmp_path / "a", keep=3, dataset=other, refit=True)
    assert not list(tmp_path.iterdir())


def test_a_model_that_does_not_say_how_it_was_trained_is_refused(sparse, tmp_path):
    _, dataset = sparse
    handmade = model_of(tmp_path / "m", np.eye(45, 40))
    run = handmade.manifest.run.model_copy(update={"dataset_fingerprint": dataset.fingerprint})
    object.__setattr__(handmade.manifest, "run", run)
    with pytest.raises(ModelError, match="m: does not say with what weighting it was trained"):
        prune_model(handmade, tmp_path / "a", keep=3, dataset=dataset, refit=True)
    unknown = handmade.manifest.run.model_copy(update={"dataset_fingerprint": None})
    object.__setattr__(handmade.manifest, "run", unknown)
    with pytest.raises(ModelError, match="m: does not say what data set it was trained on"):
        prune_model(handmade, tmp_path / "a", keep=3, dataset=dataset, refit=True)


def test_parts_trained_in_different_ways_are_refused(sparse, tmp_path):
    model, dataset = sparse
    other = train(dataset, tmp_path / "other", TrainingConfig(CONFIG.weighting, C=1.0))
    parts = [
        slice_model(of, tmp_path / f"part {i}", np.arange(i, 45, 2)) for i, of in enumerate((model, other))
    ]
    merged = merge_models(parts, tmp_path / "merged")
    with pytest.raises(ModelError, match="merged: was merged of models trained with different C"):
        prune_model(merged, tmp_path / "a", keep=3, dataset=dataset, refit=True)


def test_weights_of_positives_come_from_their_file_and_must_be_the_same(tmp_path):
    dataset = small_dataset()
    file = tmp_path / "weights.txt"
    file.write_text("".join(f"{1 + i}\n" for i in range(45)))
    config = TrainingConfig(Weighting(f"file:{file}"), prune=0.0)
    model = trained(tmp_path, dataset, config)
    made = prune_model(model, tmp_path / "a", threshold=0, dataset=dataset, refit=True)
    primal, _, _ = certificates(made)
    whole, _, _ = certificates(model)
    np.testing.assert_allclose(primal, whole, rtol=2e-3)
    file.write_text("3\n" * 45)
    with pytest.raises(ModelError, match="was trained with other weights of positives than file:"):
        prune_model(model, tmp_path / "b", threshold=0, dataset=dataset, refit=True)
    file.unlink()
    with pytest.raises(DataError, match=r"weights.txt: cannot be read"):
        prune_model(model, tmp_path / "b", threshold=0, dataset=dataset, refit=True)


def test_a_data_set_is_asked_for_and_not_taken_in_vain(sparse, tmp_path):
    model, dataset = sparse
    for how in ({"keep": 1, "refit": True}, {"loss": 0.1}):
        with pytest.raises(ConfigError, match="dataset: missing; loss and refit take the one"):
            prune_model(model, tmp_path / "a", **how)
    with pytest.raises(ConfigError, match="dataset: given, but only loss and refit take one"):
        prune_model(model, tmp_path / "a", keep=1, dataset=dataset)
    with pytest.raises(ConfigError, match="jobs: 0"):
        prune_model(model, tmp_path / "a", keep=1, jobs=0)
    assert not list(tmp_path.iterdir())


def test_a_data_set_on_disk_is_known_again(tmp_path):
    dataset = small_dataset().save(tmp_path / "set")
    model = trained(tmp_path, dataset)
    made = prune_model(model, tmp_path / "a", keep=3, dataset=Dataset.open(tmp_path / "set"), refit=True)
    assert made.nnz <= 3 * 40
