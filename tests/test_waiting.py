"""The tests' own waiting ends, whatever becomes of what is waited for."""

import subprocess
import sys

import pytest
from helpers.waiting import wait_until


def python(code):
    return subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)


def test_a_process_that_dies_is_not_waited_for():
    process = python("import sys; sys.exit('no such thing')")
    with process, pytest.raises(AssertionError, match="ended before, with 1: no such thing"):
        wait_until(lambda: False, process)


def test_what_a_process_did_before_it_ended_counts(tmp_path):
    with python(f"open({str(tmp_path / 'done')!r}, 'w')") as process:
        assert wait_until((tmp_path / "done").exists, process)


def test_waiting_has_an_end():
    with pytest.raises(AssertionError, match=r"waited for 0.05 s because"):
        wait_until(lambda: [], seconds=0.05, told=lambda: "because")
