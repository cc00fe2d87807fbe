"""A training that is killed or interrupted goes on, and gives the same model bit for bit."""

import resource
import signal

import numpy as np
import pytest
import scipy.sparse as sp
from helpers.command_line import DISK, complaint, output, pwdismec, start
from helpers.small_data import files_of
from helpers.waiting import wait_until

OPTIONS = ["--shard-size", 16, "--tolerance", 1e-5, "--jobs", 2]


@pytest.fixture(scope="module")
def long_job(tmp_path_factory):
    """A data set whose training takes a second or two, and the model that one run gives."""
    folder = tmp_path_factory.mktemp("long")
    rng = np.random.default_rng(0)
    X = sp.random(1500, 300, 0.1, "csr", np.float32, random_state=rng)
    sp.save_npz(folder / "X.npz", X)
    sp.save_npz(folder / "Y.npz", sp.csr_matrix(rng.random((1500, 320)) < 0.02).astype(np.float32))
    output("convert", folder / "X.npz", folder / "Y.npz", folder / "set")
    output("train", folder / "set", folder / "whole", *OPTIONS)
    return folder


def broken_off(folder, model, how, shards):
    """Start a training, send it a signal when some shards are done; its return code and standard error."""
    process = start("train", folder / "set", model, *OPTIONS)
    wait_until(lambda: len(list(model.glob("shards/[0-9]*"))) >= shards, process)
    process.send_signal(how)
    _, err = process.communicate()
    assert not (model / "manifest.json").exists(), "it was too fast to be broken off"
    return process.returncode, err


@pytest.mark.parametrize("shards", [0, 1, 5])
def test_a_killed_training_goes_on_to_the_same_bits(long_job, tmp_path, shards):
    code, _ = broken_off(long_job, tmp_path / "m", signal.SIGKILL, shards)
    assert code == -signal.SIGKILL
    if shards:
        state = output("inspect", tmp_path / "m")
        assert state.startswith("training that is not finished") and "of 20 shards are done" in state
        assert "training is not finished" in pwdismec("predict", tmp_path / "m", "x", "y").err
        assert "--resume" in pwdismec("train", long_job / "set", tmp_path / "m", *OPTIONS).err
    output("train", long_job / "set", tmp_path / "m", *OPTIONS, "--resume")
    assert files_of(tmp_path / "m") == files_of(long_job / "whole")


def test_an_interrupted_training_says_how_to_go_on(long_job, tmp_path):
    code, err = broken_off(long_job, tmp_path / "m", signal.SIGINT, 2)
    assert code == 130
    assert complaint(err) == (
        "pwdismec: error: interrupted; finished shards are kept; resume with the same command and --resume\n"
    )
    output("train", long_job / "set", tmp_path / "m", *OPTIONS, "--resume")
    assert files_of(tmp_path / "m") == files_of(long_job / "whole")


def test_threads_at_work_do_not_turn_an_error_into_a_crash(long_job, tmp_path):
    def no_large_file():
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    process = start("train", long_job / "set", tmp_path / "m", *OPTIONS, preexec_fn=no_large_file)
    _, err = process.communicate()
    shard = tmp_path / "m" / "shards" / "00000.safetensors"
    assert complaint(err) == (
        f"pwdismec: error: {shard}: cannot write: File too large; "
        "finished shards are kept; resume with the same command and --resume\n"
    )
    assert process.returncode == DISK
