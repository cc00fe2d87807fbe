"""Disks that fail or fill up at any moment, and shards that are not what they were: one line, nothing lost.

See docs/faults.md for what else can happen, and where it is tested.
"""

import errno
import logging
import re
import shutil
import subprocess
import sys
from types import SimpleNamespace

import pytest
from helpers.command_line import DISK, complaint, output, pwdismec, refusal
from helpers.failing_disk import failing_disk
from helpers.small_data import files_of, small_dataset

from pwdismec import patience
from pwdismec.prediction.index import INDEX
from pwdismec.steps import instances

GO_ON = r"; .* resume with the same command and --resume$"


@pytest.fixture
def work(tmp_path, monkeypatch):
    """A `folder` with a data set, where `train` and `predict` write `out`: see `commands`."""
    monkeypatch.setattr(patience.time, "sleep", lambda seconds: None)
    monkeypatch.setattr(instances, "_ROWS", 16)
    logging.getLogger("pwdismec").setLevel(logging.ERROR)
    folder = tmp_path / "work"
    folder.mkdir()
    names = [f"label {number}" for number in range(45)]
    small_dataset(n=60, label_names=names).save(folder / "set")
    output("train", folder / "set", folder / "model", "--shard-size", 15)
    yield SimpleNamespace(folder=folder, out=folder / "out", model=folder / "model")
    logging.getLogger("pwdismec").setLevel(logging.NOTSET)


def command(work, name):
    if name == "train":
        return ["train", work.folder / "set", work.out, "--shard-size", 15, "--jobs", 1]
    return ["predict", work.model, work.folder / "set", work.out, "--jobs", 1]


def made(work):
    """What the command made, all of it."""
    return files_of(work.out) if work.out.is_dir() else work.out.read_bytes()


def begin_anew(work):
    for path in (work.out, work.folder / ".out.job"):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    (work.model / INDEX).unlink(missing_ok=True)


def undisturbed(work, name):
    """What the command makes, and in how many operations."""
    with failing_disk(work.folder, -1, errno.EIO) as disk:
        output(*command(work, name))
    expected = made(work)
    begin_anew(work)
    assert disk.count > 50
    return expected, disk.count


@pytest.mark.parametrize("error", [errno.EIO, errno.EINTR], ids=["broken", "interrupted"])
@pytest.mark.parametrize("name", ["train", "predict"])
def test_an_error_that_passes_does_no_harm_wherever_it_comes(work, name, error):
    expected, count = undisturbed(work, name)
    for number in range(count):
        with failing_disk(work.folder, number, error):
            output(*command(work, name))
        assert made(work) == expected
        begin_anew(work)


@pytest.mark.parametrize(("error", "first"), [(errno.EIO, 0), (errno.ENOSPC, 1)], ids=["broken", "full"])
@pytest.mark.parametrize("name", ["train", "predict"])
def test_a_disk_that_fails_from_any_moment_on_is_told_and_gone_on_from(work, name, error, first):
    expected, count = undisturbed(work, name)
    told = 0
    for number in range(first, count, 2):
        with failing_disk(work.folder, number, error, lasting=True):
            answer = pwdismec(*command(work, name))
        if answer.code == 0:  # it had only to tidy up
            assert made(work) == expected
        elif answer.code == DISK:
            assert re.search(GO_ON, complaint(answer.err)) and complaint(answer.err).count("\n") == 1
            assert str(work.folder) in answer.err
            told += 1
        else:  # a full disk that cannot even be read
            assert (answer.code, error) == (2, errno.ENOSPC) and complaint(answer.err).count("\n") == 1
        output(*command(work, name), "--resume")
        assert made(work) == expected
        begin_anew(work)
    assert told > count / 4


@pytest.mark.parametrize("name", ["train", "predict"])
def test_a_disk_with_any_room_is_gone_on_from_when_there_is_more(work, name, disk_of):
    disk = disk_of("512k")
    expected, _ = undisturbed(work, name)
    for path in ("set", "model"):
        shutil.copytree(work.folder / path, disk / path)
    shutil.rmtree(work.folder)
    work = SimpleNamespace(folder=disk, out=disk / "out", model=disk / "model")
    output("predict", work.model, disk / "set", disk / "p")  # the index is there
    (disk / "p").unlink()
    full = 0
    for pages in range(40):
        room = 4096 * pages
        with (disk / "ballast").open("wb") as ballast:
            ballast.write(bytes(shutil.disk_usage(disk).free - room))
        answer = pwdismec(*command(work, name))
        if answer.code == 0:
            break
        full += 1
        assert answer.code == DISK
        assert "No space left on device" in answer.err and re.search(GO_ON, answer.err)
        assert not [path for path in disk.rglob("*") if ".part" in path.name]
        (disk / "ballast").unlink()
        output(*command(work, name), "--resume")
        assert made(work) == expected
        shutil.rmtree(work.out, ignore_errors=True)
        work.out.unlink(missing_ok=True)
    assert full > 2
    assert made(work) == expected


def test_a_page_that_cannot_be_read_is_told(work, tmp_path):
    """Behind the end of a file cut short the system answers as for a page that the disk cannot read."""
    (tmp_path / "cut.py").write_text(
        "import os, sys\n"
        "from pwdismec.cli.main import main\n"
        "from pwdismec.training import trainer\n"
        "plan = trainer.plan_memory\n"
        "def cut(dataset, *args, **settings):\n"
        "    os.truncate(dataset.path / 'features_data.npy', 0)\n"
        "    return plan(dataset, *args, **settings)\n"
        "trainer.plan_memory = cut\n"
        "main(sys.argv[1:])\n"
    )
    process = subprocess.run(
        [sys.executable, tmp_path / "cut.py", *map(str, command(work, "train"))],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert process.returncode == DISK
    line = complaint(process.stderr)
    assert (
        line.startswith("pwdismec: error: a file mapped into memory cannot be read") and line.count("\n") == 1
    )


def damage(path, how):
    content = path.read_bytes()
    if how == "cut off":
        path.write_bytes(content[:-40])
    else:
        path.write_bytes(content[:-40] + bytes([content[-40] ^ 1]) + content[-39:])


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("flipped", "shard changed since it was written: SHA-256"),
        ("cut off", "shard has {} bytes; its manifest says {}"),
    ],
)
def test_a_shard_damaged_after_the_first_prediction_is_told(work, how, message):
    output(*command(work, "predict"))
    expected = made(work)
    shard = work.model / "shards" / "00001.safetensors"
    whole = shard.read_bytes()
    damage(shard, how)
    again = [*command(work, "predict"), "--overwrite"]
    assert refusal(*again).startswith(f"{shard}: {message.format(len(whole) - 40, len(whole))}")
    assert made(work) == expected, "an older output stays"
    shard.write_bytes(whole)
    output(*again)
    assert made(work) == expected


@pytest.mark.parametrize("how", ["flipped", "cut off"])
def test_a_shard_damaged_before_training_goes_on_is_told_and_trained_again(work, how, caplog):
    expected = files_of(work.model)
    model, shard = broken_off(work), work.out / "shards" / "00001.safetensors"
    damage(shard, how)
    with caplog.at_level("WARNING", "pwdismec"):
        output(*command(work, "train"), "--resume")
    [line] = [record.getMessage() for record in caplog.records if str(shard) in record.getMessage()]
    assert line.endswith("training labels 15 to 29 again")
    assert files_of(model) == expected


def test_a_manifest_of_another_run_is_told(work):
    output("train", work.folder / "set", work.out, "--shard-size", 15, "--C", 2)
    output("predict", work.model, work.folder / "set", work.folder / "p")  # so that there is an index
    shutil.copy(work.out / "manifest.json", work.model / "manifest.json")
    shard = work.model / "shards" / "00000.safetensors"
    message = refusal("predict", work.model, work.folder / "set", work.folder / "q")
    assert message.startswith(f"{shard}: shard ") and "manifest says" in message


def test_a_run_of_another_training_is_told(work):
    model = broken_off(work)
    other = broken_off(SimpleNamespace(folder=work.folder, out=work.folder / "other"), "--C", 2)
    (model / "run.json").write_bytes((other / "run.json").read_bytes())
    message = refusal(*command(work, "train"), "--resume")
    assert message.startswith(f"{model}: holds an interrupted training with other settings or data (C was 2")
    shard = model / "shards" / "00000.safetensors"
    assert refusal(*command(work, "train"), "--C", 2, "--resume").startswith(f"{shard}: shard of another run")


def broken_off(work, *options):
    """A training whose disk failed when its manifest was written."""
    with failing_disk(work.out / ".manifest.json", 0, errno.ENOSPC, lasting=True):
        assert pwdismec(*command(work, "train"), *options).code == DISK
    assert (work.out / "run.json").exists() and len(list(work.out.glob("shards/*"))) == 3
    return work.out
