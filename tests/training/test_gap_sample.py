"""Training in a fixed number of passes: what a sample of labels says of all gaps."""

import json
from dataclasses import replace

import numpy as np
import pytest
from helpers.small_data import files_of, small_dataset

from pwdismec import ConfigError, Dataset, Model, TrainingConfig, Weighting, convert, train
from pwdismec.data.formats import open_source
from pwdismec.diagnosis.facts import facts_of
from pwdismec.diagnosis.inspection import training_summary
from pwdismec.model.gap_band import gap_quantiles, sampled_gaps
from pwdismec.training import gap_sample, train_in_memory
from pwdismec.training.gap_sample import sampled_labels
from pwdismec.training.runs import run_of


@pytest.fixture(scope="module")
def delicious(real_data, tmp_path_factory) -> Dataset:
    folder = tmp_path_factory.mktemp("delicious") / "train"
    return convert(open_source(real_data / "delicious" / "delicious_train.txt.xz"), folder)


@pytest.fixture(scope="module")
def true_gaps(delicious):
    """Of every label of delicious, after one pass."""
    config = TrainingConfig(Weighting("pw-cb"), passes=1)
    prepared = config.make_solver().prepare(config.make_problem(delicious))
    labels = np.flatnonzero(delicious.label_counts)
    blocks = [labels[i : i + 256] for i in range(0, len(labels), 256)]
    return dict(zip(labels, np.concatenate([prepared.certificate(b).gap for b in blocks]), strict=True))


def test_the_band_covers_the_gaps_of_all_labels(delicious, true_gaps):
    """In 19 of 20 seeds at least, at every share at once."""
    everything = np.sort(list(true_gaps.values()))
    shares = np.linspace(0.005, 1, 200)
    true = everything[np.ceil(shares * len(everything) - 1e-9).astype(int) - 1]
    covered = 0
    for seed in range(20):
        sample = [true_gaps[label] for label in sampled_labels(delicious.label_counts, seed)]
        assert len(sample) == 200
        band = gap_quantiles(sample, len(everything), shares.tolist())
        covered += all(q.low <= value <= q.high for q, value in zip(band, true, strict=True))
    assert covered >= 19


def test_the_gaps_of_a_model_are_those_of_the_sample(delicious, true_gaps, tmp_path):
    config = TrainingConfig(Weighting("pw-cb"), passes=1, shard_size=300)
    model = train(delicious, tmp_path / "m", config)
    wanted = [true_gaps[label] for label in sampled_labels(delicious.label_counts, 0)]
    np.testing.assert_allclose(sampled_gaps(model.manifest), wanted, rtol=1e-9)
    said = training_summary(model)
    assert "200 labels taken at random" in said and "worst certified gap" not in said
    facts = facts_of(tmp_path / "m")["sampled_gaps"]
    assert facts["labels"] == 200 and facts["quantiles"][0]["share"] == 0.5
    json.dumps(facts, allow_nan=False)


def test_a_sample_of_all_labels_leaves_no_doubt():
    (median,) = gap_quantiles([3.0, 1.0, 2.0], 3, [0.5])
    assert median == (0.5, 2.0, 2.0, 2.0)
    low, high = gap_quantiles([3.0, 1.0, 2.0], 1000, [0.1, 0.99])
    assert (low.low, high.high) == (0.0, np.inf)


def test_the_sample_is_a_hundredth_of_the_labels_with_positives():
    counts = np.ones(70_000, np.int64)
    counts[::7] = 0
    sample = sampled_labels(counts, 1)
    assert len(sample) == 600 and (np.diff(sample) > 0).all() and counts[sample].all()
    assert not np.array_equal(sample, sampled_labels(counts, 2))
    assert abs(np.mean(sample) - 35_000) < 5_000
    assert len(sampled_labels(counts[:100], 1)) == counts[:100].sum()


def test_the_sample_changes_no_weight(tmp_path, monkeypatch):
    data, config = small_dataset(), TrainingConfig(passes=0, shard_size=10)
    model = train(data, tmp_path / "measured", config)
    monkeypatch.setattr(gap_sample, "_LEAST", 3)
    some = train(data, tmp_path / "some", config)
    assert len(sampled_gaps(some.manifest)) == 3 < len(sampled_gaps(model.manifest)) == 40
    for one, other in zip(model.shards(), some.shards(), strict=True):
        np.testing.assert_array_equal(one.weights.values, other.weights.values)
        np.testing.assert_array_equal(one.bias, other.bias)
    labels, solution = train_in_memory(data, config)
    assert np.isfinite(solution.certificate.gap).sum() == 3 and len(labels) == 40


def test_any_number_of_threads_and_a_resumed_training_give_the_same_bits(tmp_path):
    data, config = small_dataset(), TrainingConfig(passes=1, shard_size=7)
    train(data, tmp_path / "one", config, jobs=1)
    train(data, tmp_path / "three", config, jobs=3)
    assert files_of(tmp_path / "one") == files_of(tmp_path / "three")
    (tmp_path / "three" / "manifest.json").rename(tmp_path / "aside")
    run = json.loads((tmp_path / "aside").read_text())["run"]
    (tmp_path / "three" / "run.json").write_text(json.dumps(run))
    (tmp_path / "three" / "shards" / "00002.safetensors").unlink()
    train(data, tmp_path / "three", config, resume=True)
    assert files_of(tmp_path / "one") == files_of(tmp_path / "three")


def test_runs_without_passes_keep_their_names():
    """What 0.1.0 began, this version resumes."""
    config = TrainingConfig()
    assert "passes" not in config.to_json() and "passes" in replace(config, passes=0).to_json()
    data = small_dataset()
    assert run_of(data, config).id != run_of(data, replace(config, passes=0)).id


def test_liblinear_counts_no_passes():
    with pytest.raises(ConfigError, match="passes: 1; expected none of liblinear"):
        TrainingConfig(solver="liblinear", passes=1)
    with pytest.raises(ConfigError, match="passes: -1; expected a whole number from 0"):
        TrainingConfig(passes=-1)


def test_a_model_opens_with_what_was_sampled(tmp_path):
    model = train(small_dataset(), tmp_path / "m", TrainingConfig(passes=0))
    assert Model.open(tmp_path / "m").manifest == model.manifest
    assert len(sampled_gaps(model.manifest)) == 40  # of a small set, every label is sampled
    assert "40 labels taken at random" in training_summary(model)
