"""Memory of training: known before, kept to, and the same model whatever it is."""

import os
import re
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
import scipy.sparse as sp
from helpers.dense_data import dense_dataset
from helpers.small_data import files_of, small_dataset

from pwdismec.data import CSR, Dataset, Transforms, convert
from pwdismec.data.synthetic import SyntheticSource
from pwdismec.errors import ConfigError
from pwdismec.plain_text import duration_text, size_text
from pwdismec.training import TrainingConfig, memory_plan, plan_memory, train, train_in_memory
from pwdismec.training.memory_plan import _PROGRAM

CONFIG = TrainingConfig(shard_size=10)


@pytest.fixture(scope="module")
def dataset():
    return small_dataset()


@pytest.fixture(scope="module")
def whole(dataset, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "whole"
    train(dataset, folder, CONFIG, jobs=1)
    return folder


def narrower(dataset, jobs):
    """The plan without a limit, then each that is next under one byte less than the last one takes."""
    plans = [plan_memory(dataset, CONFIG, jobs=jobs)]
    while True:
        try:
            plans.append(plan_memory(dataset, CONFIG, jobs=jobs, limit=plans[-1].total - 1))
        except ConfigError:
            return plans


@pytest.mark.parametrize("data", [small_dataset(), dense_dataset(n_labels=60)], ids=["sparse", "dense"])
def test_labels_per_pass_are_halved_before_threads_are_left_out(data):
    plans = narrower(data, jobs=3)
    assert [(plan.solver.labels_per_pass, plan.threads) for plan in plans] == [
        (32, 3),
        (16, 3),
        (16, 2),
        (16, 1),
    ]
    assert all(a.total > b.total for a, b in pairwise(plans))
    for plan in plans:
        assert plan.total == plan.data + plan.threads * plan.thread + plan.program > plan.begin
        assert plan_memory(data, CONFIG, jobs=3, limit=plan.total).total == plan.total
    assert plans[0].narrowed == ""
    assert plans[1].narrowed.endswith(", 16 labels a pass instead of 32")
    assert plans[2].narrowed.endswith(", 16 labels a pass instead of 32, 2 instead of 3 threads")


def test_every_limit_gives_the_same_model(dataset, whole, tmp_path):
    for plan in narrower(dataset, jobs=2):
        told = []
        folder = tmp_path / str(plan.total)
        train(dataset, folder, CONFIG, jobs=2, memory=plan.total, on_memory=told.append)
        assert files_of(folder) == files_of(whole)
        assert [(t.total, t.threads, t.solver) for t in told] == [(plan.total, plan.threads, plan.solver)]


def test_what_labels_and_records_are_called_is_counted(dataset, tmp_path):
    names, uris, ids = ["x" * 1000] * 45, [f"{i} {'u' * 3000}" for i in range(45)], ["id" * 5000] * 150
    counted = plan_memory(dataset).data
    for called, n_bytes in (({"label_names": names}, 45_000), ({"label_uris": uris}, 135_000)):
        more = plan_memory(small_dataset(**called)).data - counted
        assert n_bytes <= more <= n_bytes + 45 * 100
    with_ids = small_dataset(record_ids=ids)
    assert 1_500_000 <= plan_memory(with_ids).data - counted <= 1_502_000
    mapped = plan_memory(with_ids.save(tmp_path / "set")).data  # of which nothing is read
    assert mapped == plan_memory(dataset.save(tmp_path / "without")).data


def test_too_little_memory_is_refused_before_anything_is_written(dataset, tmp_path):
    least = narrower(dataset, jobs=2)[-1].total
    message = r"^memory: the limit is .* MB, but training takes at the least about .* data .* 1 thread of "
    with pytest.raises(ConfigError, match=message):
        train(dataset, tmp_path / "m", CONFIG, jobs=2, memory=least - 1)
    assert list(tmp_path.iterdir()) == []


def test_too_little_memory_leaves_a_broken_off_training_as_it_is(dataset, whole, tmp_path):
    class Broken(Exception):
        pass

    def break_off(progress):
        if progress.shards_done == 2:
            raise Broken

    with pytest.raises(Broken):
        train(dataset, tmp_path / "m", CONFIG, on_progress=break_off)
    before = files_of(tmp_path / "m")
    with pytest.raises(ConfigError):
        train(dataset, tmp_path / "m", CONFIG, memory=1, resume=True)
    assert files_of(tmp_path / "m") == before
    least = narrower(dataset, jobs=2)[-1].total
    train(dataset, tmp_path / "m", CONFIG, memory=least, resume=True)
    assert files_of(tmp_path / "m") == files_of(whole)
    train(dataset, tmp_path / "m", CONFIG, memory=1, resume=True)  # there is nothing left to do


@pytest.mark.parametrize("prune", [0.0, 0.001, 0.03])
def test_a_shards_weights_are_within_what_was_told_whatever_is_cut(tmp_path, prune):
    """Held three times, 8 bytes each: as they come, joined, and as the bytes of the file.

    For each value of a mean row 32 are told, or 256 if less than 0.01 is cut, as docs/scaling.md says.
    """
    data = convert(SyntheticSource(3000, 20_000, 600, 2, 10), tmp_path / "set", tfidf=True)
    config = TrainingConfig(prune=prune)
    model = train(data, tmp_path / "model", config)
    told = plan_memory(data, config).program - _PROGRAM
    mean_row = data.features.nnz / data.n_instances
    assert 3 * 8 * model.nnz <= told == int(3 * 8 * 600 * (32 if prune >= 0.01 else 256) * mean_row)
    if prune < 0.01:
        assert 3 * 8 * model.nnz > plan_memory(data, TrainingConfig()).program - _PROGRAM


def test_empty_columns_take_no_more_than_it_takes_to_count_them(dataset):
    own = dataset.features.stored()
    wide = Dataset.from_arrays(CSR(own.indptr, own.indices, own.data, 2**26), dataset.labels)
    narrow, found = plan_memory(dataset, CONFIG), plan_memory(wide, CONFIG)
    assert (found.thread, found.program) == (narrow.thread, narrow.program)
    assert found.data - narrow.data == (2**26 - dataset.n_features) // 4  # two bits that tell which they are
    assert found.total == 8 * 2**26 + found.program
    assert str(found).endswith("; features and files 537 MB before they start")


def test_more_than_the_machine_has_is_warned_of_before_it_starts(dataset, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(memory_plan, "memory_here", lambda: 1_000_000)
    train(dataset, tmp_path / "m", CONFIG)
    (warning,) = caplog.messages
    size = r"[\d.]+ [kM]B"
    expected = (
        rf"training takes about {size} of memory: data .*, 1 thread of .*, but this machine has 1 MB: "
        r"the system may end it; a smaller --shard-size or a larger --prune needs less, "
        r"and --memory SIZE refuses what does not fit"
    )
    assert re.fullmatch(expected, warning), warning
    caplog.clear()
    with pytest.raises(ConfigError):
        train(dataset, tmp_path / "n", CONFIG, memory=1_000_000)
    assert not caplog.messages and not (tmp_path / "n").exists()
    train_in_memory(dataset, CONFIG)
    assert [message.partition(" takes")[0] for message in caplog.messages] == ["training"]


def test_threads_without_a_block_take_nothing(dataset):
    assert plan_memory(dataset, TrainingConfig(), jobs=8).threads == 2  # a block has 32 labels at the least
    assert plan_memory(dataset, CONFIG, jobs=8).threads == 4
    assert plan_memory(dataset, TrainingConfig(solver="liblinear"), jobs=8).threads == 8


PEAK = """
import re, sys
from pathlib import Path
import numpy as np
from pwdismec import Dataset, TrainingConfig, train
from pwdismec.training import plan_memory
data = Dataset.open(sys.argv[1])
data = data.select_labels(slice(-200, None))
config = TrainingConfig(solver=sys.argv[3], C=float(sys.argv[5]), tolerance=0.05, shard_size=100)
if sys.argv[4] == "copied":
    data = data.select_instances(np.arange(data.n_instances))
train(data, sys.argv[2], config, jobs=2)
peak = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]
print(1024 * int(peak), plan_memory(data, config, jobs=2).total)
"""


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    """Data sets of some megabytes on disk, mostly rare labels."""
    folder = tmp_path_factory.mktemp("sets")
    convert(SyntheticSource(40_000, 100_000, 2000, 2, 100), folder / "sparse", tfidf=True)
    convert(SyntheticSource(8_000, 30_000, 20, 2, 100), folder / "small", tfidf=True)
    dense_dataset(n=10_000, d=128, n_labels=80).save(folder / "dense")
    frequent_labels().save(folder / "frequent")
    hashed().save(folder / "hashed")
    return folder


def hashed(n=20_000, used=30_000, d=1 << 24, row=60, n_labels=300):
    """TF-IDF of a hash: nearly all columns are empty, and those that are not lie anywhere."""
    rng = np.random.default_rng(0)
    columns = np.sort(rng.choice(d, used, replace=False))
    ids = columns[(used * rng.random(n * row) ** 3).astype(np.int64)]  # some are frequent
    X = sp.csr_matrix((np.ones(n * row, np.float32), ids, np.arange(0, n * row + 1, row)), (n, d))
    X.sum_duplicates()
    raw = Dataset.from_scipy(X, sp.csr_matrix(rng.random((n, n_labels)) < 0.001, dtype=np.float32))
    return raw.transformed(Transforms.fit(raw.features, tfidf=True))


def frequent_labels(n=12_000, d=1_000_000, row=100, n_labels=64):
    """Each label's weights are those of most of the features, though C = 0.01 makes them small."""
    rng = np.random.default_rng(0)
    features = rng.integers(0, d, (n, row)).ravel()
    X = sp.csr_matrix((np.full(n * row, 0.1, np.float32), features, np.arange(0, n * row + 1, row)), (n, d))
    X.sum_duplicates()
    return Dataset.from_scipy(X, sp.csr_matrix(rng.random((n, n_labels)) < 0.3, dtype=np.float32))


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    "name, solver, how, C",
    [
        ("sparse", "block-dcd", "mapped", "1"),
        ("sparse", "block-dcd", "copied", "1"),
        ("dense", "block-dcd", "mapped", "1"),
        ("frequent", "block-dcd", "mapped", "0.01"),
        ("small", "liblinear", "mapped", "1"),
        ("hashed", "block-dcd", "mapped", "1"),
        ("hashed", "block-dcd", "copied", "1"),
    ],
)
def test_the_peak_is_below_what_was_told_and_not_far(sets, tmp_path, name, solver, how, C):
    command = [sys.executable, "-I", "-c", PEAK, str(sets / name), str(tmp_path / "m"), solver, how, C]
    # Sanitizers, and a package built for them, take memory of their own.
    environment = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=environment)
    assert run.returncode == 0, run.stderr
    peak, told = map(int, run.stdout.split())
    assert peak <= told <= 2 * peak + 100e6


@pytest.mark.parametrize(
    "n_bytes, expected",
    [
        (0, "0 kB"),
        (12_345, "12.3 kB"),
        (999_400, "999 kB"),
        (999_600, "1 MB"),
        (1.234e9, "1.23 GB"),
        (5e14, "500 TB"),
    ],
)
def test_sizes_have_three_figures(n_bytes, expected):
    assert size_text(n_bytes) == expected


@pytest.mark.parametrize(
    "seconds, expected",
    [
        (0, "0.0 s"),
        (9.94, "9.9 s"),
        (9.95, "10 s"),
        (59.4, "59 s"),
        (59.5, "1 min"),
        (61, "1 min 1 s"),
        (3599.4, "59 min 59 s"),
        (3600, "1 h"),
        (7530, "2 h 6 min"),
        (90_000, "1 d 1 h"),
    ],
)
def test_times_have_their_two_largest_units(seconds, expected):
    assert duration_text(seconds) == expected
