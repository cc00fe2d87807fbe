"""Many workers on one model: the same bits, whoever dies, and one manifest."""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from helpers.killing import kill_claimants
from helpers.small_data import files_of, small_dataset

from pwdismec.cluster import Leases, Part, Stopped
from pwdismec.data import Dataset
from pwdismec.errors import ConfigError, ModelError
from pwdismec.model import Model
from pwdismec.parallel import Backend
from pwdismec.training import TrainingConfig, train, train_part, trainer
from pwdismec.training.status import status_of

CONFIG = TrainingConfig(shard_size=5)
LONG = TrainingConfig(shard_size=2, tolerance=1e-8)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("together") / "set"
    small_dataset().save(folder)
    return Dataset.open(folder)


@pytest.fixture(scope="module")
def whole(dataset):
    train(dataset, dataset.path.with_name("whole"), CONFIG, jobs=1)
    return files_of(dataset.path.with_name("whole"))


@pytest.mark.parametrize("tasks", [1, 3, 20])
def test_parts_make_a_model(dataset, whole, tmp_path, tasks):
    parts = [Part("task", number, tasks) for number in range(1, tasks + 1)]
    made = [train_part(dataset, tmp_path / "m", part, CONFIG, jobs=1) for part in reversed(parts)]
    assert [model is not None for model in made].index(True) == min(9, tasks) - 1 + max(0, tasks - 9)
    assert files_of(tmp_path / "m") == whole


def test_a_part_does_its_shards_and_nothing_else(dataset, tmp_path):
    seen = []
    assert train_part(dataset, tmp_path / "m", Part("range", 2, 4), CONFIG, on_progress=seen.append) is None
    assert sorted(path.stem for path in (tmp_path / "m" / "shards").iterdir()) == ["00002", "00003", "00004"]
    assert (seen[-1].shards_done, seen[-1].shards_total, seen[-1].labels_total) == (3, 3, 15)
    with pytest.raises(ModelError, match=r"3 of 9 shards are done \(missing: 0-1, 5-8\); go on with"):
        Model.open(tmp_path / "m")
    with pytest.raises(ConfigError, match="9-9: beyond the last shard; there are shards 0-8"):
        train_part(dataset, tmp_path / "m", Part("range", 9, 9), CONFIG)


def test_threads_of_one_training_share_it(dataset, whole, tmp_path):
    """Four trainings at once, each for the whole: claims cut the work, and all end with the model."""
    ends = []

    def work():
        ends.append(train(dataset, tmp_path / "m", CONFIG, jobs=1, resume=True).path)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(ends) == 4
    assert files_of(tmp_path / "m") == whole


def test_two_workers_on_one_shard_do_no_harm(dataset, whole, tmp_path, monkeypatch):
    take, give_back = Leases.take, Leases.give_back
    monkeypatch.setattr(Leases, "take", lambda self, name: take(self, name) or True)
    monkeypatch.setattr(Leases, "give_back", lambda self, name: name in self._held and give_back(self, name))
    test_threads_of_one_training_share_it(dataset, whole, tmp_path)


def test_a_model_that_others_finish_meanwhile_is_not_finished_again(dataset, whole, tmp_path, monkeypatch):
    """Between the look for the manifest and the claim on it, which goes with the others' claims."""
    take, folder, written = Leases.take, tmp_path / "m", []

    def late(self, name):
        if name == "manifest.json" and not written:
            written.append(None)
            train(dataset, folder, CONFIG, jobs=1, resume=True)
            written[:] = [(folder / name).stat().st_ino]
        return take(self, name)

    monkeypatch.setattr(Leases, "take", late)
    train(dataset, folder, CONFIG, jobs=1)
    assert (folder / "manifest.json").stat().st_ino == written[0]
    assert files_of(folder) == whole and not (folder / "claims").exists()


def test_other_settings_on_the_same_path_are_refused_by_name(dataset, tmp_path):
    train_part(dataset, tmp_path / "m", Part("range", 0, 0), CONFIG)
    with pytest.raises(ModelError, match=r"with other settings or data \(C was 1\.0, now 2\.0\)"):
        train_part(dataset, tmp_path / "m", Part("range", 1, 1), TrainingConfig(shard_size=5, C=2))
    with Leases(tmp_path / "m" / "claims") as leases:
        leases.take("00007")
        with pytest.raises(
            ModelError, match=rf"holds a running training \(.*, process {os.getpid()}\); resume"
        ):
            train(dataset, tmp_path / "m", CONFIG)


def test_two_that_begin_at_once_with_other_settings(dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(trainer, "is_done", lambda *args: False)  # both have looked before either began
    train_part(dataset, tmp_path / "m", Part("range", 0, 0), CONFIG)
    with pytest.raises(ModelError, match=r"another training has just begun there, .*: C was 1\.0, now 2\.0"):
        train(dataset, tmp_path / "m", TrainingConfig(shard_size=5, C=2))


def test_a_damaged_shard_keeps_the_model_from_being_finished(dataset, tmp_path):
    train_part(dataset, tmp_path / "m", Part("range", 0, 4), CONFIG)
    shard = tmp_path / "m" / "shards" / "00001.safetensors"
    content = bytearray(shard.read_bytes())
    content[-5] ^= 1
    shard.write_bytes(content)
    with pytest.raises(ModelError, match=r"00001\.safetensors: shard is damaged"):
        train_part(dataset, tmp_path / "m", Part("range", 5, 8), CONFIG)
    assert "00001.safetensors: shard is damaged" in status_of(tmp_path / "m").failed[0].why
    assert not (tmp_path / "m" / "manifest.json").exists()


def test_stopping_leaves_whole_shards(dataset, whole, tmp_path):
    asked = iter([False] * 4)
    with pytest.raises(Stopped, match=r"stopped in time, [1-9] of 9 shards are done \(missing: "):
        train(dataset, tmp_path / "m", CONFIG, jobs=1, stop=lambda: next(asked, True))
    train(dataset, tmp_path / "m", CONFIG, resume=True)
    assert files_of(tmp_path / "m") == whole


def test_status_tells_who_is_at_what(dataset, tmp_path):
    train_part(dataset, tmp_path / "m", Part("range", 2, 4), CONFIG)
    with pytest.raises(ValueError), Leases(tmp_path / "m" / "claims") as leases:
        leases.take("00007")
        raise ValueError("no memory")
    with Leases(tmp_path / "m" / "claims") as leases:
        leases.take("00000")
        leases.take("00008")
        silent = tmp_path / "m" / "claims" / "00008"
        os.utime(silent, (0, time.time() - 300))
        status = status_of(tmp_path / "m")
    (running,), (lost,), (failed,) = status.running, status.lost, status.failed
    assert (running.shard, running.pid) == ("00000", os.getpid()) and running.silent < 5
    assert lost.shard == "00008" and 290 < lost.silent < 310
    assert (failed.shard, failed.why) == ("00007", "no memory")
    assert (status.done, status.shards, status.whole) == (3, 9, False)
    assert status.missing == [1, 5, 6, 7, 8]
    for number, path in enumerate(sorted((tmp_path / "m" / "shards").iterdir())):
        os.utime(path, (0, 1000.0 + 10 * number))
    status = status_of(tmp_path / "m")
    assert (status.shards_per_hour, status.seconds_left) == (360, 60)
    with pytest.raises(ModelError, match="neither a model nor a training"):
        status_of(tmp_path)


def test_status_of_a_whole_model(dataset, tmp_path):
    train(dataset, tmp_path / "m", CONFIG)
    status = status_of(tmp_path / "m")
    assert status.whole and status.done == status.shards == 9
    assert not (status.running or status.lost or status.failed or status.missing)


def test_loky_gives_the_same_bits(dataset, whole, tmp_path):
    seen = []
    loky = Backend("loky", workers=2)
    train(dataset, tmp_path / "m", CONFIG, jobs=1, backend=loky, on_progress=seen.append)
    assert files_of(tmp_path / "m") == whole
    assert [at.shards_done for at in seen] == list(range(10))
    assert [at.labels_done for at in seen] == [0, 5, 10, 15, 20, 25, 30, 35, 40, 40]


def test_a_workers_refusal_comes_as_one_line(dataset, tmp_path):
    (tmp_path / "weights.txt").write_text("2.5\n" * 44)
    with pytest.raises(ConfigError, match="in a folder that workers can open"):
        train(small_dataset(), tmp_path / "m", CONFIG, backend=Backend("loky", workers=2))
    damaged = tmp_path / "set"
    small_dataset().save(damaged)
    opened = Dataset.open(damaged)
    (damaged / "labels_indices.npy").unlink()
    with pytest.raises(Exception, match="labels_indices") as error:
        train(opened, tmp_path / "m", CONFIG, backend=Backend("loky", workers=2))
    assert "\n" not in str(error.value)


def test_a_loky_worker_that_is_killed_costs_its_shard_alone(dataset, tmp_path):
    expected = train(dataset, tmp_path / "expected", LONG, jobs=1)
    ended = threading.Event()
    with ThreadPoolExecutor() as beside:
        killing = beside.submit(kill_claimants, tmp_path / "m" / "claims", ended, 2)
        train(dataset, tmp_path / "m", LONG, jobs=1, backend=Backend("loky", workers=2))
        ended.set()
        killed = killing.result()
    assert killed and os.getpid() not in killed
    assert files_of(tmp_path / "m") == files_of(expected.path)
