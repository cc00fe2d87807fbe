"""Synthetic data: reproducible, distributed as it says, learnable, harmed by missing labels."""

import math
import tracemalloc

import numpy as np
import pytest
from sklearn.svm import LinearSVC

from pwdismec.data.conversion import convert
from pwdismec.data.csr import CSR
from pwdismec.data.dataset import Dataset
from pwdismec.data.synthetic import CHUNK_ROWS, SyntheticSource, _mix, synthetic
from pwdismec.data.transforms import Transforms
from pwdismec.errors import ConfigError


@pytest.fixture(scope="module")
def data():
    return synthetic(20_000, 3000, 200, seed=7)


def same(a: CSR, b: CSR) -> bool:
    a, b = a.stored(), b.stored()
    return (
        np.array_equal(a.indptr, b.indptr)
        and np.array_equal(a.indices, b.indices)
        and (a.data is b.data is None or np.array_equal(a.data, b.data))
    )


def test_the_same_seed_gives_the_same_data_and_another_does_not(data):
    again, other = synthetic(20_000, 3000, 200, seed=7), synthetic(20_000, 3000, 200, seed=8)
    assert again.observed.fingerprint == data.observed.fingerprint != other.observed.fingerprint
    assert again.true.fingerprint == data.true.fingerprint


def test_any_range_of_instances_is_made_by_itself(data):
    source = SyntheticSource(20_000, 3000, 200, seed=7)
    for start, stop in [(0, 1), (100, 9000), (CHUNK_ROWS, 2 * CHUNK_ROWS), (19_990, 20_000), (5, 5)]:
        blocks = list(source.blocks(start, stop))
        assert sum(block.features.n_rows for block in blocks) == stop - start
        if blocks:
            features, labels, true_labels = zip(*blocks, strict=True)
            assert same(CSR.concatenate(features, 3000), data.true.features.rows(start, stop))
            assert same(CSR.concatenate(labels, 200), data.observed.labels.rows(start, stop))
            assert same(CSR.concatenate(true_labels, 200), data.true.labels.rows(start, stop))


def test_both_label_sets_share_the_features(data):
    assert data.observed.features is data.true.features
    assert data.observed.transforms.is_raw
    values = data.true.features.data
    assert values.min() >= 1 and np.array_equal(values, np.round(values))


def test_observed_labels_are_true_labels_kept_with_the_propensity(data):
    observed, true = data.observed.labels.to_scipy(), data.true.labels.to_scipy()
    assert observed.multiply(true).nnz == observed.nnz
    n, k = data.true.label_counts, data.observed.label_counts
    deviation = (k - n * data.propensities) / np.sqrt(n * data.propensities * (1 - data.propensities))
    assert abs(deviation).max() < 5
    assert deviation.std() == pytest.approx(1, abs=0.2)


def test_propensities_are_those_of_jain_et_al_for_the_expected_counts(data):
    n_instances, a, b, exponent, drawn = 20_000, 0.55, 1.5, 0.9, 4
    total = sum((1 + rank) ** -exponent for rank in range(200))
    expected = []
    for rank in range(200):
        count = n_instances * min(1, drawn * (1 + rank) ** -exponent / total)
        c = (math.log(n_instances) - 1) * (b + 1) ** a
        expected.append(1 / (1 + c * math.exp(-a * math.log(count + b))))
    np.testing.assert_allclose(np.sort(data.propensities), np.sort(expected), rtol=1e-9)
    common = np.argsort(-data.true.label_counts)[:5]
    assert data.propensities[common].min() > np.quantile(data.propensities, 0.9)


def test_label_frequencies_fall_as_the_power_law_says(data):
    counts = np.sort(data.true.label_counts)[::-1]
    rank = np.arange(20, 200)  # the head saturates: a label drawn twice for an instance counts once
    slope = np.polyfit(np.log(1 + rank), np.log(counts[rank]), 1)[0]
    assert slope == pytest.approx(-0.9, abs=0.05)


def test_means_are_near_those_asked_for():
    data = synthetic(10_000, 100_000, 50_000, labels_per_instance=3, words_per_instance=80, exponent=0.3)
    words = data.true.features.data.sum() / 10_000
    assert words == pytest.approx(80, rel=0.02)
    assert data.true.statistics().labels_per_instance == pytest.approx(3, rel=0.05)
    assert data.true.statistics().instances_without_labels == 0


@pytest.mark.parametrize(
    ("n_features", "n_labels", "more"),
    [(1, 1, {}), (1, 30, {"labels_per_instance": 20}), (7, 21, {"words_per_instance": 0})],
)
def test_extreme_shapes_are_valid_data(n_features, n_labels, more):
    data = synthetic(50, n_features, n_labels, **more)
    for part in (data.observed, data.true):
        Dataset.from_arrays(part.features, part.labels)
        assert (part.n_instances, part.n_features, part.n_labels) == (50, n_features, n_labels)
    assert ((data.propensities > 0) & (data.propensities < 1)).all()


@pytest.mark.parametrize(
    "wrong",
    [{"n_labels": 0}, {"n_instances": 2}, {"labels_per_instance": 0.5}, {"exponent": -1}, {"seed": -1}],
)
def test_a_parameter_out_of_range_is_named(wrong):
    sizes = {"n_instances": 10, "n_features": 10, "n_labels": 10}
    with pytest.raises(ConfigError, match=f"{next(iter(wrong))}: .*; expected at least"):
        SyntheticSource(**{**sizes, **wrong})


def test_a_million_a_side_takes_little_memory_for_any_block():
    source = SyntheticSource(10**6, 10**6, 10**6)
    tracemalloc.start()
    block = next(source.blocks(900_000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert block.labels.n_columns == block.features.n_columns == 10**6
    assert block.features.indices.max() > 900_000
    assert peak < 150e6


def test_blocks_are_converted_with_observed_or_with_true_labels(tmp_path, data):
    source = SyntheticSource(20_000, 3000, 200, seed=7)
    observed = convert(source, tmp_path / "observed", normalize=False)
    true = convert(
        (block._replace(labels=block.true_labels) for block in source), tmp_path / "true", normalize=False
    )
    assert observed.fingerprint == data.observed.fingerprint
    assert true.fingerprint == data.true.fingerprint


def test_a_linear_classifier_learns_and_weights_against_missing_labels_help():
    """One-vs-rest squared-hinge SVMs on the observed labels, judged by the true ones of new instances."""
    n_train, n_test, n_labels = 1500, 1500, 300
    data = synthetic(n_train + n_test, 2000, n_labels, seed=1)
    train = data.observed.select_instances(slice(0, n_train))
    test = data.true.select_instances(slice(n_train, None))
    transforms = Transforms.fit(train.features, tfidf=True)
    X, Z = (transforms.apply(part.features).to_scipy() for part in (train, test))
    Y, truth = train.labels.to_scipy().toarray() > 0, test.labels.to_scipy().toarray() > 0
    balance = 0.1 / (1 - 0.9 ** np.maximum(train.label_counts, 1))

    def hits(weights: np.ndarray) -> np.ndarray:
        scores = np.full((n_test, n_labels), -np.inf)
        for j in np.flatnonzero(train.label_counts):
            svm = LinearSVC(class_weight={True: weights[j]}, random_state=0, tol=1e-2).fit(X, Y[:, j])
            scores[:, j] = svm.decision_function(Z)
        best = np.argsort(-scores, axis=1)[:, :5]
        return np.take_along_axis(truth, best, axis=1)

    vanilla, weighted = hits(np.ones(n_labels)), hits((2 / data.propensities - 1) * balance)
    assert 0.5 < vanilla[:, 0].mean() < 0.85
    assert weighted[:, 0].mean() > vanilla[:, 0].mean() + 0.01
    assert weighted.mean() > vanilla.mean()


def test_bits_are_mixed_as_splitmix64_does():
    """The first numbers of the published generator, of seed 0."""
    gamma = 0x9E3779B97F4A7C15
    states = np.array([0, gamma, 2 * gamma % 2**64], np.uint64)
    first = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    assert _mix(states).tolist() == first
