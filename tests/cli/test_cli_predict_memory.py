"""predict --memory: the same bytes, or one line that says what it takes."""

import re

import pytest
from command_line import pwdismec, refusal


def test_the_predictions_are_the_same(job, tmp_path):
    # The limit is the process's, and this one has all the tests in it.
    assert pwdismec("predict", job.model, job.test, tmp_path / "p.txt", "--memory", "1TB").code == 0
    assert (tmp_path / "p.txt").read_bytes() == job.predictions.read_bytes()


def test_too_little_is_refused_in_one_line(job, tmp_path):
    message = refusal("predict", job.model, job.test, tmp_path / "p.txt", "--memory", "20MB")
    assert re.match(
        r"memory: the limit is 20 MB, but .* takes [\d.]+ MB, [\d.]+ MB of which is in use", message
    )
    assert not (tmp_path / "p.txt").exists()


@pytest.mark.parametrize("size", ["4", "GB", "-1GB"])
def test_what_is_no_size_is_refused(job, tmp_path, size):
    answer = pwdismec("predict", job.model, job.test, tmp_path / "p.txt", "--memory", size)
    assert answer.code == 2 and f"'--memory': {size!r}; expected a size" in answer.err
