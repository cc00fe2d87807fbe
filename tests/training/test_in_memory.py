"""Training without files gives what training into a folder gives."""

import numpy as np
import pytest
from helpers.small_data import small_dataset

from pwdismec import ConfigError, DataError, TrainingConfig, Weighting, train
from pwdismec.training import train_in_memory


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_same_bits_as_with_files(tmp_path, jobs):
    dataset, config = small_dataset(n_labels=300), TrainingConfig(Weighting("pw-cb"), shard_size=7)
    model = train(dataset, tmp_path / "model", config, jobs=2)
    ids, weights, bias = model.weights()
    trained, solution = train_in_memory(dataset, config, jobs=jobs)
    assert np.array_equal(trained, ids) and trained.dtype == np.int32
    for name in ("indptr", "indices", "data"):
        assert np.array_equal(getattr(solution.weights, name), getattr(weights, name)), name
    assert np.array_equal(solution.bias, bias)
    gaps = np.concatenate([shard.certificate.gap for shard in model.shards()])
    assert np.array_equal(solution.certificate.gap, gaps)


def test_what_cannot_be_trained_is_told():
    dataset = small_dataset()
    with pytest.raises(ConfigError, match="jobs: 0"):
        train_in_memory(dataset, jobs=0)
    with pytest.raises(DataError, match="no positive of any label"):
        train_in_memory(dataset.select_labels(range(40, 45)))
