"""What commands tell on the way: as JSON, as lines, on a terminal, or not at all."""

import json
import os
import pty
import re
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from helpers.command_line import complaint, output, pwdismec, told

from pwdismec.cli import events, messages, terminal
from pwdismec.plain_text import duration_text

KEYS = [
    "time", "command", "event", "step", "unit", "before", "done", "total", "rate", "eta", "seconds",
    "message", "traceback",
]  # fmt: skip

# Every command that takes long, and the steps that it tells of.
LONG = {
    "convert": ({"convert": "rows"}, ["{train_txt}", "{tmp}/set"]),
    "train": ({"train": "labels"}, ["{train}", "{tmp}/model", "--shard-size", "10"]),
    "tune": ({"tune": "labels"}, ["{train}", "{tmp}/tuned", "--C", "1", "--prune", "0.01"]),
    "predict": ({"predict": "instances"}, ["{model}", "{test}", "{tmp}/p"]),
    "evaluate": ({"evaluate": "instances"}, ["{predictions}", "{test}"]),
    "prune": ({"prune": "labels"}, ["{model}", "{tmp}/small", "--keep", "3"]),
    "slice": ({"slice": "shards"}, ["{model}", "{tmp}/slice", "--labels", "{tmp}/labels"]),
    "merge": ({"merge": "shards"}, ["{model}", "{model}", "{tmp}/merged", "--append"]),
    "export": ({"export": "features"}, ["{model}", "{tmp}/model.txt"]),
    "import": ({"import": "files"}, ["{tmp}/exported", "{tmp}/imported"]),
    "run": (
        {
            "convert-train": "rows",
            "convert-test": "rows",
            "train-pw": "labels",
            "predict-pw": "instances",
            "evaluate-pw": "instances",
        },
        ["{tmp}/run.yaml", "--out", "{tmp}/run"],
    ),
}


@pytest.fixture
def command(job, tmp_path):
    """The words of one of the commands above."""
    (tmp_path / "labels").write_text("1\n2\n")
    settings = {"name": "run", "train": ["train.txt"], "test": ["test.txt"], "weightings": ["pw"]}
    settings["data"] = str(job.folder)
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(settings))

    def words(name):
        if name == "import":
            output("export", job.model, tmp_path / "exported")
        return [name, *(word.format(tmp=tmp_path, **vars(job)) for word in LONG[name][1])]

    return words


@pytest.mark.parametrize("name", LONG)
def test_json_tells_each_step_from_its_start_to_its_end(command, name):
    words = command(name)
    answer = pwdismec(*words, "--log-json")
    assert answer.code == 0
    records = [json.loads(line) for line in answer.err.splitlines()]
    assert all(list(record) == KEYS and record["command"] == name for record in records)
    times = [datetime.fromisoformat(record["time"]) for record in records]
    assert times == sorted(times) and times[0].tzinfo is not None
    steps = {record["step"]: record["unit"] for record in records if record["event"] == "start"}
    assert steps == LONG[name][0]
    for step in steps:
        own = [record for record in records if record["step"] == step]
        assert [own[0]["event"], own[-1]["event"]] == ["start", "end"]
        counts = [record["done"] for record in own[1:]]
        assert counts == sorted(counts)
        assert own[-1]["done"] == own[-1]["total"] > 0 == own[-1]["before"]


@pytest.mark.parametrize("name", LONG)
def test_quiet_leaves_standard_error_empty_and_a_log_is_kept_all_the_same(command, tmp_path, name):
    log = tmp_path / "log"
    log.write_text("2026-11-29 10:00:00 what was there\n")
    answer = pwdismec(*command(name), "--quiet", "--log", log)
    assert (answer.code, answer.err) == (0, "")
    first, *lines = log.read_text().splitlines()
    assert first.endswith("what was there")
    for step, unit in LONG[name][0].items():
        assert any(re.search(rf"^\S+ \S+ {step}: [\d,]+ {unit[:-1]}s? in [\d.]+ s$", line) for line in lines)


def test_what_is_done_for_the_first_time_was_not_done_before(job, tmp_path):
    """The steps of conversions of texts, of calibrations and reports; others are tested above."""
    pytest.importorskip("matplotlib")
    records = tmp_path / "r.jsonl"
    records.write_text('{"t": "der wald", "l": ["a"]}\n' * 3)
    settings = {"name": "run", "train": ["train.txt"], "test": ["test.txt"], "weightings": ["vanilla", "pw"]}
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(settings | {"data": str(job.folder)}))
    output("train", job.train, tmp_path / "model", "--shard-size", "10")
    output("run", tmp_path / "run.yaml", "--out", tmp_path / "run")
    for words in (
        ("convert", records, tmp_path / "texts", "--text", "t", "--label-field", "l"),
        ("convert", records, tmp_path / "like", "--like", tmp_path / "texts"),
        ("calibrate", tmp_path / "model", job.test),
        ("report", tmp_path / "run"),
    ):
        answer = pwdismec(*words, "--log-json")
        assert answer.code == 0
        events = [json.loads(line) for line in answer.err.splitlines()]
        assert {event["before"] for event in events if event["event"] == "end"} == {0}, words


def test_results_are_the_same_however_much_is_told(job, tmp_path):
    words = "evaluate", job.predictions, job.test
    options = [], ["-q"], ["--log-json"], ["--log", tmp_path / "log"]
    results = {pwdismec(*words, *some).out for some in options}
    assert len(results) == 1


def test_an_error_is_in_the_log_and_ends_it(job, tmp_path):
    wrong = "predict", job.model, tmp_path / "nothing", tmp_path / "p"
    plain = pwdismec(*wrong, "--log", tmp_path / "log")
    message = complaint(plain.err).removeprefix("pwdismec: error: ").rstrip("\n")
    assert (tmp_path / "log").read_text().endswith(f" error: {message}\n")
    assert pwdismec(*wrong, "--quiet").err == complaint(plain.err)

    as_json = pwdismec(*wrong, "--log-json")
    assert as_json.code == plain.code == 2
    records = [json.loads(line) for line in as_json.err.splitlines()]
    assert [record["event"] for record in records] == ["start", "abort", "error"]
    assert (records[-1]["command"], records[-1]["message"]) == ("predict", message)


def test_a_log_that_cannot_be_written_is_told_before_anything_is_done(job, tmp_path):
    answer = pwdismec("train", job.train, tmp_path / "m", "--log", tmp_path / "no" / "log")
    assert answer.code == 2
    assert answer.err == f"pwdismec: error: {tmp_path / 'no' / 'log'}: No such file or directory\n"
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize(
    "content", [b"0 1:0.5\n", b'{"format": "pwdismec-dataset"}', b"\0\1\2", b"\n", b"2026-11-30\n"]
)
def test_a_file_that_is_no_log_is_not_written_to(job, tmp_path, content):
    other = tmp_path / "other"
    other.write_bytes(content)
    answer = pwdismec("train", job.train, tmp_path / "m", "--log", other)
    assert answer.code == 2
    assert answer.err == (
        f"pwdismec: error: {other}: not a log of pwdismec; expected a new file, or one written by --log\n"
    )
    assert other.read_bytes() == content and not (tmp_path / "m").exists()


@pytest.mark.parametrize("forms", [(), ("--log-json",)])
def test_a_log_goes_on_behind_its_end_in_either_form(job, tmp_path, forms):
    log = tmp_path / "log"
    log.touch()
    for form in (forms, (), ("--log-json",)):
        before = log.read_bytes()
        answer = pwdismec("predict", job.model, tmp_path / "nothing", tmp_path / "p", "--log", log, *form)
        assert (
            answer.code == 2 and log.read_bytes().startswith(before) and len(log.read_bytes()) > len(before)
        )


@pytest.fixture
def clock(monkeypatch):
    """The time, as a list of one number."""
    now = [0.0]
    monkeypatch.setattr(events.time, "monotonic", lambda: now[0])
    return now


def test_lines_are_few_and_say_what_is_left(clock, capsys):
    with messages.watch("train", "labels") as update:
        clock[0] += 30  # to get ready
        update(100, 1000)
        for done in range(101, 1001):
            clock[0] += 0.125
            update(done, 1000, note="0 of 2 shards")
    out, err = capsys.readouterr()
    lines = told(err)
    assert out == "" and 9 <= len(lines) <= 16
    assert lines[0] == "train: 100 of 1,000 labels"
    assert lines[1] == "train: 140 of 1,000 labels, 0 of 2 shards, 8/s, 1 min 50 s left"
    assert lines[-1] == "train: 1,000 labels, 900 of them now, in 2 min 22 s"


@pytest.mark.parametrize(
    ("rate", "shown"), [(0.0123, "0.012/s"), (9.5, "9.5/s"), (12.3, "12/s"), (4e5, "400,000/s")]
)
def test_slow_rates_have_two_digits(rate, shown):
    event = events.Event("progress", "train", "labels", done=1, total=7, rate=rate, eta=3)
    assert event.text() == f"train: 1 of 7 labels, {shown}, 3 s left"


def test_the_time_left_on_a_terminal_goes_down_to_nothing():
    event = events.Event("progress", "train", "labels", done=1, total=7, rate=2, eta=3)
    task = SimpleNamespace(fields={"event": event, "at": time.monotonic() - 100})
    assert str(terminal._Status().render(task)).endswith(", 0 s left")


def test_a_long_step_has_a_line_a_minute(clock, capsys):
    with messages.watch("convert", "rows") as update:
        for done in range(36_000):
            clock[0] += 1
            update(done, None)
    lines = told(capsys.readouterr().err)
    assert 600 <= len(lines) <= 660
    assert lines[-1] == "convert: 35,999 rows in 10 h"


@pytest.mark.parametrize(("done", "expected"), [(0, "0 rows"), (1, "1 row"), (1234, "1,234 rows")])
def test_counts_and_their_units(clock, capsys, done, expected):
    with messages.watch("convert", "rows") as update:
        update(0, done)
        update(done, done)
    assert told(capsys.readouterr().err) == [f"convert: {expected} in 0.0 s"]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (3.21, "3.2 s"), (9.97, "10 s"), (42, "42 s"), (59.7, "1 min"), (61, "1 min 1 s"), (3600, "1 h"),
        (7500, "2 h 5 min"), (180_000, "2 d 2 h"),
    ],
)  # fmt: skip
def test_durations(seconds, expected):
    assert duration_text(seconds) == expected


def on_a_terminal(*args, **environment) -> tuple[int, str, str]:
    """Exit code, standard output, and what comes to the terminal that standard error is."""
    main, terminal = pty.openpty()
    program = Path(sys.executable).with_name("pwdismec")
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80", **environment}
    process = subprocess.Popen(
        [program, *map(str, args)], stdout=subprocess.PIPE, stderr=terminal, text=True, env=environment
    )
    os.close(terminal)
    shown = b""
    try:
        while piece := os.read(main, 65536):
            shown += piece
    except OSError:  # how Linux tells the end
        pass
    os.close(main)
    out, _ = process.communicate()
    return process.returncode, out, shown.decode()


def test_a_terminal_gets_a_bar_that_goes_away(job, tmp_path):
    code, out, shown = on_a_terminal("predict", job.model, job.test, tmp_path / "p")
    assert (code, out) == (0, "")
    assert "\x1b[?25l" in shown and shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l"), "no cursor"
    last = shown[shown.rindex("\x1b[2K") :].removeprefix("\x1b[2K")
    assert re.fullmatch(r"predict: 50 instances in [\d.]+ s\r\n", last)


def test_an_error_leaves_the_terminal_in_order(job, tmp_path):
    code, out, shown = on_a_terminal("predict", job.model, tmp_path / "nothing", tmp_path / "p")
    assert (code, out) == (2, "")
    assert shown.rindex("pwdismec: error: ") > shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")


@pytest.mark.parametrize("options", [["-q"], ["--log-json"]])
def test_a_terminal_gets_no_bar_that_is_not_wanted(job, tmp_path, options):
    _, _, shown = on_a_terminal("predict", job.model, job.test, tmp_path / "p", *options)
    assert "\x1b" not in shown


def test_a_dumb_terminal_gets_lines(job, tmp_path):
    _, _, shown = on_a_terminal("predict", job.model, job.test, tmp_path / "p", TERM="dumb")
    assert "\x1b" not in shown and told(shown)[-1].startswith("predict: 50 instances in ")
