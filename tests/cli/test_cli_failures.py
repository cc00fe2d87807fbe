"""Whatever ends a command is told in one line; a traceback is for those who ask for one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.command_line import complaint, pwdismec, refusal, start

from pwdismec.cli import commands, evaluate, inspect, train
from pwdismec.quoting import LINE_LIMIT

INTERNAL = 70


class FailsAgain(Exception):
    def __str__(self):
        raise RuntimeError("no words")


def deep(depth=10**6):
    return deep(depth - 1)


def raising(error):
    def function(*args, **settings):
        if error is RecursionError:
            deep()
        raise error

    return function


ERRORS = {
    "recursion": RecursionError,
    "assertion": AssertionError("it is not"),
    "overflow": OverflowError("Python int too large to convert to C long"),
    "system": SystemError("returned a result with an exception set"),
    "key": KeyError("a\nb"),
    "unicode": UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid"),
    "lines": ValueError("first\r\nsecond\n\nthird\u2028fourth\x85fifth"),
    "escapes": ValueError("\x1b]0;title\x07\x1b[2J\u202e\udcff"),
    "megabyte": ValueError("x" * 10**6),
    "its own words": FailsAgain(),
    "exit": SystemExit(0),
    "generator": GeneratorExit(),
}


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_nobody_foresaw_is_one_line(monkeypatch, name):
    monkeypatch.setattr(inspect, "describe", raising(ERRORS[name]))
    message = refusal("inspect", "x", code=INTERNAL)
    kind = ERRORS[name] if isinstance(ERRORS[name], type) else type(ERRORS[name])
    assert message.startswith(f"internal error: {kind.__name__}")
    assert message.isprintable() and len(message) <= LINE_LIMIT
    assert "--log FILE" in message and "--verbose" in message


def test_what_options_and_imports_raise_is_told_as_well(monkeypatch):
    monkeypatch.setattr(train, "read_settings", raising(RecursionError))
    assert "RecursionError" in refusal("train", "a", "b", "--settings", "x", code=INTERNAL)
    monkeypatch.setattr(commands, "import_module", raising(AttributeError("no such thing")))
    assert "AttributeError: no such thing" in refusal("inspect", "x", code=INTERNAL)


def test_what_tells_errors_may_fail_itself(tmp_path):
    (tmp_path / "broken.py").write_text(
        "import sys\n"
        "sys.modules['click'] = None\n"
        "from pwdismec.cli.main import main\n"
        "main(['inspect', 'x'])\n"
    )
    run = subprocess.run([sys.executable, tmp_path / "broken.py"], capture_output=True, text=True)
    assert run.returncode == INTERNAL
    assert run.stderr.startswith("pwdismec: error: internal error: ModuleNotFoundError: ")
    assert run.stderr.count("\n") == 1


def test_a_log_gets_the_traceback(job, tmp_path, monkeypatch):
    monkeypatch.setattr(evaluate, "evaluate_file", raising(ZeroDivisionError("by \x1b zero")))
    words = "evaluate", job.predictions, job.test, "--log", tmp_path / "log"
    answer = pwdismec(*words)
    assert answer.code == INTERNAL and complaint(answer.err).count("\n") == 1
    lines = (tmp_path / "log").read_text().splitlines()
    assert any("Traceback" in line for line in lines) and any(", in function" in line for line in lines)
    assert " error: internal error: ZeroDivisionError: by \\x1b zero" in lines[-1]

    pwdismec(*words, "--log-json")
    last = json.loads((tmp_path / "log").read_text().splitlines()[-1])
    assert last["event"] == "error" and "Traceback" in last["traceback"]


def test_a_traceback_is_shown_to_those_who_ask(monkeypatch):
    monkeypatch.setattr(inspect, "describe", raising(RecursionError))
    answer = pwdismec("inspect", "x", "--verbose")
    assert answer.err.startswith("Traceback") and answer.err.count("\n") < 500
    assert answer.err.splitlines()[-1].startswith("pwdismec: error: internal error: RecursionError")


def test_a_mistake_on_the_command_line_has_no_escapes_and_an_end():
    answer = pwdismec("train", "--\x1b[31m" + "x" * 10**6)
    assert answer.code == 2 and "\x1b" not in answer.err and len(answer.err) < 2 * LINE_LIMIT
    assert answer.err.count("\n") == 1


FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="Linux's")
@pytest.mark.parametrize("words", [("inspect", "{}"), ("--help",), ("train", "--help"), ("--version",)])
def test_results_that_cannot_be_written_are_told(job, words):
    words = [word.format(job.model) for word in words]
    with FULL.open("w") as full:
        process = start(*words, stdout=full)
        _, err = process.communicate()
    assert process.returncode == 74
    assert (
        err.startswith("pwdismec: error: standard output: No space left on device") and err.count("\n") == 1
    )


def test_a_closed_pipe_ends_a_command_quietly(job):
    ours, theirs = os.pipe()
    os.close(ours)
    process = start("inspect", job.model, stdout=theirs)
    os.close(theirs)
    _, err = process.communicate()
    assert (process.returncode, err) == (128 + 13, "")


@pytest.mark.parametrize("closed", [0, 1, 2])
def test_no_file_takes_the_place_of_a_closed_stream(job, tmp_path, closed):
    log = tmp_path / "log"
    words = "predict", job.model, "-", tmp_path / "p", "--log", log
    process = start(*words, stdin=subprocess.DEVNULL, preexec_fn=lambda: os.close(closed))
    _, err = process.communicate()
    if closed == 0:
        assert process.returncode == 2
        assert complaint(err) == "pwdismec: error: standard input: cannot read: Bad file descriptor\n"
    assert "pwdismec: error" not in log.read_text() if log.exists() else True


def test_results_without_a_place_are_told(job):
    process = start("inspect", job.model, preexec_fn=lambda: os.close(1))
    _, err = process.communicate()
    assert process.returncode == 2
    assert err == "pwdismec: error: standard output: Bad file descriptor\n"


@pytest.mark.parametrize("command", ["evaluate", "predict"])
def test_a_log_that_cannot_be_written_is_one_line(job, tmp_path, command):
    words = {
        "evaluate": ("evaluate", job.predictions, job.test),
        "predict": ("predict", job.model, job.test, tmp_path / "p"),
    }[command]
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    for log, code, why in (
        (FULL, 74, "No space left on device"),
        (tmp_path / "folder", 2, "Is a directory"),
        (tmp_path / "fifo", 2, "No such device or address"),
        (tmp_path / "no" / "log", 2, "No such file or directory"),
    ):
        assert refusal(*words, "--log", log, code=code).startswith(f"{log}: {why}")


def test_an_error_is_told_though_the_log_fails_as_well(job, tmp_path, monkeypatch):
    monkeypatch.setattr(evaluate, "watch", raising(ValueError("first")))
    assert "ValueError: first" in refusal("evaluate", job.predictions, job.test, "--log", FULL, code=INTERNAL)


STRAY = """
import gc, logging, os, sys, threading, warnings
from pathlib import Path
from pwdismec.cli import convert, main
from pwdismec.patience import patient

class Dying:
    def __del__(self):
        raise ValueError("in del \\x1b")

def fail():
    raise ValueError("in thread")

failed = []

@patient
def retried(path):
    if not failed:
        failed.append(path)
        raise OSError(5, "Input/output error", path)

def convert_files(*args, **settings):
    warnings.warn("from a library", RuntimeWarning)
    logging.getLogger("matplotlib").warning("findfont: no font")
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    Dying()
    retrying = threading.Thread(target=retried, args=("a/file",))
    retrying.start()
    retrying.join()
    raise SystemError("the end")

convert.convert_files = convert_files
main.main(["convert", "x", "y", *sys.argv[1:]])
"""


@pytest.fixture
def stray(tmp_path):
    """What a conversion in which all sorts of things go wrong says on standard error."""
    (tmp_path / "stray.py").write_text(STRAY)
    (tmp_path / "x").write_text("1 1 1\n0 0:1\n")

    def told(*options):
        command = [sys.executable, tmp_path / "stray.py", *map(str, options)]
        run = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
        assert (run.returncode, run.stdout) == (INTERNAL, "")
        return run.stderr

    return told


def test_what_reaches_nobody_is_told_in_the_log(stray, tmp_path):
    err = stray("--log", tmp_path / "log", "-q")
    assert err.startswith("pwdismec: error: internal error: SystemError: the end") and err.count("\n") == 1
    log = (tmp_path / "log").read_text()
    for what in (
        "RuntimeWarning: from a library",
        "findfont: no font",
        "internal error in thread Thread-",
        "ValueError: in thread",
        "internal error, ignored: ValueError: in del \\x1b",
        "a/file: Input/output error; trying again in 0.1 s",
    ):
        assert what in log
    assert log.count("Traceback") == 3


def test_what_reaches_nobody_is_a_line_each(stray):
    lines = stray().splitlines()
    assert "a/file: Input/output error; trying again in 0.1 s" in "".join(lines)
    assert not any("from a library" in line or "findfont" in line for line in lines), "for the log alone"
    assert lines[-1].startswith("pwdismec: error: internal error: SystemError: the end")

    events = [json.loads(line) for line in stray("--log-json").splitlines()]
    messages = [event["message"] for event in events if event["event"] == "message"]
    assert [message.partition(":")[0].partition(" Thread-")[0] for message in messages] == [
        "internal error in thread", "internal error, ignored", "a/file",
    ]  # fmt: skip
