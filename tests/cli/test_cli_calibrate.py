"""Calibrating, and predicting probabilities and sets, from the command."""

import shutil

import numpy as np
import pytest
from helpers.command_line import output, pwdismec, refusal

from pwdismec.calibration import Calibration
from pwdismec.calibration.calibration import CALIBRATION
from pwdismec.data import Dataset
from pwdismec.model import Model
from pwdismec.prediction import Predictor
from pwdismec.prediction.files import read_predictions
from pwdismec.steps.calibrate import calibrate_on_share
from pwdismec.steps.predict import predict_file
from pwdismec.training import TrainingConfig, train


@pytest.fixture(scope="module")
def calibrated(job, tmp_path_factory):
    """A calibrated copy of the job's model."""
    model = tmp_path_factory.mktemp("calibrated") / "model"
    shutil.copytree(job.model, model)
    plot = model.with_name("reliability.png")
    said = output("calibrate", model, job.test, "--plot", plot)
    assert "expected calibration error of the best labels: 0." in said and "micro-F1" in said
    assert plot.read_bytes().startswith(b"\x89PNG") and plot.stat().st_size > 10_000
    return model


def sets_in(path):
    return [set(row[row >= 0].tolist()) for row in read_predictions(path).top.labels]


def test_probabilities(job, calibrated, tmp_path):
    output("predict", calibrated, job.test, tmp_path / "p.txt", "--probabilities")
    top = read_predictions(tmp_path / "p.txt").top
    assert (top.scores >= 0).all() and (top.scores <= 1).all()
    assert sets_in(tmp_path / "p.txt") == sets_in(job.predictions)


@pytest.mark.parametrize("more", [(), ("--probabilities",)])
@pytest.mark.parametrize("format", ["xmc", "jsonl", "npz"])
def test_sets_in_every_format(job, calibrated, tmp_path, format, more):
    some = () if format != "npz" else ("--top-k", 40)
    output(
        "predict",
        calibrated,
        job.test,
        tmp_path / "s",
        "--sets",
        "micro-f1",
        "--output-format",
        format,
        *some,
        *more,
    )
    model, data = Model.open(calibrated), Dataset.open(job.test)
    thresholds = Calibration.of(model).thresholds("micro-f1")
    labels = Predictor(model, thresholds=thresholds).predict_dataset(data, None).labels
    expected = [set(row[row >= 0].tolist()) for row in labels]
    assert sets_in(tmp_path / "s") == expected
    assert len({len(row) for row in expected}) > 2 and set() in expected
    assert "micro" in output("evaluate", tmp_path / "s", job.test, "--as-sets")


def test_top_k_cuts_sets(job, calibrated, tmp_path):
    for name, some in (("all", ()), ("one", ("--top-k", 1))):
        output("predict", calibrated, job.test, tmp_path / name, "--sets", "macro-f1", *some)
    whole, one = (read_predictions(tmp_path / name).top.labels for name in ("all", "one"))
    assert whole.shape[1] > 1
    np.testing.assert_array_equal(whole[:, :1], one)


def test_workers_predict_the_same_sets(job, calibrated, tmp_path):
    common = ("predict", calibrated, job.test)
    options = ("--sets", "micro-f1", "--probabilities")
    output(*common, tmp_path / "here", *options)
    output(*common, tmp_path / "there", *options, "--backend", "loky", "--workers", 1)
    assert (tmp_path / "here").read_bytes() == (tmp_path / "there").read_bytes()


def test_a_job_is_not_gone_on_with_after_another_calibration(job, calibrated, tmp_path):
    model, out = tmp_path / "model", tmp_path / "p"
    shutil.copytree(calibrated, model)

    def broken(done, total):
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        predict_file(model, job.test, out, sets="micro-f1", on_progress=broken)
    output("calibrate", model, job.test, "--method", "platt", "--overwrite")
    found = refusal("predict", model, job.test, out, "--sets", "micro-f1", "--resume")
    assert "the interrupted job differs (another calibration" in found


def test_train_calibrates_by_a_second_training(job, calibrated, tmp_path):
    said = output("train", job.train, tmp_path / "model", "--shard-size", 10, "--calibrate", 0.3)
    assert "labels trained" in said and "expected calibration error" in said
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    plain, model = Model.open(job.model), Model.open(tmp_path / "model")
    assert model.manifest.shards == plain.manifest.shards  # of all instances, as without --calibrate
    made = (model.path / CALIBRATION).read_bytes()
    data = Dataset.open(job.train)
    calibrate_on_share(model, data, TrainingConfig(shard_size=10), 0.3)
    assert (model.path / CALIBRATION).read_bytes() == made
    again = output("train", job.train, model.path, "--shard-size", 10, "--calibrate", 0.3, "--resume")
    assert again.splitlines()[-2:] == said.splitlines()[-2:]


def test_train_calibrates_by_platt_and_draws(job, tmp_path):
    more = "--calibrate-method", "platt", "--calibrate-plot", tmp_path / "plot.png"
    said = output("train", job.train, tmp_path / "model", "--shard-size", 10, "--calibrate", 0.3, *more)
    assert "(platt, " in said
    assert Calibration.of(Model.open(tmp_path / "model")).method == "platt"
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


def test_what_is_refused(job, calibrated, tmp_path):
    predict = ("predict", calibrated, job.test, tmp_path / "p")
    assert "not calibrated" in refusal("predict", job.model, *predict[2:], "--probabilities")
    assert "sets: 'best'; expected micro-f1" in refusal(*predict, "--sets", "best")
    assert "npz has the same number of places" in refusal(
        *predict, "--sets", "micro-f1", "--output-format", "npz"
    )
    assert "holdout: 1.5" in refusal("train", job.train, tmp_path / "model", "--calibrate", 1.5)
    answer = pwdismec("train", job.train, tmp_path / "model", "--calibrate", 0.2, "--shards", "1/2")
    assert answer.code == 2 and "--calibrate requires --backend threads, and excludes --shards" in answer.err
    answer = pwdismec("train", job.train, tmp_path / "model", "--calibrate-plot", tmp_path / "p.png")
    assert answer.code == 2 and "require --calibrate" in answer.err
    nowhere = tmp_path / "no" / "p.png"
    expected = f"{nowhere}: no folder {nowhere.parent}; expected one for the plot"
    draw = "--calibrate", 0.3, "--calibrate-plot", nowhere
    assert refusal("train", job.train, tmp_path / "model", *draw) == expected
    assert refusal("calibrate", calibrated, job.test, "--plot", nowhere) == expected
    answer = pwdismec(
        "evaluate", job.predictions, job.test, "--as-sets", "--by-frequency", "--train", job.train
    )
    assert answer.code == 2 and "--by-frequency and --as-sets exclude each other" in answer.err
    assert list(tmp_path.iterdir()) == []


def test_what_was_trained_for_a_calibration_is_taken_up_again(job, tmp_path, monkeypatch):
    """It was broken off after the second model had been trained, whose shards are not trained again."""
    data, config = Dataset.open(job.train), TrainingConfig(shard_size=10)
    model = train(data, tmp_path / "model", config)
    with monkeypatch.context() as patch, pytest.raises(ZeroDivisionError):
        patch.setattr("pwdismec.steps.calibrate.calibrate", lambda *parts, **settings: 1 / 0)
        calibrate_on_share(model, data, config, 0.3)
    assert len(list(tmp_path.iterdir())) == 2
    with monkeypatch.context() as patch:
        patch.setattr("pwdismec.training.session.solve_shards", lambda *work: 1 / 0)
        found = calibrate_on_share(model, data, config, 0.3)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    expected = calibrate_on_share(train(data, tmp_path / "other", config), data, config, 0.3)
    assert found.after == expected.after
