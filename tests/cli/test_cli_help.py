"""Help comes at once and has an example; progress goes to standard error, never among the results."""

import subprocess
import sys

import pytest
from command_line import output, pwdismec

from pwdismec.cli import progress
from pwdismec.cli.main import COMMANDS
from pwdismec.sizes import duration_text

HEAVY = ("numpy", "scipy", "sklearn", "pydantic", "rich", "joblib")


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from pwdismec.cli.main import main; main(['--help'], standalone_mode=False);"
        f"print(*sorted(set({HEAVY}) & set(sys.modules)), file=sys.stderr)"
    )
    found = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert all(f"  {name}" in found.stdout for name in COMMANDS)
    assert found.stderr.strip() == ""


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command):
    text = output(command, "--help")
    assert text.startswith(f"Usage: pwdismec {command} ")
    assert f"Example:\n    pwdismec {command}" in text


def test_the_version():
    from importlib.metadata import version

    assert output("--version") == f"pwdismec, version {version('pwdismec')}\n"


def test_lines_of_progress_are_few_and_say_what_is_left(monkeypatch, capsys):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    with progress.watch("train", "labels") as update:
        for done in range(100, 1001):
            now[0] += 0.1
            update(done, 1000, before=100, note="0 of 2 shards")
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert out == "" and 9 <= len(lines) <= 18
    assert lines[0].startswith("train: 1")
    assert ", 0 of 2 shards, 9.8 labels/s, " in lines[0]
    assert " left" in lines[-1]


@pytest.mark.parametrize(
    "seconds, expected", [(3.21, "3.2 s"), (42, "42 s"), (61, "1 min 1 s"), (7500, "2 h 5 min")]
)
def test_durations(seconds, expected):
    assert duration_text(seconds) == expected


def test_progress_stays_out_of_the_results(job, tmp_path):
    assert pwdismec("predict", job.model, job.test, tmp_path / "p.txt").out == ""
