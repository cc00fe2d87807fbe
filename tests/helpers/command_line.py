"""Running the pwdismec command in tests, in this process or in one of its own."""

import io
import re
import signal
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

from pwdismec.cli.commands import run


class Answer(NamedTuple):
    code: int
    out: str
    err: str


def pwdismec(*args) -> Answer:
    """What the command answers, in this process."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace", newline="") for _ in range(2))
    with redirect_stdout(out), redirect_stderr(err):
        code = run([str(arg) for arg in args])
    return Answer(code, *(stream.buffer.getvalue().decode() for stream in (out, err)))


def output(*args) -> str:
    """The results on standard output of a command that must succeed."""
    answer = pwdismec(*args)
    assert answer.code == 0, answer.err
    return answer.out


_TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d "


def complaint(err: str) -> str:
    """Standard error without the log's lines, which begin with the time."""
    return "".join(line for line in err.splitlines(keepends=True) if not re.match(_TIME, line))


def told(err: str) -> list[str]:
    """The log's lines on standard error, without the time."""
    return [line[len("2026-01-01 00:00:00 ") :] for line in err.splitlines() if re.match(_TIME, line)]


# The exit code where a disk is full, or a disk or network fails.
DISK = 74


def refusal(*args, code=2) -> str:
    """The one line with which the command refuses."""
    answer = pwdismec(*args)
    assert (answer.code, answer.out) == (code, ""), answer
    err = complaint(answer.err)
    assert err.startswith("pwdismec: error: ") and err.count("\n") == 1, answer.err
    return err.removeprefix("pwdismec: error: ").rstrip("\n")


def start(*args, preexec_fn=lambda: None, **settings) -> subprocess.Popen:
    """The installed command in a process of its own."""

    def prepare() -> None:
        # What a shell starts in the background ignores Ctrl-C, and so would its children.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        preexec_fn()

    command = [Path(sys.executable).with_name("pwdismec"), *map(str, args)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, preexec_fn=prepare, **(pipes | settings))
