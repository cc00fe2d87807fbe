"""Commands under failing system calls and signals: nothing is lost or left behind, and the bits are the same.

A sample; more by `cd tests && python -m torture`, see docs/faults.md.
"""

import os
import signal
import subprocess
import sys
from errno import EIO

import pytest
from torture.__main__ import table, tortured
from torture.commands import COMMANDS
from torture.preloaded import (
    FAIL_ON,
    FAIL_ONCE,
    HALVE,
    SIGNAL_AFTER,
    SIGNAL_BEFORE,
    Fault,
    Report,
    compiled,
)
from torture.trials import Torturer

from pwdismec.cli.commands import COMMANDS as NAMES

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the calls are those of Linux's C library")


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    found = compiled(tmp_path_factory.mktemp("library"))
    if found is None:
        pytest.skip("NOT TESTED: commands under failing system calls, as there is no C compiler (cc or gcc)")
    return found


def test_every_command_is_disturbed():
    assert {command.line.split()[0] for command in COMMANDS.values()} == set(NAMES)


WRITES_TWICE = """
import os, sys
for name in ("one", "two"):
    file = os.open(name, os.O_WRONLY | os.O_CREAT)
    try:
        print(os.write(file, b"12345678"))
    except OSError as error:
        print(error.strerror)
"""


@pytest.mark.parametrize(
    ("fault", "code", "said", "written"),
    [
        (Fault(("write",)), 0, ["8", "8"], [8, 8]),
        (Fault(("write",), 0, FAIL_ONCE, EIO), 0, ["Input/output error", "8"], [0, 8]),
        (Fault(("write",), 1, FAIL_ONCE, EIO), 0, ["8", "Input/output error"], [8, 0]),
        (Fault(("write",), 0, FAIL_ON, EIO), 0, ["Input/output error"] * 2, [0, 0]),
        (Fault(("write",), 1, HALVE), 0, ["8", "4"], [8, 4]),
        (Fault(("write",), 1, SIGNAL_BEFORE, signal.SIGKILL), -9, None, [8, 0]),
        (Fault(("create", "write"), 3, SIGNAL_AFTER, signal.SIGKILL), -9, None, [8, 8]),
    ],
)
def test_what_is_disturbed_is_the_call_that_was_asked_for(library, tmp_path, fault, code, said, written):
    work, report = tmp_path / "work", tmp_path / "report"
    work.mkdir()
    told = (fault.mask, fault.number, fault.how, int(fault.value), report, work)
    environment = os.environ | {"LD_PRELOAD": str(library), "TORTURE": " ".join(map(str, told))}
    process = subprocess.run(
        [sys.executable, "-S", "-c", WRITES_TWICE], cwd=work, env=environment, capture_output=True, text=True
    )
    assert process.returncode == code, process.stderr
    if said is not None:
        assert process.stdout.split("\n")[:-1] == said
    assert [(work / name).stat().st_size for name in ("one", "two")] == written
    assert Report.read(report).calls(("create",)) == 2 * ("create" in fault.kinds)


def test_a_disturbed_command_loses_nothing_and_is_mended_by_the_next(library, tmp_path):
    """At calls alone: when a signal comes at a moment, Python may still be starting."""
    trials = tortured(tmp_path, library, 30, 30, seed=0, jobs=2, moments=False)
    problems = [f"{kind} {trial}" for trial, kind in trials if trial.problems]
    assert not problems, "\n".join([*problems, table(trials)])
    for wanted in ("kill", "failure"):
        assert sum(len(trial.disturbances) for trial, kind in trials if kind == wanted) >= 30


WRITERS = [
    "calibrate",
    "convert npz",
    "convert texts",
    "export liblinear",
    "export npz",
    "predict npz",
    "prune",
]


def test_a_signal_while_a_file_is_closed_does_no_harm(library, tmp_path):
    """Python tries other calls again that a signal breaks off."""
    with Torturer(tmp_path / "place", library) as torturer:
        trials = [trial for name in WRITERS for trial in torturer.trials_at_each_call(name, "EINTR at close")]
    assert len(trials) > 40 and {trial.command for trial in trials} == set(WRITERS)
    assert not [trial for trial in trials if trial.problems]
