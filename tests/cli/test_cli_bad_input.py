"""Bad input gets one clear line and exit code 2, and leaves nothing half-written."""

import json
import lzma
import os
import resource
import shutil
from contextlib import contextmanager

import numpy as np
import pytest
import scipy.sparse as sp
from helpers.command_line import DISK, complaint, pwdismec, refusal, start
from helpers.small_data import files_of

from pwdismec import Dataset, machine
from pwdismec.errors import DataError
from pwdismec.steps import truth

GOOD = "2 3 2\n0,1 0:1 2:0.5\n1 1:2\n"
BAD_TEXT = {
    "a header that is none": ("2 3 x\n0 0:1\n1 1:2\n", 1, "expected a header of 3 numbers"),
    "a row too many": (GOOD + "0 0:1\n", 4, "more rows than the 2"),
    "a row too few": ("3" + GOOD[1:], 1, "the header says 3 rows, the file holds 2"),
    "a feature out of range": (GOOD.replace("1:2", "3:2"), 3, "'3:2'; expected a feature id from 0 to 2"),
    "a label out of range": (GOOD.replace("0,1", "0,2"), 2, "'2'; expected a label id from 0 to 1"),
    "a label twice": (GOOD.replace("0,1", "1,1"), 2, "label 1 occurs twice in one row"),
    "a feature twice": (GOOD.replace("2:0.5", "0:0.5"), 2, "feature 0 occurs twice in one row"),
    "NaN": (GOOD.replace("1:2", "1:nan"), 3, "'1:nan'; expected feature:value with a finite number"),
    "Inf": (GOOD.replace("1:2", "1:inf"), 3, "finite number"),
    "1e999": (GOOD.replace("1:2", "1:1e999"), 3, "finite number"),
    "a missing colon": (GOOD.replace("2:0.5", "2 0.5"), 2, "'2'; expected feature:value"),
    "an empty file": ("", None, "the file is empty"),
    "a binary file": ("2 3 2\n\x00\x01\x02\n1 1:2\n", 2, "byte 0x00: not a text file"),
}


def listing(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("text, line, expected", BAD_TEXT.values(), ids=BAD_TEXT)
def test_a_bad_file_is_refused_with_file_and_line(tmp_path, text, line, expected):
    path = tmp_path / "bad.txt"
    path.write_text(text, newline="")
    message = refusal("convert", path, tmp_path / "set", "--format", "xmc")
    assert message.startswith(f"{path}: " if line is None else f"{path}:{line}: "), message
    assert expected in message
    assert listing(tmp_path) == ["bad.txt"]


def test_unsorted_features_are_accepted_and_sorted(tmp_path):
    (tmp_path / "a.txt").write_text(GOOD)
    (tmp_path / "b.txt").write_text(GOOD.replace("0:1 2:0.5", "2:0.5 0:1"))
    for name in "ab":
        assert pwdismec("convert", tmp_path / f"{name}.txt", tmp_path / name).code == 0
    assert Dataset.open(tmp_path / "a").fingerprint == Dataset.open(tmp_path / "b").fingerprint


def test_a_truncated_xz_is_refused(tmp_path):
    rows = "".join(f"{i % 2} {i % 3}:{1 + i}\n" for i in range(5000))
    whole = lzma.compress(f"5000 3 2\n{rows}".encode())
    path = tmp_path / "cut.txt.xz"
    path.write_bytes(whole[: len(whole) // 2])
    assert refusal("convert", path, tmp_path / "set") == f"{path}: cut off: the xz data ends too early"
    assert listing(tmp_path) == ["cut.txt.xz"]


@pytest.mark.parametrize("text, line, expected", list(BAD_TEXT.values())[3:5], ids=list(BAD_TEXT)[3:5])
def test_a_bad_file_to_predict_for_leaves_no_predictions(counts, tmp_path, text, line, expected):
    path = tmp_path / "bad.txt"
    path.write_text(text.replace("2 3 2", "2 30 2").replace("3:2", "30:2"))
    message = refusal("predict", counts.model, path, tmp_path / "p.txt")
    assert message.startswith(f"{path}:{line}: ")
    assert listing(tmp_path) == ["bad.txt"]


def test_what_is_no_data_set_is_refused(job, tmp_path):
    (tmp_path / "folder").mkdir()
    for path, expected in (
        (tmp_path / "folder", "not a data set"),
        (tmp_path / "nothing", "no such folder"),
        (job.train_txt, "not a folder; expected a data set's folder"),
        (job.model, "not a data set"),
    ):
        assert expected in refusal("train", path, tmp_path / "m")
        assert not (tmp_path / "m").exists()
    assert "not a data set" in refusal("evaluate", job.predictions, job.test, "--train", tmp_path / "folder")
    assert "not a data set" in refusal("predict", job.model, tmp_path / "folder", tmp_path / "p.txt")
    for path in (tmp_path / "folder", tmp_path / "nothing", job.train_txt):
        assert str(path) in refusal("inspect", path)


def test_convert_overwrites_nothing_but_a_data_set(job, tmp_path):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "work.txt").write_text("dear")
    for more in ([], ["--overwrite"]):
        said = refusal("convert", job.train_txt, tmp_path / "precious", *more)
        assert "precious: exists and is not a pwdismec data set" in said
    assert (tmp_path / "precious" / "work.txt").read_text() == "dear"
    assert pwdismec("convert", job.train_txt, tmp_path / "set").code == 0
    before = files_of(tmp_path / "set")
    (tmp_path / "bad.txt").write_text(BAD_TEXT["NaN"][0])
    refusal("convert", tmp_path / "bad.txt", tmp_path / "set", "--overwrite")
    assert files_of(tmp_path / "set") == before


@pytest.fixture
def model(job, tmp_path):
    return shutil.copytree(job.model, tmp_path / "model")


def test_a_model_of_another_version_is_refused(job, model):
    record = json.loads((model / "manifest.json").read_text())
    record["run"]["version"] = 99
    (model / "manifest.json").write_text(json.dumps(record))
    for command in (("predict", model, job.test, model.parent / "p.txt"), ("inspect", model)):
        assert "model of version 99; this program reads 1" in refusal(*command)
    assert listing(model.parent) == ["model"]


def test_a_data_set_of_another_version_is_refused(job, tmp_path):
    copy = shutil.copytree(job.train, tmp_path / "set")
    record = json.loads((copy / "manifest.json").read_text())
    (copy / "manifest.json").write_text(json.dumps(record | {"version": 99}))
    assert "a data set of version 99" in refusal("train", copy, tmp_path / "m")


def test_a_missing_shard_is_named(job, model):
    (model / "shards" / "00002.safetensors").unlink()
    message = refusal("predict", model, job.test, model.parent / "p.txt")
    assert message.startswith(f"{model}/shards/00002.safetensors: is missing: ")
    assert f"train labels 20 to 29 again: `pwdismec train … {model} --resume`" in message
    assert listing(model.parent) == ["model"]


def test_a_shard_changed_by_a_byte_is_named(job, model):
    shard = model / "shards" / "00001.safetensors"
    content = bytearray(shard.read_bytes())
    content[-9] ^= 1
    shard.write_bytes(content)
    (model / "index.safetensors").unlink(missing_ok=True)  # without it, prediction reads the shards
    for command in (
        ("predict", model, job.test, model.parent / "p.txt"),
        ("inspect", model),
        ("export", model, model.parent / "m.npz"),
    ):
        assert refusal(*command).startswith(f"{shard}: shard changed since it was written")
    assert listing(model.parent) == ["model"]


def test_other_features_than_the_models_are_refused(job, counts, tmp_path):
    message = refusal("predict", job.model, counts.set, tmp_path / "p.txt")
    assert message == f"{counts.set}: 30 features; the model {job.model} has 40"
    message = refusal("predict", job.model, counts.folder / "X.npz", tmp_path / "p.txt")
    assert message.startswith(f"{counts.folder / 'X.npz'}: 30 features; expected 40")
    message = refusal("convert", counts.folder / "X.npz", tmp_path / "set", "--like", job.train)
    assert "30 features; expected 40" in message
    assert listing(tmp_path) == []


def test_other_transforms_than_the_models_are_refused(counts, tmp_path):
    files = counts.folder / "X.npz", counts.folder / "Y.npz"
    assert pwdismec("convert", *files, tmp_path / "set").code == 0
    assert "prepared in another way" in refusal("predict", counts.model, tmp_path / "set", tmp_path / "p")
    assert listing(tmp_path) == ["set"]


def test_rows_and_labels_of_predictions_and_truth_must_agree(job, counts, tmp_path):
    message = refusal("evaluate", job.predictions, job.train)
    assert message == f"{job.predictions}: 50 rows; {job.train} has 150"
    other = tmp_path / "other.txt"
    other.write_text("50 46\n" + "0:1\n" * 50)
    assert refusal("evaluate", other, job.test) == (
        f"{job.test}: 45 labels; {other} has 46; expected these, and perhaps more"
    )
    message = refusal("evaluate", job.predictions, job.test, "--train", counts.set)
    assert message == f"{job.predictions}: 45 labels; the training set {counts.set} has 12"
    lines = ['{"labels": [{"id": 45, "score": 1}]}\n'] * 50
    (tmp_path / "p.jsonl").write_text("".join(lines))
    expected = f"{tmp_path}/p.jsonl:1: label 45; {job.test} has 45 labels, from 0"
    assert refusal("evaluate", tmp_path / "p.jsonl", job.test) == expected
    of_train = expected.replace(str(job.test), str(job.train))
    assert refusal("evaluate", tmp_path / "p.jsonl", job.test, "--train", job.train) == of_train
    (tmp_path / "p.jsonl").write_text("".join(['{"labels": []}\n', *lines[1:]]))
    assert refusal("evaluate", tmp_path / "p.jsonl", job.test) == expected.replace(":1:", ":2:")
    sp.save_npz(tmp_path / "Y.npz", sp.csr_matrix(-np.eye(50, 45)))
    message = refusal("evaluate", job.predictions, tmp_path / "Y.npz")
    assert message == f"{tmp_path}/Y.npz: row 1, label 0: -1; expected labels, with values above zero"


def test_predictions_and_truth_of_as_many_labels_as_they_like_are_refused_by_memory(tmp_path):
    """Of each label the metrics hold counts, which a short file can ask for."""
    for name in ("p.txt", "t.txt"):
        labels = "2147483647" if name == "p.txt" else "2147483647 2147483647"
        (tmp_path / name).write_text(f"1 {labels}\n" + ("1:1\n" if name == "p.txt" else "1 1:1\n"))
    message = refusal("evaluate", tmp_path / "p.txt", tmp_path / "t.txt", "-k", 1)
    assert message.startswith(f"{tmp_path}/t.txt: counts for each of 2147483647 labels would take 275 GB; ")


def test_true_labels_beyond_memory_are_refused(job, monkeypatch):
    labels = Dataset.open(job.test).labels.rows(0, 10)
    size = 2 * (labels.indptr.nbytes + labels.stored().indices.nbytes)
    monkeypatch.setattr(machine, "memory", lambda: 4 * size)
    assert len(truth._held(job.test_txt, [(labels.stored(), None)] * 2)[0]) == 2
    with pytest.raises(DataError, match=f"{job.test_txt}: the true labels would take "):
        truth._held(job.test_txt, [(labels.stored(), None)] * 3)


def test_settings_out_of_range_are_refused(job, tmp_path):
    for options, expected in (
        (["--C", 0], "C: 0.0; expected a number from 1e-30 to 1e30"),
        (["--tolerance", 2], "tolerance: 2.0; expected a number above 0 and below 1"),
        (["--weighting", "pww"], "weighting: 'pww'; expected vanilla, pw, pw-cb, cb or file:PATH"),
        (["--beta", 1], "beta: 1.0; expected 0 ≤ beta < 1"),
        (["--propensity", "nowhere"], "propensity preset 'nowhere'; expected one of default"),
        (["--propensity", "0.55,0"], "propensity B: 0.0"),
        (["--bias", 1e300], "bias: 1e+300; expected a number from 0 to 1e15"),
    ):
        assert expected in refusal("train", job.train, tmp_path / "m", *options)
    assert "top_k: 0" in refusal("predict", job.model, job.test, tmp_path / "p.txt", "--top-k", 0)
    assert "k = 3, 1" in refusal("evaluate", job.predictions, job.test, "-k", "3,1")
    assert "predictions have 5 labels per instance" in refusal(
        "evaluate", job.predictions, job.test, "-k", "1,6"
    )
    assert listing(tmp_path) == []
    for args in (
        ["train", job.train, tmp_path / "m", "--jobs", 0],
        ["train", job.train, tmp_path / "m", "--shard-size", 10**20],
        ["train", job.train, tmp_path / "m", "--max-epochs", 10**20],
        ["train", job.train, tmp_path / "m", "--seed", 10**20],
        ["train"],
        ["nothing"],
        ["train", "--foo"],
    ):
        assert pwdismec(*args).code == 2


def test_a_file_of_weights_that_does_not_fit_is_refused(job, tmp_path):
    weights = tmp_path / "w.txt"
    weights.write_text("1\n" * 44)
    option = "--weighting", f"file:{weights}"
    assert "44 lines; expected 45" in refusal("train", job.train, tmp_path / "m", *option)
    weights.write_text("1\n" * 44 + "-1\n")
    assert f"{weights}:45: " in refusal("train", job.train, tmp_path / "m", *option)
    assert listing(tmp_path) == ["w.txt"]


def test_a_model_is_not_overwritten(job, model):
    before = files_of(model)
    message = refusal("train", job.train, model, "--shard-size", 10)
    assert message.endswith(
        "holds a finished model; train into another folder, or replace it with --overwrite "
        "(--resume checks and keeps it)"
    )
    message = refusal("train", job.train, model, "--shard-size", 10, "--propensity", "0.6,2.6")
    assert "(a was 0.55, now 0.6, b was 1.5, now 2.6)" in message
    message = refusal("train", job.train, model, "--resume", "--C", 3)
    assert "with other settings or data (C was 1.0, now 3.0, shard_size was 10, now 1000)" in message
    assert files_of(model) == before


def writers(job, folder):
    """Commands that write under `folder`."""
    return {
        "convert": ["convert", job.train_txt, folder / "set"],
        "train": ["train", job.train, folder / "m"],
        "predict": ["predict", job.model, job.test, folder / "p", "--top-k", 45],
        "predict npz": [
            "predict",
            job.model,
            job.test,
            folder / "p",
            "--top-k",
            45,
            "--output-format",
            "npz",
        ],
        "predict jsonl": [
            "predict",
            job.model,
            job.test,
            folder / "p",
            "--top-k",
            45,
            "--output-format",
            "jsonl",
        ],
        "evaluate": ["evaluate", job.predictions, job.test, "--json", folder / "r.json"],
        "prune": ["prune", job.model, folder / "m", "--threshold", 0],
        "export": ["export", job.model, folder / "m.txt"],
        "export npz": ["export", job.model, folder / "m.npz"],
    }


WRITERS = [
    "convert",
    "train",
    "predict",
    "predict npz",
    "predict jsonl",
    "evaluate",
    "prune",
    "export",
    "export npz",
]


@contextmanager
def files_of_at_most(size):
    """No file can grow beyond `size` bytes in this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("writer", WRITERS)
def test_a_file_that_cannot_grow_leaves_nothing_half_written(job, tmp_path, writer):
    with files_of_at_most(200 if writer == "evaluate" else 1000):
        message = refusal(*writers(job, tmp_path)[writer], code=DISK)
    assert message.startswith(str(tmp_path)) and "cannot write: File too large" in message
    left = [path for path in tmp_path.rglob("*") if ".part" in path.name]
    assert not left and (writer == "train" or listing(tmp_path) == [])


@pytest.mark.parametrize("writer", WRITERS)
def test_a_full_disk_is_told_in_one_line(job, disk_of, writer):
    small_disk = disk_of("16k")
    ballast = {"evaluate": 16, "export npz": 12}.get(writer, 0)  # what these write is small
    (small_disk / "ballast").write_bytes(bytes(1024 * ballast))
    message = refusal(*writers(job, small_disk)[writer], code=DISK)
    assert message.startswith(str(small_disk)) and "No space left on device" in message
    assert not [path for path in small_disk.rglob("*") if ".part" in path.name]


@pytest.mark.parametrize("writer", WRITERS)
def test_an_unwritable_target_is_told_in_one_line(job, tmp_path, writer):
    (tmp_path / "file").write_text("in the way")
    message = refusal(*writers(job, tmp_path / "file")[writer])
    assert message.startswith(str(tmp_path / "file"))
    assert listing(tmp_path) == ["file"]


def test_the_kernels_asked_for_must_exist(job):
    process = start("inspect", job.model, env=os.environ | {"PWDISMEC_ISA": "nonsense"})
    out, err = process.communicate()
    assert (process.returncode, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("pwdismec: error: PWDISMEC_ISA: this machine cannot run 'nonsense'")


def test_a_reader_that_has_gone_is_no_error(job):
    process = start("inspect", job.train)
    process.stdout.close()
    process.wait()
    assert process.stderr.read() == ""


@pytest.mark.parametrize("number", [10**20, "9" * 5001])
@pytest.mark.parametrize(
    ("command", "option"),
    [
        (("train", "d", "m"), "--shard-size"),
        (("train", "d", "m"), "--max-epochs"),
        (("train", "d", "m"), "--seed"),
        (("train", "d", "m"), "--jobs"),
        (("train", "d", "m"), "--shards"),
        (("train", "d", "m"), "--workers"),
        (("predict", "m", "d", "p"), "--top-k"),
        (("predict", "m", "d", "p"), "--part"),
        (("prune", "m", "p"), "--keep"),
        (("import", "x", "m"), "--n-labels"),
        (("convert", "x.jsonl", "d", "--text", "t"), "--min-df"),
        (("convert", "x.jsonl", "d", "--text", "t"), "--hashing"),
        (("evaluate", "p", "d"), "-k"),
        (("suggest", "m", "text"), "--top-k"),
        (("suggest", "m", "text"), "--neighbours"),
    ],
)
def test_numbers_that_no_count_can_have_are_refused(command, option, number):
    answer = pwdismec(*command, option, number)
    assert answer.code == 2 and "internal error" not in answer.err
    assert len(answer.err) < 2500


def test_a_whole_number_is_at_most_what_fits_32_bits(job, tmp_path):
    answer = pwdismec("predict", job.model, job.test, tmp_path / "p", "--top-k", 2**31)
    assert answer.code == 2 and "--top-k: 2147483648; expected a number below 2^31" in answer.err


@pytest.mark.parametrize(
    "args",
    [
        ["run", "{pipe}"],
        ["run", "{config}", "--settings", "{pipe}"],
        ["slice", "{model}", "{tmp}/o", "--labels", "{pipe}"],
        ["convert", "{train_txt}", "{tmp}/o", "--label-names", "{pipe}"],
        ["convert", "{train_txt}", "{tmp}/o", "--feature-names", "{pipe}"],
        ["import", "{pipe}", "{tmp}/o"],
        ["train", "{train}", "{tmp}/o", "--weighting", "file:{pipe}"],
        ["evaluate", "{pipe}", "{test}"],
        ["evaluate", "{predictions}", "{test}", "--filter", "{pipe}"],
        ["predict", "{model}", "{pipe}", "{tmp}/o"],
    ],
    ids=lambda args: " ".join(args),
)
def test_no_command_waits_for_a_pipe(job, tmp_path, args):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "c.yaml").write_text(f"name: x\ndata: .\ntrain: [{job.train_txt}]\ntest: [{job.train_txt}]\n")
    names = {"pipe": tmp_path / "pipe", "config": tmp_path / "c.yaml", "tmp": tmp_path}
    answer = pwdismec(*(arg.format(**names, **vars(job)) for arg in args))
    assert answer.code == 2
    assert complaint(answer.err).endswith("pipe: a pipe or device, where a file is expected\n")
    assert not (tmp_path / "o").exists()
