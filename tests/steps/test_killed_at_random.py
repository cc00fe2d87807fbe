"""Training and prediction killed (SIGKILL) at random moments, and resumed, until they have died 200 times.

The processes are forked from this one, which has everything imported: a run takes a fraction of a second, and
the moments lie all over it, from the first file opened to the last rename.
"""

import json
import random
import shutil
import time

import pytest
from helpers.killing import killed_after
from helpers.small_data import files_of, small_dataset

from pwdismec.data import Dataset
from pwdismec.errors import ModelError
from pwdismec.model import Model
from pwdismec.prediction.index import INDEX
from pwdismec.steps import instances
from pwdismec.steps.predict import predict_file
from pwdismec.training import TrainingConfig, train

CONFIG = TrainingConfig(shard_size=5, tolerance=1e-6)

pytestmark = pytest.mark.slow


def die_again_and_again(times, run, check, begin_anew):
    """Kill `run` so many times, at moments drawn over the time it takes undisturbed, and `check` after each.

    `run` takes up what it finds. When it has come to its end, `begin_anew` makes room for the next; how often
    that was is returned.
    """
    started = time.monotonic()
    assert killed_after(60, run) == (False, check(whole=True))
    duration = time.monotonic() - started
    begin_anew()
    moments, kills, ends = random.Random(times), 0, 0
    while kills < times:
        killed, told = killed_after(moments.uniform(0, duration), run)
        assert check(whole=not killed) >= told, "something finished is lost"
        kills += killed
        if not killed:
            ends += 1
            begin_anew()
    return ends


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A data set `set`, a `model` of it, and `predictions`, each made without disturbance."""
    folder = tmp_path_factory.mktemp("small")
    dataset = small_dataset(n=400, n_labels=125).save(folder / "set")
    train(dataset, folder / "model", CONFIG, jobs=2)
    predict_file(folder / "model", folder / "set", folder / "predictions")
    return folder


def test_training_dies_200_times(small, tmp_path):
    model, expected = tmp_path / "model", files_of(small / "model")
    found: set[str] = set()

    def run(tell):
        train(
            Dataset.open(small / "set"),
            model,
            CONFIG,
            jobs=2,
            resume=True,
            on_progress=lambda at: tell(at.shards_done),
        )

    def check(whole):
        files = {name: content for name, content in files_of(model).items() if ".part" not in name}
        shards = {name for name in files if name.startswith("shards/")}
        assert all(
            files[name] == expected[name] for name in files if not name.startswith(("run.json", "claims/"))
        )
        assert found <= shards, "a finished shard is lost"
        found.update(shards)
        if whole:
            assert files == expected
        if "manifest.json" in files:
            Model.open(model)
        else:
            with pytest.raises(ModelError, match=r"training is not finished|no such folder|not a model"):
                Model.open(model)
        return len(shards)

    def begin_anew():
        shutil.rmtree(model)
        found.clear()

    assert die_again_and_again(200, run, check, begin_anew) >= 20


@pytest.mark.parametrize("format", ["xmc", "npz"])
def test_prediction_dies_100_times(small, tmp_path, monkeypatch, format):
    """Most die while they predict, some while the index is built: it is removed with the output."""
    monkeypatch.setattr(instances, "_ROWS", 16)
    model, out, job = tmp_path / "model", tmp_path / "predictions", tmp_path / ".predictions.job"
    record = job / "job.json"
    shutil.copytree(small / "model", model)
    predict_file(model, small / "set", tmp_path / "expected", format=format)
    expected = (tmp_path / "expected").read_bytes()

    def run(tell):
        predict_file(
            model,
            small / "set",
            out,
            format=format,
            jobs=2,
            resume=True,
            on_progress=lambda done, total: tell(done),
        )

    def check(whole):
        if whole or out.exists():
            assert out.read_bytes() == expected
            return 400
        return json.loads(record.read_text())["done"] if record.exists() else 0

    def begin_anew():
        assert not job.exists()
        out.unlink()
        (model / INDEX).unlink()

    (model / INDEX).unlink()
    assert die_again_and_again(100, run, check, begin_anew) >= 10
