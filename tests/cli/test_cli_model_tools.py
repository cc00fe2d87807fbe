"""prune, slice and merge: each does what its function does, says sizes, and refuses in one line."""

import json
import signal

import numpy as np
import pytest
import scipy.sparse as sp
from helpers.command_line import complaint, output, pwdismec, refusal, start
from helpers.models import dense, model_of
from helpers.waiting import wait_until

from pwdismec import Model


def cells(printed):
    """The rows of a table of sizes by name: before, after."""
    return {
        line.split()[0]: [int(x.replace(",", "")) for x in line.split()[1:3]]
        for line in printed.splitlines()[1:]
    }


def size_of(folder):
    """Of a model's own files; an index that prediction keeps beside them is none."""
    files = [folder / "manifest.json", folder / "label_names.txt", *folder.glob("shards/*")]
    return sum(path.stat().st_size for path in files)


def test_prune_says_sizes_before_and_after(job, tmp_path):
    before = Model.open(job.model)
    printed = cells(output("prune", job.model, tmp_path / "p", "--keep", 3))
    after = Model.open(tmp_path / "p")
    assert printed["weights"] == [before.nnz, after.nnz] and after.nnz == 3 * 40
    assert printed["bytes"] == [size_of(job.model), size_of(tmp_path / "p")]
    assert printed["labels"] == [40, 40]
    history = "history          pruned to 3 weights a label"
    assert history in output("inspect", tmp_path / "p").splitlines()


def test_pruned_models_predict_evaluate_export(job, tmp_path):
    output("prune", job.model, tmp_path / "p", "--threshold", 0.2, "--dtype", "float16")
    expected = dense(Model.open(job.model))
    expected = np.where(np.abs(expected) >= np.float32(0.2), expected, 0).astype(np.float16)
    output("predict", tmp_path / "p", job.test, tmp_path / "p.txt")
    output("evaluate", tmp_path / "p.txt", job.test)
    output("export", tmp_path / "p", tmp_path / "m.npz")
    with np.load(tmp_path / "m.npz") as file:
        np.testing.assert_array_equal(file["data"], expected[np.nan_to_num(expected) != 0].astype(np.float32))
    assert "dtype" in output("inspect", tmp_path / "p")


def test_prune_to_a_size(tmp_path):
    model_of(tmp_path / "m", np.random.default_rng(0).normal(size=(20, 800)))
    printed = cells(output("prune", tmp_path / "m", tmp_path / "p", "--target", "50kB"))
    assert 47_000 < printed["bytes"][1] <= 50_000
    assert "expected a size such as" in pwdismec("prune", tmp_path / "m", tmp_path / "q", "--target", "5").err
    assert "without any weight" in refusal("prune", tmp_path / "m", tmp_path / "q", "--target", "1kB")


@pytest.mark.parametrize(
    "options, said",
    [
        ([], "expected one of --threshold, --keep, --target and --loss"),
        (["--keep", 1, "--threshold", 1], "--threshold and --keep exclude each other"),
    ],
)
def test_prune_takes_one_criterion(job, tmp_path, options, said):
    assert refusal("prune", job.model, tmp_path / "p", *options) == said
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("how", [["--keep", 3], ["--threshold", 0.3], ["--target", "20kB"], ["--loss", "5%"]])
def test_prune_and_refit(job, tmp_path, how):
    printed = cells(
        output("prune", job.model, tmp_path / "p", *how, "--refit", "--train", job.train, "--jobs", 2)
    )
    after = Model.open(tmp_path / "p")
    assert printed["weights"][1] == after.nnz < printed["weights"][0]
    told = output("inspect", tmp_path / "p")
    assert ", fitted again on the features that stayed, which its certificates are of" in told
    output("predict", tmp_path / "p", job.test, tmp_path / "p.txt")


def test_prune_by_loss(job, tmp_path):
    printed = cells(output("prune", job.model, tmp_path / "a", "--loss", "0.5 %", "--train", job.train))
    cut = cells(output("prune", job.model, tmp_path / "b", "--loss", "10%", "--train", job.train))
    assert 0 < cut["weights"][1] < printed["weights"][1] < printed["weights"][0]
    assert "pruned to a loss at most 0.5 % larger" in output("inspect", tmp_path / "a")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--loss", "0.01", "--train", "x"], "'0.01'; expected a percentage such as 1% or 0.5%"),
        (["--loss", "-1%", "--train", "x"], "expected a percentage"),
        (["--loss", "1%"], "--loss and --refit require --train"),
        (["--keep", 3, "--train", "x"], "--train requires --loss or --refit"),
        (["--refit", "--train", "x"], "expected one of --threshold, --keep, --target and --loss"),
        (["--keep", 3, "--jobs", 0], "expected a number of threads"),
    ],
)
def test_prune_refuses_options_that_do_not_fit(job, tmp_path, options, message):
    answer = pwdismec("prune", job.model, tmp_path / "p", *options)
    assert answer.code == 2 and message in " ".join(answer.err.split())
    assert not list(tmp_path.iterdir())


def test_prune_refuses_what_the_model_was_not_trained_on(job, counts, tmp_path):
    for other in (job.test, counts.set):
        message = refusal("prune", job.model, tmp_path / "p", "--keep", 3, "--refit", "--train", other)
        assert message.startswith(f"{other}: is data set ") and f"which {job.model} was trained on" in message
    message = refusal(
        "prune", job.model, tmp_path / "p", "--keep", 3, "--refit", "--train", tmp_path / "none"
    )
    assert "no such folder" in message
    assert not list(tmp_path.iterdir())


def test_slices_merged_predict_as_the_original(job, tmp_path):
    (tmp_path / "odd").write_text("".join(f"label-{i}\n" for i in range(1, 45, 2)))
    (tmp_path / "even").write_text("".join(f"{i}\n" for i in range(0, 45, 2)))
    for name in ("odd", "even"):
        printed = output("slice", job.model, tmp_path / f"{name}-model", "--labels", tmp_path / name)
        assert cells(printed)["labels"] == [40, 20]
    merged = output("merge", tmp_path / "odd-model", tmp_path / "even-model", tmp_path / "m")
    of_original = [line.split() for line in output("inspect", job.model).splitlines()]
    summary = [line.split() for line in merged.splitlines()]
    assert [line for line in summary if line not in of_original] == [["labels", "left", "out", "5"]]
    output("predict", tmp_path / "m", job.test, tmp_path / "p.txt")
    assert (tmp_path / "p.txt").read_bytes() == job.predictions.read_bytes()
    message = refusal("merge", tmp_path / "m", tmp_path / "odd-model", tmp_path / "n")
    assert message.startswith("label 1 is trained in two models: ")
    assert not (tmp_path / "n").exists()


def test_a_slice_predicts_its_labels_only(job, tmp_path):
    (tmp_path / "few").write_text("label-3\nlabel-30\n")
    output("slice", job.model, tmp_path / "s", "--labels", tmp_path / "few")
    output("predict", tmp_path / "s", job.test, tmp_path / "p", "--output-format", "jsonl")
    rows = [json.loads(line)["labels"] for line in (tmp_path / "p").read_text().splitlines()]
    assert {(e["id"], e["label"]) for row in rows for e in row} == {(3, "label-3"), (30, "label-30")}
    (tmp_path / "few").write_text("label-3\nlabel-99\n")
    message = refusal("slice", job.model, tmp_path / "t", "--labels", tmp_path / "few")
    assert message == f"{tmp_path / 'few'}:2: 'label-99'; expected a name of a label"


def test_models_are_appended(tmp_path):
    for name, weights in (("a", np.eye(3, 4)), ("b", 2 * np.eye(2, 4))):
        model_of(tmp_path / name, weights)
    output("merge", tmp_path / "a", tmp_path / "b", tmp_path / "m", "--append")
    np.testing.assert_array_equal(
        dense(Model.open(tmp_path / "m")), np.vstack([np.eye(3, 4), 2 * np.eye(2, 4)])
    )
    assert "b: labels: 2; " in refusal("merge", tmp_path / "a", tmp_path / "b", tmp_path / "n")


@pytest.fixture(scope="module")
def long_refit(tmp_path_factory):
    """A data set and a model of which a refit takes a second or two."""
    folder = tmp_path_factory.mktemp("long")
    rng = np.random.default_rng(0)
    sp.save_npz(folder / "X.npz", sp.random(1500, 300, 0.1, "csr", np.float32, random_state=rng))
    sp.save_npz(folder / "Y.npz", sp.csr_matrix(rng.random((1500, 320)) < 0.02).astype(np.float32))
    output("convert", folder / "X.npz", folder / "Y.npz", folder / "set")
    output("train", folder / "set", folder / "model", "--shard-size", 16, "--tolerance", 1e-5)
    return folder


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_refit_that_was_broken_off_is_not_there(long_refit, tmp_path, how):
    options = ("--keep", 100, "--refit", "--train", long_refit / "set", "--jobs", 2)
    process = start("prune", long_refit / "model", tmp_path / "p", *options)
    wait_until(lambda: list(tmp_path.glob(".p.*.part/new/shards/[0-9]*")), process)
    process.send_signal(how)
    _, err = process.communicate()
    assert process.returncode == (130 if how == signal.SIGINT else -how), err
    if how == signal.SIGINT:
        assert complaint(err) == "pwdismec: error: interrupted; no partial output is left\n"
        assert not list(tmp_path.iterdir())
    assert not (tmp_path / "p").exists()
    output("prune", long_refit / "model", tmp_path / "p", *options)
    assert Model.open(tmp_path / "p").nnz <= 320 * 100


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_model_that_was_broken_off_is_not_there(tmp_path, how):
    model_of(tmp_path / "m", np.random.default_rng(0).normal(size=(3000, 60)), shard_size=5)
    process = start("prune", tmp_path / "m", tmp_path / "p", "--keep", 10)
    wait_until(lambda: list(tmp_path.glob(".p.*.part/new/shards/[0-9]*")), process)
    process.send_signal(how)
    process.communicate()
    assert process.returncode == (130 if how == signal.SIGINT else -how)
    assert not (tmp_path / "p").exists()
    assert cells(output("prune", tmp_path / "m", tmp_path / "p", "--keep", 10))["weights"] == [
        180_000,
        30_000,
    ]
