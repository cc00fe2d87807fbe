"""Predictions for input of any size: in chunks, from standard input too, and resumed to the same bytes."""

import json
import resource
import shutil
import signal
import time

import numpy as np
import pytest
import scipy.sparse as sp
from helpers.command_line import DISK, complaint, output, pwdismec, refusal, start, told
from helpers.models import model_of
from helpers.waiting import wait_until

from pwdismec import Dataset, Model, Predictor
from pwdismec.data.transforms import Transforms
from pwdismec.prediction.files import read_predictions
from pwdismec.steps import instances
from pwdismec.steps.instances import open_instances
from pwdismec.steps.prediction_workers import content_of

FORMATS = ["xmc", "npz", "jsonl", "csv"]


@pytest.fixture(scope="module")
def many(job, tmp_path_factory):
    """Many instances, raw in text, with and without a header, and as a data set."""
    folder = tmp_path_factory.mktemp("many")
    X = sp.random(60_000, 40, 0.1, "csr", np.float32, random_state=np.random.default_rng(3))
    rows = np.split(np.char.add(np.char.add(X.indices.astype("U"), ":"), X.data.astype("U")), X.indptr[1:-1])
    lines = [" ".join(row) for row in rows]
    (folder / "many.svm").write_text("".join(f"{line}\n" for line in lines))
    (folder / "many.txt").write_text("60000 40 45\n" + "".join(f" {line}\n" for line in lines))
    (folder / "many_Xf.txt").write_text("60000 40\n" + "".join(f"{line}\n" for line in lines))
    sp.save_npz(folder / "X.npz", X)
    output("convert", folder / "many.txt", folder / "set", "--like", job.train)
    for format in FORMATS:
        output("predict", job.model, folder / "set", folder / format, "--output-format", format)
    return folder


def test_chunks_are_those_of_the_whole(job, many):
    expected = Predictor(Model.open(job.model)).predict_dataset(Dataset.open(many / "set"), 5)
    for format in FORMATS:
        found = read_predictions(many / format).top
        np.testing.assert_array_equal(found.labels, expected.labels)
        np.testing.assert_array_equal(found.scores, expected.scores)


@pytest.mark.parametrize("name", ["many.txt", "many.svm", "many_Xf.txt", "X.npz"])
def test_files_give_the_same_bytes(job, many, tmp_path, name):
    output("predict", job.model, many / name, tmp_path / "p")
    assert (tmp_path / "p").read_bytes() == (many / "xmc").read_bytes()


@pytest.mark.parametrize("values", [20, 100_000])
def test_instances_of_many_values_make_small_chunks(job, many, tmp_path, monkeypatch, values):
    raw = tmp_path / "some.svm"
    raw.write_text("".join((many / "many.svm").read_text().splitlines(keepends=True)[:500]))
    output("predict", job.model, raw, tmp_path / "whole")
    output("convert", raw, tmp_path / "set", "--like", job.train)
    sizes = []
    chunks = instances.Instances.chunks
    monkeypatch.setattr(instances, "_VALUES", values)
    monkeypatch.setattr(instances, "_ROWS", 128)
    monkeypatch.setattr(
        instances.Instances,
        "chunks",
        lambda *args: (sizes.append((c.n_rows, c.nnz)) or c for c in chunks(*args)),
    )
    for source in (raw, tmp_path / "set"):
        output("predict", job.model, source, tmp_path / "p", "--overwrite")
        assert (tmp_path / "p").read_bytes() == (tmp_path / "whole").read_bytes()
    assert all(rows == 1 or (rows <= 128 and nnz < 2 * values) for rows, nnz in sizes)
    assert sum(rows for rows, _ in sizes) == 1000


@pytest.mark.parametrize(
    ("name", "format"),
    [("many.txt", "jsonl"), ("many.svm", "xmc"), ("many.svm", "npz"), ("many_Xf.txt", "xmc")],
)
def test_standard_input(job, many, tmp_path, name, format):
    with (many / name).open("rb") as stream:
        process = start("predict", job.model, "-", tmp_path / "p", "--output-format", format, stdin=stream)
        _, err = process.communicate()
    assert process.returncode == 0
    assert all(line.startswith("predict: ") for line in told(err)) and complaint(err) == "", err
    assert (tmp_path / "p").read_bytes() == (many / format).read_bytes()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "standard input: the input is empty"),
        ("1 41 45\n0:1\n", "standard input:1: 41 features; expected 40"),
        ("2 40 45\n0:1\n", "standard input:1: the header says 2 rows, the file holds 1"),
        ("2 x\n0:1\n", "standard input:1: '2 x'; expected a header of 2 numbers, rows features"),
        ("0:1\n1:1\n1:1 1:2\n", "standard input:3: feature 1 occurs twice in one row"),
        ("0:1\n1:1\n3:x", "standard input:3: '3:x'; expected feature:value with a finite number"),
    ],
)
def test_bad_standard_input_is_told_by_its_line(job, tmp_path, text, message):
    (tmp_path / "in").write_text(text)
    with (tmp_path / "in").open("rb") as stream:
        process = start("predict", job.model, "-", tmp_path / "p", stdin=stream)
        _, err = process.communicate()
    assert process.returncode == 2
    err = complaint(err)
    assert err.startswith(f"pwdismec: error: {message}") and err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_standard_input_is_not_resumed(job, tmp_path):
    message = refusal("predict", job.model, "-", tmp_path / "p", "--resume")
    assert message == "standard input cannot be read again; predict for a file to be able to --resume"


def broken_off(model, source, out, format, how, chunks):
    """Start a job, send it a signal when some chunks are done; standard error, and how many rows are done."""
    process = start("predict", model, source, out, "--output-format", format, "--resume")
    record = out.with_name(f".{out.name}.job") / "job.json"

    def rows_done():
        return json.loads(record.read_text())["done"] if record.exists() else 0

    wait_until(lambda: rows_done() >= 8192 * chunks, process)
    done = rows_done()
    process.send_signal(how)
    _, err = process.communicate()
    assert not out.exists(), "it was too fast to be broken off"
    assert process.returncode == (130 if how == signal.SIGINT else -how), err
    return err, done


@pytest.mark.parametrize(
    ("name", "format"), [("set", "npz"), ("many.txt", "xmc"), ("many.svm", "jsonl"), ("X.npz", "xmc")]
)
def test_a_killed_job_goes_on_to_the_same_bytes(job, many, tmp_path, name, format):
    reached = [
        broken_off(job.model, many / name, tmp_path / "p", format, signal.SIGKILL, chunks)[1]
        for chunks in (0, 1, 3)
    ]
    assert 0 < reached[1] <= reached[2] < 60_000
    output(
        "predict", job.model, many / name, tmp_path / "p", "--output-format", format, "--resume", "--jobs", 2
    )
    assert (tmp_path / "p").read_bytes() == (many / format).read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["p"]


def test_a_job_killed_at_any_moment_goes_on(job, many, tmp_path):
    for milliseconds in (400, 600, 800, 1000, 1200):
        process = start("predict", job.model, many / "set", tmp_path / "p", "--resume")
        time.sleep(milliseconds / 1000)
        process.kill()
        process.communicate()
        if (tmp_path / "p").exists():
            assert (tmp_path / "p").read_bytes() == (many / "xmc").read_bytes()
    output("predict", job.model, many / "set", tmp_path / "p", "--resume")
    assert (tmp_path / "p").read_bytes() == (many / "xmc").read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["p"]


def test_an_interrupted_job_says_how_to_go_on(job, many, tmp_path):
    err, _ = broken_off(job.model, many / "many.txt", tmp_path / "p", "xmc", signal.SIGINT, 1)
    assert complaint(err) == (
        "pwdismec: error: interrupted; finished chunks are kept, unless INPUT or OUTPUT is -; "
        "resume with the same command and --resume\n"
    )
    resumed = "predict", job.model, many / "many.txt", tmp_path / "p", "--resume"
    message = refusal(*resumed, "--top-k", 3)
    assert message.startswith(f"{tmp_path / 'p'}: the interrupted job differs (top_k was 5, now")
    assert "format was xmc, now jsonl" in refusal(*resumed, "--output-format", "jsonl")
    other = refusal("predict", job.model, many / "set", tmp_path / "p", "--resume")
    assert "the interrupted job differs (another input); start again without --resume" in other
    output(*resumed)
    assert (tmp_path / "p").read_bytes() == (many / "xmc").read_bytes()


def test_a_resumed_job_counts_instances_from_the_first(tmp_path, monkeypatch):
    monkeypatch.setattr(instances, "_ROWS", 8)
    model_of(tmp_path / "model", np.full((3, 2), 1e30), transforms=Transforms())
    rows = "".join(f" 0:{'1e30' if row == 43 else 1}\n" for row in range(50))
    (tmp_path / "in.txt").write_text(f"50 2 3\n{rows}")
    command = "predict", tmp_path / "model", tmp_path / "in.txt", tmp_path / "p"
    told = refusal(*command)
    assert told.startswith("instance 43: a score overflows float32")
    assert json.loads((tmp_path / ".p.job" / "job.json").read_text())["done"] == 40
    assert refusal(*command, "--resume") == told


def test_without_resume_a_job_begins_anew(job, many, tmp_path):
    broken_off(job.model, many / "many.txt", tmp_path / "p", "xmc", signal.SIGKILL, 1)
    output("predict", job.model, many / "set", tmp_path / "p", "--output-format", "jsonl")
    assert (tmp_path / "p").read_bytes() == (many / "jsonl").read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["p"]


def test_a_full_disk_keeps_what_is_done(job, many, tmp_path):
    def no_large_file():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, 1_500_000))

    command = "predict", job.model, many / "set", tmp_path / "p"
    process = start(*command, preexec_fn=no_large_file)
    _, err = process.communicate()
    assert process.returncode == DISK
    assert complaint(err) == (
        f"pwdismec: error: {tmp_path / 'p'}: cannot write: File too large; "
        "finished chunks are kept, unless INPUT or OUTPUT is -; "
        "resume with the same command and --resume\n"
    )
    assert pwdismec(*command, "--resume").code == 0
    assert (tmp_path / "p").read_bytes() == (many / "xmc").read_bytes()


def test_what_workers_compare_follows_from_the_calibration_only_for_sets(job, tmp_path):
    shutil.copytree(job.model, tmp_path / "m")
    model = Model.open(tmp_path / "m")
    test = open_instances(job.test, model, one_based=False)
    before = content_of(model, test, None)
    calibrations = []
    for method in ("isotonic", "platt"):
        output("calibrate", tmp_path / "m", job.train, "--method", method, "--overwrite")
        calibrations.append(content_of(model, test, "micro-f1"))
    assert content_of(model, test, None) == before
    assert len({before, *calibrations}) == 3
