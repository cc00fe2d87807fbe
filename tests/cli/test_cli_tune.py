"""The command tune: the whole job, what it refuses, and its best settings in train and run."""

import json
import resource
import signal

import numpy as np
import pytest
import scipy.sparse as sp
import yaml
from helpers.command_line import DISK, output, pwdismec, refusal, start, told
from helpers.small_data import files_of
from helpers.waiting import wait_until

from pwdismec import Dataset, Model, TrainingConfig, Weighting
from pwdismec.settings.training import Propensity, read_settings, write_settings
from pwdismec.tuning import Grid, tune

GRID = ["--C", "0.3,3", "--weighting", "vanilla,pw-cb", "--beta", "0.5,0.9", "--prune", "0.2,0.01"]


@pytest.fixture(scope="module")
def tuned(job, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tuned") / "t"
    return folder, pwdismec("tune", job.train, folder, *GRID, "--shard-size", 10, "--seed", 3)


def test_the_command_prints_and_writes_what_the_library_finds(job, tuned, tmp_path):
    folder, answer = tuned
    assert answer.code == 0, answer.err
    grid = Grid.of(("vanilla", "pw-cb"), C=(0.3, 3), beta=(0.5, 0.9), prune=(0.01, 0.2))
    expected = tune(Dataset.open(job.train), tmp_path / "t", grid, TrainingConfig(shard_size=10, seed=3))
    assert answer.out == f"{expected.to_text()}\n\nbest settings written to {folder / 'best.yaml'}\n"
    assert (folder / "results.json").read_bytes() == (tmp_path / "t" / "results.json").read_bytes()
    assert sorted(files_of(folder)) == ["best.yaml", "results.json"]
    assert told(answer.err)[:2] == [
        str(grid),
        "45 labels, 120 instances to train on, 30 held out; their best labels take 14.4 kB",
    ]
    first = json.loads((folder / "results.json").read_text())["outcomes"][0]
    assert read_settings(folder / "best.yaml").training_config(first["weighting"]) == expected.best


def test_train_takes_the_best_as_it_is(job, tuned, tmp_path):
    folder, _ = tuned
    best = read_settings(folder / "best.yaml")
    output("train", job.train, tmp_path / "m", "--settings", folder / "best.yaml")
    config = best.training_config(*best.weightings)
    assert Model.open(tmp_path / "m").manifest.run.config == config.to_json()
    output(
        "train",
        job.train,
        tmp_path / "m2",
        "--settings",
        folder / "best.yaml",
        "--C",
        7,
        "--solver",
        "liblinear",
    )
    expected = config.to_json() | {"C": 7.0, "solver": "liblinear"}
    assert Model.open(tmp_path / "m2").manifest.run.config == expected


def test_an_option_goes_before_the_settings(job, tmp_path):
    (tmp_path / "s.yaml").write_text("propensity: {a: 0.3, b: 3}\ntraining: {prune: 0.5, beta: 0.7}\n")
    given = ["--settings", tmp_path / "s.yaml"]
    weightings = {
        (): Weighting("pw", 0.3, 3, 0.7),
        ("--propensity", "0.9,2"): Weighting("pw", 0.9, 2, 0.7),
        ("--propensity", "amazon-670k"): Weighting("pw", 0.6, 2.6, 0.7),
        ("--weighting", "vanilla", "--beta", 0.1): Weighting("vanilla", 0.3, 3, 0.1),
    }
    for i, (options, weighting) in enumerate(weightings.items()):
        output("train", job.train, tmp_path / f"{i}", *given, *options)
        config = Model.open(tmp_path / f"{i}").manifest.run.config
        assert config == TrainingConfig(weighting, prune=0.5).to_json()


def test_run_takes_the_best_as_it_is(job, tuned, tmp_path):
    folder, _ = tuned
    config = {"name": "small", "data": str(job.folder), "train": "train.txt", "test": "test.txt"}
    (tmp_path / "small.yaml").write_text(yaml.safe_dump(config))
    output("run", tmp_path / "small.yaml", "--settings", folder / "best.yaml", "--out", tmp_path / "work")
    best = read_settings(folder / "best.yaml")
    (model,) = (tmp_path / "work").glob("model-*")
    assert Model.open(model).manifest.run.config == best.training_config(*best.weightings).to_json()
    assert model.name == f"model-{best.weightings[0]}"


def test_settings_go_through_a_file_unchanged(tmp_path):
    (tmp_path / "w.txt").write_text("1\n")
    propensity = Propensity(a=0.6, b=2.6)
    for config in (
        TrainingConfig(Weighting("pw-cb", 0.5, 0.4, 0.99), C=0.1, tolerance=1e-5, prune=0.0),
        TrainingConfig(Weighting("vanilla", 0.6, 2.6), C=1e-7, solver="liblinear", seed=2**62),
        TrainingConfig(Weighting(f"file:{tmp_path / 'w.txt'}", 0.6, 2.6), bias=0),
    ):
        write_settings(tmp_path / "s.yaml", config, propensity, "a remark: with a colon")
        found = read_settings(tmp_path / "s.yaml")
        assert found.propensity == propensity
        assert found.training_config(*found.weightings) == config


@pytest.mark.parametrize(
    "text, message",
    [
        ("name: a\n", ":1: name: unknown setting; expected one of propensity, weightings, training"),
        ("training:\n  C: 1\n  D: 2\n", ":3: training.D: unknown setting; expected one of C, bias"),
        ("training: {C: -1}\n", ":1: training.C: -1; expected a number from 1e-30 to 1e30"),
        ("training: {a: -1}\n", ": propensity A: -1.0"),
        ("propensity: nowhere\n", ": propensity preset 'nowhere'"),
        ("weightings: [pw, cb]\n", ": weightings: pw, cb; expected one"),
        ("pw\n", ": expected a mapping of settings"),
    ],
)
def test_bad_settings_are_refused_with_file_and_line(job, tmp_path, text, message):
    path = tmp_path / "s.yaml"
    path.write_text(text)
    assert refusal("train", job.train, tmp_path / "m", "--settings", path).startswith(f"{path}{message}")
    assert "cannot read" in refusal("train", job.train, tmp_path / "m", "--settings", tmp_path / "none.yaml")
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize(
    "options, message",
    [
        (["--C", "0,1"], "C: 0.0; expected a number from 1e-30 to 1e30"),
        (["--C", "1,1"], "C: 1.0, 1.0; expected each value once"),
        (["--prune", "0.1,-1"], "prune: -1.0; expected"),
        (["--weighting", "pw,best"], "weighting: 'best'; expected vanilla, pw"),
        (["--A", "0.5,-1"], "propensity A: -1.0; expected"),
        (["--B", "0"], "propensity B: 0.0; expected"),
        (["--beta", "1"], "beta: 1.0; expected 0 ≤ beta < 1"),
        (["--holdout", 1], "holdout: 1.0; expected a share above 0 and below 1"),
        (["--by", "accuracy"], "by: 'accuracy'; expected one of P@1"),
        (["--tolerance", 2], "tolerance: 2.0; expected a number above 0 and below 1"),
        (["--propensity", "nowhere"], "propensity preset 'nowhere'"),
    ],
)
def test_settings_out_of_range_are_refused(job, tmp_path, options, message):
    answer = pwdismec("tune", job.train, tmp_path / "t", *options)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.splitlines()[-1].startswith(f"pwdismec: error: {message}")
    assert not (tmp_path / "t").exists()


def test_a_list_that_is_none_is_refused(job, tmp_path):
    answer = pwdismec("tune", job.train, tmp_path / "t", "--C", "1;2")
    assert answer.code == 2 and "--C: '1;2'; expected numbers such as 0.1,1,10" in answer.err


def test_a_b_of_the_weights_are_those_of_propensity_unless_given(job, tmp_path):
    common = ["--weighting", "pw", "--C", 1, "--prune", 0.01, "--propensity", "amazon-670k"]
    output("tune", job.train, tmp_path / "same", *common)
    output("tune", job.train, tmp_path / "other", *common, "--A", "0.5,0.55")
    for name, expected in (("same", {0.6}), ("other", {0.5, 0.55})):
        results = json.loads((tmp_path / name / "results.json").read_text())
        assert {o["a"] for o in results["outcomes"]} == expected
        assert {o["b"] for o in results["outcomes"]} == {2.6}
        assert (results["run"]["A"], results["run"]["B"]) == (0.6, 2.6)
        assert read_settings(tmp_path / name / "best.yaml").propensity == Propensity(a=0.6, b=2.6)


def test_a_target_that_cannot_be_written_is_told_in_one_line(job, tmp_path):
    (tmp_path / "file").write_text("in the way")
    answer = pwdismec("tune", job.train, tmp_path / "file" / "t", *GRID)
    assert answer.code == 2
    assert answer.err.splitlines()[-1].startswith(f"pwdismec: error: {tmp_path / 'file' / 't'}: ")


def test_a_file_that_cannot_grow_leaves_nothing_half_written(job, tmp_path):
    def no_large_file():
        resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))

    process = start("tune", job.train, tmp_path / "t", *GRID, preexec_fn=no_large_file)
    _, err = process.communicate()
    path = tmp_path / "t" / "standings.safetensors"
    assert process.returncode == DISK
    assert err.splitlines()[-1].startswith(f"pwdismec: error: {path}: cannot write: File too large; resume")
    assert sorted(files_of(tmp_path / "t")) == ["tuning.json"]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_tuning_that_is_broken_off_goes_on(tmp_path, how):
    rng = np.random.default_rng(0)
    sp.save_npz(tmp_path / "X.npz", sp.random(1000, 300, 0.1, "csr", np.float32, random_state=rng))
    sp.save_npz(tmp_path / "Y.npz", sp.csr_matrix(rng.random((1000, 160)) < 0.02).astype(np.float32))
    output("convert", tmp_path / "X.npz", tmp_path / "Y.npz", tmp_path / "set")
    options = [*GRID, "--shard-size", 16, "--jobs", 2]
    output("tune", tmp_path / "set", tmp_path / "whole", *options)
    process = start("tune", tmp_path / "set", tmp_path / "t", *options)
    wait_until((tmp_path / "t" / "standings.safetensors").exists, process)
    process.send_signal(how)
    _, err = process.communicate()
    assert process.returncode == (-9 if how == signal.SIGKILL else 130)
    if how == signal.SIGINT:
        assert err.splitlines()[-1] == (
            "pwdismec: error: interrupted; resume with the same command and --resume"
        )
    output("tune", tmp_path / "set", tmp_path / "t", *options, "--resume")
    assert files_of(tmp_path / "t") == files_of(tmp_path / "whole")
