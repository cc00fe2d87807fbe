"""Ctrl-C, SIGTERM and SIGHUP end a command with one line, tidied up, at whatever moment they come.

The moments are not waited for, but made: the process sends itself the signal at a place in its code.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers.command_line import complaint, start
from helpers.waiting import wait_until

SIGNALS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated", signal.SIGHUP: "terminated"}

HEAD = """
import os, signal, sys, time
from pathlib import Path

number, folder = int(sys.argv[1]), Path(sys.argv[2])
# Under nohup, or in a shell's background, the tests' own process ignores some of them.
signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
from pwdismec.cli.main import main

def send():
    os.kill(os.getpid(), number)

def convert(instead):
    "The command, with something else to do."
    from pwdismec.cli import convert
    convert.convert_files = lambda *args, **settings: instead()
    main(["convert", str(folder.parent / "x"), str(folder / "y")])
"""

# What happens, and whether a command was under way.
PLACES = {
    "while a module is imported": """
class Finder:
    def find_spec(self, name, *args):
        if name == "numpy":
            send()
sys.meta_path.insert(0, Finder())
main(["inspect", "x"])
""",
    "while options are parsed": """
from pwdismec.cli import train
train.read_settings = lambda path: send()
main(["train", "x", "y", "--settings", "z"])
""",
    "while a file is written": """
from pwdismec.files import replacing_file, replacing_folder
def work():
    with replacing_folder(folder / "a") as a, replacing_file(folder / "b") as b:
        (a / "file").write_text("half")
        b.write_text("half")
        send()
convert(work)
""",
    "while another error is tidied up": """
def work():
    try:
        raise ValueError
    finally:
        send()
convert(work)
""",
    "where Python ignores errors": """
class Dying:
    def __del__(self):
        send()
        time.sleep(0)
def work():
    Dying()
    time.sleep(60)
convert(work)
""",
    "and comes again while it is tidied up": """
from pwdismec.files import replacing_folder
import shutil
rmtree = shutil.rmtree
def slow(*args, **settings):
    send()
    rmtree(*args, **settings)
shutil.rmtree = slow
def work():
    with replacing_folder(folder / "a") as a:
        (a / "file").write_text("half")
        send()
convert(work)
""",
    "and becomes another error": """
def work():
    try:
        send()
        time.sleep(60)
    except BaseException as error:
        raise ImportError("numpy could not be imported") from error
convert(work)
""",
    "when another error is about to be told": """
from pwdismec.cli import signals
from pwdismec.errors import DataError
end = signals.end_work
def ended():
    send()
    return end()
signals.end_work = ended
def work():
    raise DataError("x", "a fault")
convert(work)
""",
    "when the work is done": """
from pwdismec.cli import signals
end = signals.end_work
def ended():
    found = end()
    send()
    return found
signals.end_work = ended
convert(lambda: None)
""",
}


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("place", PLACES)
def test_a_signal_is_one_line_and_leaves_nothing(tmp_path, number, place):
    (tmp_path / "script.py").write_text(HEAD + PLACES[place])
    (tmp_path / "x").write_text("1 1 1\n0 0:1\n")
    (tmp_path / "work").mkdir()
    run = subprocess.run(
        [sys.executable, tmp_path / "script.py", str(number.value), tmp_path / "work"],
        capture_output=True,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert (run.returncode, run.stdout) == (128 + number, ""), run.stderr
    line = complaint(run.stderr)
    assert line.startswith(f"pwdismec: error: {SIGNALS[number]}") and line.count("\n") == 1
    assert not list((tmp_path / "work").iterdir())


def test_signals_that_are_to_be_ignored_are(job, tmp_path):
    """As by nohup, or in a shell's background."""

    def ignore():
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)

    process = start("train", job.train, tmp_path / "m", preexec_fn=ignore)
    wait_until((tmp_path / "m").exists, process)
    for number in (signal.SIGINT, signal.SIGHUP):
        process.send_signal(number)
    _, err = process.communicate()
    assert process.returncode == 0, err


def test_a_signal_at_pythons_own_end_changes_nothing(tmp_path):
    script = HEAD + "import atexit\natexit.register(send)\nmain(['--version'])"
    (tmp_path / "script.py").write_text(script)
    for number in SIGNALS:
        command = [sys.executable, tmp_path / "script.py", str(number.value), tmp_path]
        run = subprocess.run(command, capture_output=True, text=True)
        assert run.returncode == 0 and run.stdout.startswith("pwdismec, version ") and run.stderr == ""


RECORDS = '{{"t": "{}", "l": ["a"]}}\n'


def in_group(group):
    """The processes of a group that have not ended."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, _, own = (folder / "stat").read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(own) == group and state != "Z":
            found.append(int(folder.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into /proc")
@pytest.mark.parametrize("to_all", [False, True], ids=["to the command", "to its processes, too"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("command", ["texts", "loky"])
@pytest.mark.parametrize("wait", [0, 0.05, 0.3])  # what a process sends or waits for must not matter
def test_no_process_is_left_behind(job, tmp_path, command, number, to_all, wait):
    (tmp_path / "r.jsonl").write_text("".join(RECORDS.format(f"der wald {i} " * 30) for i in range(60_000)))
    words = {
        "texts": ("convert", tmp_path / "r.jsonl", tmp_path / "set", "--text", "t", "--label-field", "l"),
        "loky": (
            *("train", job.train, tmp_path / "m", "--backend", "loky", "--workers", 2),
            *("--shard-size", 1, "--tolerance", 1e-30, "--max-epochs", 20_000),  # takes a while
        ),
    }[command]
    process = start(*words, start_new_session=True)
    wait_until(lambda: len(in_group(process.pid)) >= 3, process)
    time.sleep(wait)
    (os.killpg if to_all else os.kill)(process.pid, number)
    _, err = process.communicate(timeout=60)  # its pipes are closed once all who have them have ended
    wait_until(lambda: not in_group(process.pid), seconds=10)  # one may be about to end
    assert process.returncode == 128 + number, err
    assert complaint(err).startswith("pwdismec: error: ") and complaint(err).count("\n") == 1
    assert not list(tmp_path.rglob("*.part"))
