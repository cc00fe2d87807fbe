"""--memory: what training takes is told, kept to, or refused before anything is written."""

import re

import pytest
from helpers.command_line import pwdismec, refusal, told
from helpers.small_data import files_of

from pwdismec import Dataset
from pwdismec.training import TrainingConfig, plan_memory

OPTIONS = ("--shard-size", 10, "--jobs", 2)


@pytest.fixture(scope="module")
def least(job):
    """Bytes that training takes when everything is narrowed."""
    data, config = Dataset.open(job.train), TrainingConfig(shard_size=10)
    plan = plan_memory(data, config, jobs=2)
    return plan_memory(data, config, jobs=1, limit=plan.total - plan.thread - 1).total


def test_what_it_takes_is_told_before_it_starts(job, tmp_path):
    answer = pwdismec("train", job.train, tmp_path / "m", *OPTIONS)
    size = r"[\d.]+ [kM]B"
    expected = rf"train: about {size} of memory: data {size}, 2 threads of {size}, program {size}"
    assert re.fullmatch(expected, told(answer.err)[0]), answer.err


def test_narrowing_is_told_in_one_line_and_gives_the_same_model(job, least, tmp_path):
    answer = pwdismec("train", job.train, tmp_path / "m", *OPTIONS, "--memory", f"{least / 1000}kB")
    assert answer.code == 0
    assert told(answer.err)[0].endswith(" MB, 16 labels a pass instead of 32, 1 instead of 2 threads")
    assert files_of(tmp_path / "m") == files_of(job.model)


def test_too_little_is_refused_in_one_line_that_names_need_and_limit(job, least, tmp_path):
    message = refusal("train", job.train, tmp_path / "m", *OPTIONS, "--memory", f"{(least - 1) / 1000}kB")
    assert re.match(r"memory: the limit is \S+ MB, but training takes at the least about \S+ MB ", message)
    message = refusal("train", job.train, tmp_path / "m", "--memory", "64KiB")
    assert message.startswith("memory: the limit is 65.5 kB, but ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", ["1GB", "1gb", "0.5 GiB", "1024MiB", "2TB", "1G"])
def test_sizes_are_understood(job, tmp_path, size):
    answer = pwdismec("train", job.train, tmp_path / "m", *OPTIONS, "--memory", size)
    assert answer.code == 0 and "instead of" not in answer.err


@pytest.mark.parametrize("size", ["4", "4Gi", "GB", "-1GB", "4 G B", "1e3MB", "nan GB", "4PB", "", "٣GB"])
def test_other_sizes_are_not(job, tmp_path, size):
    answer = pwdismec("train", job.train, tmp_path / "m", "--memory", size)
    assert answer.code == 2
    assert f"--memory: {size!r}; expected a size such as 500M, 4GB or 4GiB" in answer.err
    assert list(tmp_path.iterdir()) == []
