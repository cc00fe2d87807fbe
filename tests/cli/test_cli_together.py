"""Many processes on one job, from the command line: parts, workers, stopping in time, status, Slurm."""

import json
import os
import signal
import subprocess
import time

import numpy as np
import pytest
import scipy.sparse as sp
from helpers.command_line import complaint, output, pwdismec, refusal, start, told
from helpers.small_data import files_of
from helpers.waiting import wait_until

from pwdismec.cluster.leases import claims_in

TERMINATED = 128 + signal.SIGTERM

OPTIONS = ["--shard-size", 16, "--tolerance", 1e-5, "--jobs", 1]


@pytest.fixture(scope="module")
def long_job(tmp_path_factory):
    """A data set whose training takes some seconds, the model that one process makes, and its predictions."""
    folder = tmp_path_factory.mktemp("long")
    rng = np.random.default_rng(0)
    sp.save_npz(folder / "X.npz", sp.random(20_000, 300, 0.02, "csr", np.float32, random_state=rng))
    labels = sp.csr_matrix(rng.random((20_000, 320)) < 0.003).astype(np.float32)
    sp.save_npz(folder / "Y.npz", labels)
    output("convert", folder / "X.npz", folder / "Y.npz", folder / "set")
    output("train", folder / "set", folder / "whole", *OPTIONS)
    output("predict", folder / "whole", folder / "set", folder / "p.txt")
    return folder


def test_tasks_in_processes_of_their_own_make_the_model(long_job, tmp_path):
    command = "train", long_job / "set", tmp_path / "m", *OPTIONS
    tasks = [start(*command, "--shards", f"{number}/3") for number in (1, 2, 3)]
    ends = [task.communicate() for task in tasks]
    assert [task.returncode for task in tasks] == [0, 0, 0], ends
    assert any("labels trained" in out for out, _ in ends)
    assert files_of(tmp_path / "m") == files_of(long_job / "whole")


@pytest.mark.parametrize("how", ["signal", "deadline"])
def test_a_task_that_is_stopped_asks_to_be_queued_again(long_job, tmp_path, how):
    command = "train", long_job / "set", tmp_path / "m", *OPTIONS
    process = start(*command, *(["--deadline", "0.3s"] if how == "deadline" else []))
    if how == "signal":
        wait_until(lambda: len(list(tmp_path.glob("m/shards/[0-9]*"))) >= 2, process)
        process.send_signal(signal.SIGTERM)
    _, err = process.communicate()
    assert process.returncode == (TERMINATED if how == "signal" else os.EX_TEMPFAIL), err
    last = err.splitlines()[-1]
    assert f"{tmp_path / 'm'}: stopped in time, " in last and "of 20 shards are done (missing: " in last
    assert last.endswith("resume with the same command and --resume")
    assert not list(tmp_path.rglob("*.part")) and not list(tmp_path.glob("m/claims/*"))
    output(*command, "--resume")
    assert files_of(tmp_path / "m") == files_of(long_job / "whole")


def test_lokys_workers_are_stopped_in_time(long_job, tmp_path):
    loky = "--backend", "loky", "--workers", 2
    command = "train", long_job / "set", tmp_path / "m", *OPTIONS, *loky
    process = start(*command)
    wait_until(lambda: list(tmp_path.glob("m/shards/[0-9]*")), process)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate()
    assert process.returncode == TERMINATED, err
    assert "stopped in time, " in complaint(err) and complaint(err).count("\n") == 1
    at_work = {claim.pid for claim in claims_in(tmp_path / "m" / "claims").values() if not claim.is_dead}
    assert not at_work
    output(*command, "--resume")
    assert files_of(tmp_path / "m") == files_of(long_job / "whole")


def test_lokys_workers_end_though_who_started_them_was_killed(long_job, tmp_path):
    command = "train", long_job / "set", tmp_path / "m", *OPTIONS, "--backend", "loky", "--workers", 2
    process = start(*command)
    wait_until(lambda: list(tmp_path.glob("m/shards/[0-9]*")), process)
    process.kill()
    process.communicate(timeout=60)  # the pipes end with the last that holds them


def test_a_second_signal_drops_what_runs(long_job, tmp_path):
    process = start("train", long_job / "set", tmp_path / "m", "--tolerance", 1e-9, "--jobs", 1)
    wait_until(lambda: list(tmp_path.glob("m/claims/*")), process)
    for _ in range(2):
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
    _, err = process.communicate(timeout=20)
    assert process.returncode == TERMINATED, err
    assert "stopped before what was running was done" in err
    assert not list(tmp_path.glob("m/shards/*")) and not list(tmp_path.glob("m/claims/*"))


@pytest.mark.parametrize("format", ["xmc", "npz", "jsonl"])
def test_tasks_predict_together(job, tmp_path, format):
    output("predict", job.model, job.test, tmp_path / "expected", "--output-format", format)
    command = "predict", job.model, job.test, tmp_path / "p", "--output-format", format
    for number in (3, 1, 4, 2):
        assert not (tmp_path / "p").exists()
        output(*command, "--part", f"{number}/4")
    assert (tmp_path / "p").read_bytes() == (tmp_path / "expected").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["expected", "p"]


@pytest.mark.parametrize("source", ["test", "test_txt"])
def test_more_tasks_than_instances(job, tmp_path, source):
    for number in range(60, 0, -1):
        output("predict", job.model, getattr(job, source), tmp_path / "p", "--part", f"{number}/60")
    assert (tmp_path / "p").read_bytes() == job.predictions.read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["p"]


def test_a_task_that_was_killed_goes_on(long_job, tmp_path):
    command = "predict", long_job / "whole", long_job / "set", tmp_path / "p.txt"
    process = start(*command, "--part", "1/2")
    wait_until((tmp_path / ".p.txt.job-1-of-2" / "job.json").exists, process)
    process.kill()
    process.communicate()
    output(*command, "--part", "2/2")
    assert not (tmp_path / "p.txt").exists()
    other = refusal(*command, "--part", "1/2", "--top-k", 3)
    assert "top_k was 5, now 3" in other and other.endswith(f"remove {tmp_path / '.p.txt.job-1-of-2'}")
    output(*command, "--part", "1/2")
    assert (tmp_path / "p.txt").read_bytes() == (long_job / "p.txt").read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["p.txt"]


def test_a_prediction_that_is_stopped_goes_on(long_job, tmp_path):
    command = "predict", long_job / "whole", long_job / "set", tmp_path / "p.txt"
    process = start(*command)
    wait_until((tmp_path / ".p.txt.job").exists, process)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate()
    assert process.returncode == TERMINATED, err
    assert f"{tmp_path / 'p.txt'}: stopped in time, 8,192 of 20,000 instances are done" in err
    output(*command, "--resume", "--backend", "loky", "--workers", 2)
    assert (tmp_path / "p.txt").read_bytes() == (long_job / "p.txt").read_bytes()


def test_loky_predicts_the_same(long_job, tmp_path):
    out = output(
        "predict",
        long_job / "whole",
        long_job / "set",
        tmp_path / "p.txt",
        "--backend",
        "loky",
        "--workers",
        2,
    )
    assert out == ""
    assert (tmp_path / "p.txt").read_bytes() == (long_job / "p.txt").read_bytes()


@pytest.mark.parametrize("options", [["--train", "{train}", "--by-frequency"], ["--as-sets"]])
def test_loky_evaluates_the_same(job, tmp_path, monkeypatch, options):
    """A range is a few rows here, so that both workers have some."""
    monkeypatch.setattr("pwdismec.metrics.judging._ROWS", 7)
    command = "evaluate", job.predictions, job.test, *(word.format(train=job.train) for word in options)
    found = []
    for name, how in (("here", ()), ("there", ("--backend", "loky", "--workers", 2))):
        json_file, table = tmp_path / f"{name}.json", tmp_path / f"{name}.csv"
        printed = output(*command, *how, "--json", json_file, "--per-label", table)
        found.append((printed, json_file.read_bytes(), table.read_bytes()))
    assert found[0] == found[1]


def test_what_does_not_go_together_is_refused(job, tmp_path):
    train = "train", job.train, tmp_path / "m"
    assert "--scheduler and --backend dask require each other" in refusal(*train, "--backend", "dask")
    assert (
        "--shards requires --backend threads" in pwdismec(*train, "--shards", "1/2", "--backend", "loky").err
    )
    assert "'0/8'; expected a task such as 3/64" in refusal(*train, "--shards", "0/8")
    assert "expected a time such as" in pwdismec(*train, "--deadline", "soon").err
    predict = "predict", job.model, job.test_txt, tmp_path / "p"
    assert "not a data set; expected one, with the backend loky" in refusal(*predict, "--backend", "loky")
    assert "cannot be read again" in refusal("predict", job.model, "-", tmp_path / "p", "--part", "1/2")
    assert not list(tmp_path.iterdir())


def test_status(job, tmp_path):
    assert output("status", job.model) == f"{job.model}: complete, 5 shards\n"
    output("train", job.train, tmp_path / "m", "--shard-size", 10, "--shards", "1-2")
    text = output("status", tmp_path / "m")
    assert text.startswith(
        f"{tmp_path / 'm'}: 2 of 5 shards done, 3 missing\nmissing   0, 3-4\nnothing is running; "
    )
    status = json.loads(output("status", tmp_path / "m", "--json"))
    assert (status["done"], status["shards"], status["missing"], status["whole"]) == (2, 5, [0, 3, 4], False)
    assert json.loads(output("status", job.model, "--json", "--watch"))["whole"]
    assert "neither a model nor a training" in refusal("status", tmp_path)


def test_status_can_be_watched_to_the_end(long_job, tmp_path):
    training = start("train", long_job / "set", tmp_path / "m", *OPTIONS)
    wait_until((tmp_path / "m" / "run.json").exists, training)
    watching = start("status", tmp_path / "m", "--watch", "--json")
    out, _ = watching.communicate()
    training.communicate()
    looks = [json.loads(line) for line in out.splitlines()]
    assert watching.returncode == 0 and looks[-1]["whole"]
    at_work = [worker["pid"] for look in looks[:-1] for worker in look["running"]]
    assert set(at_work) <= {training.pid}


def test_slurms_script_asks_for_what_the_training_takes(job, tmp_path):
    weighting = ["--weighting", "pw-cb", "--propensity", "0.6,1.5"]
    asked = ["--tasks", 64, "--cpus", 8, "--time", "4h", "--sbatch=--partition=main", "--dry-run"]
    answer = pwdismec("slurm", "train", *asked, job.train, "a model", *weighting)
    assert answer.code == 0, answer.err
    lines = answer.out.splitlines()
    assert lines[0] == "#!/bin/bash"
    options = [line.removeprefix("#SBATCH ") for line in lines if line.startswith("#SBATCH ")]
    assert {"--array=1-64", "--cpus-per-task=8", "--time=240", "--partition=main", "--requeue"} < set(options)
    (memory,) = [option for option in options if option.startswith("--mem=")]
    assert 100 < int(memory.removeprefix("--mem=").removesuffix("M")) < 200
    assert f"set -- {job.train} 'a model' --weighting pw-cb --propensity 0.6,1.5" in lines
    assert "64 tasks, each with 8 CPUs and about 1" in told(answer.err)[0]
    subprocess.run(["bash", "-n"], input=answer.out, text=True, check=True)


def test_slurms_script_for_predictions(job, tmp_path):
    script = output("slurm", "predict", "--dry-run", job.model, job.test, "p.txt", "--top-k", "3")
    assert f"set -- {job.model} {job.test} p.txt --top-k 3\n" in script and "--part" in script
    assert "--mem=477M" in output(
        "slurm", "predict", "--dry-run", job.model, job.test, "p", "--memory", "500MB"
    )
    refused = pwdismec("slurm", "predict", "--dry-run", job.model, job.test, "p.txt", "--part", "1/2")
    assert "--part: set by slurm itself" in refused.err
