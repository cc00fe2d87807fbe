"""No command destroys what it did not write: one rule for every output of every command (docs/faults.md)."""

import json
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import click
import pytest
import yaml
from helpers.command_line import output, pwdismec, refusal
from helpers.killing import ends_at_rename

from pwdismec.cli.command import InputPath, OutputPath
from pwdismec.cli.commands import COMMANDS, commands

TIME = re.compile(rb'"seconds": [\d.e-]+')  # that the doctor's test takes
FAST = ("--weighting", "pw", "--shard-size", 15, "--jobs", 1)


@dataclass(frozen=True)
class Case:
    """How a command is given an output, and what it reads."""

    arguments: Callable[[SimpleNamespace, Path], list]
    inputs: tuple[str, ...]
    folder: bool = False


CASES = {
    "convert dataset": Case(
        lambda w, out: ["convert", w.train_txt, out, "--label-names", w.names],
        ("train_txt", "names"),
        folder=True,
    ),
    "convert test": Case(
        lambda w, out: [
            *("convert", w.records, w.fresh, "--text", "text", "--label-field", "labels"),
            *("--test", out, "--split", "0.4", "--overwrite", "--jobs", 1),
        ],
        ("records", "fresh"),
        folder=True,
    ),
    "train model": Case(lambda w, out: ["train", w.train, out, *FAST], ("train",), folder=True),
    "train plot": Case(
        lambda w, out: [
            *("train", w.train, w.fresh, *FAST, "--overwrite"),
            *("--calibrate", 0.3, "--calibrate-plot", out),
        ],
        ("train", "fresh"),
    ),
    "tune out": Case(
        lambda w, out: ["tune", w.train, out, *FAST, "--C", "1", "--prune", "0"], ("train",), folder=True
    ),
    "calibrate plot": Case(
        lambda w, out: ["calibrate", w.model, w.test, "--plot", out, "--overwrite"], ("model", "test")
    ),
    "predict output": Case(lambda w, out: ["predict", w.model, w.test_txt, out], ("model", "test_txt")),
    "evaluate json_file": Case(
        lambda w, out: ["evaluate", w.predictions, w.test, "--train", w.train, f"--json={out}"],
        ("predictions", "test", "train"),
    ),
    "evaluate per_label": Case(
        lambda w, out: ["evaluate", w.predictions, w.test, "--train", w.train, "--per-label", out],
        ("predictions", "test", "train"),
    ),
    "report out": Case(lambda w, out: ["report", w.run, "--out", out, "--jobs", 1], ("run",)),
    "prune out": Case(
        lambda w, out: ["prune", w.model, out, "--keep", 3, "--refit", "--train", w.train],
        ("model", "train"),
        folder=True,
    ),
    "slice out": Case(
        lambda w, out: ["slice", w.model, out, "--labels", w.some], ("model", "some"), folder=True
    ),
    "merge out": Case(lambda w, out: ["merge", w.model, w.model, out, "--append"], ("model",), folder=True),
    "import model": Case(lambda w, out: ["import", w.text_model, out], ("text_model",), folder=True),
    "export output": Case(lambda w, out: ["export", w.model, out], ("model",)),
    "inspect json_file": Case(lambda w, out: ["inspect", w.model, f"--json={out}"], ("model",)),
    "status json_file": Case(lambda w, out: ["status", w.model, f"--json={out}"], ("model",)),
    "suggest json_file": Case(
        lambda w, out: ["suggest", w.trained_on_texts, "wort1", f"--json={out}"], ("trained_on_texts",)
    ),
    "doctor json_file": Case(lambda w, out: ["doctor", f"--json={out}"], ()),
}
FOLDERS = [name for name, case in CASES.items() if case.folder]
FILES = [name for name, case in CASES.items() if not case.folder]
NO_OVERWRITE = {"convert test", "train plot", "calibrate plot"}  # given above, for what else they write


def all_commands():
    """Every command by its name, those of groups too."""
    context = click.Context(commands)

    def below(group, prefix=""):
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            if isinstance(command, click.Group):
                yield from below(command, f"{prefix}{name} ")
            else:
                yield f"{prefix}{name}", command

    return dict(below(commands))


@pytest.fixture(scope="module")
def made(job, tmp_path_factory):
    """What the commands read, and a run."""
    folder = tmp_path_factory.mktemp("made") / "all"
    shutil.copytree(job.folder, folder)
    (folder / "some.txt").write_text("label-1\nlabel-3\n")
    rows = [{"text": f"wort{i % 4} wort{i % 3}", "labels": [f"l{i % 4}"]} for i in range(40)]
    (folder / "records.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    output("export", folder / "model", folder / "model.txt")
    texts = folder / "texts"
    output("convert", folder / "records.jsonl", texts, "--text", "text", "--label-field", "labels")
    output("train", texts, folder / "trained_on_texts", *FAST)
    config = {
        "name": "x",
        "data": ".",
        "train": "train.txt",
        "test": "test.txt",
        "weightings": ["pw"],
    }
    (folder / "x.yaml").write_text(yaml.safe_dump(config))
    output("run", folder / "x.yaml", "--out", folder / "run")
    return folder


@pytest.fixture
def w(made, tmp_path):
    """The same, to be spoilt; `fresh` is not there."""
    shutil.copytree(made, tmp_path / "w")
    names = {
        **{name: name for name in ("train", "test", "model", "run", "fresh", "trained_on_texts")},
        **{"train_txt": "train.txt", "test_txt": "test.txt", "names": "names.txt", "some": "some.txt"},
        **{"records": "records.jsonl", "text_model": "model.txt", "predictions": "p.txt"},
    }
    return SimpleNamespace(**{name: tmp_path / "w" / file for name, file in names.items()})


def state_of(*paths):
    """The bytes of files, and of all in folders; a folder's inode as well, for what replaced it."""
    found = {}
    for top in paths:
        for path in [top, *sorted(top.rglob("*"))]:
            derived = path.name in ("index.safetensors", "verified.json")
            found[path] = TIME.sub(b"", path.read_bytes()) if path.is_file() and not derived else None
    return found


def arguments(name, w, out, overwrite=False):
    given = CASES[name].arguments(w, out)
    if overwrite:
        return given if name in NO_OVERWRITE else [*given, "--overwrite"]
    return [each for each in given if each != "--overwrite"]


def inputs_of(name, w):
    return [path for each in CASES[name].inputs if (path := getattr(w, each)).exists()]


def test_every_output_of_every_command_is_in_the_table():
    outputs = {
        f"{name} {parameter.name}"
        for name, command in all_commands().items()
        for parameter in command.params
        if isinstance(parameter.type, OutputPath) and parameter.name != "log"
    }
    assert outputs == set(CASES)
    assert {name.split()[0] for name in CASES} <= set(COMMANDS)


def test_every_path_says_whether_it_is_read_or_written():
    neither = {
        f"{name} {parameter.name}"
        for name, command in all_commands().items()
        for parameter in command.params
        if isinstance(parameter.type, click.Path) and not isinstance(parameter.type, (InputPath, OutputPath))
    }
    assert neither == {"run data", "run out", "demo out"}  # that the data are in, and two with many outputs


def test_every_command_with_an_output_takes_overwrite():
    for name in CASES:
        command = all_commands()[name.split()[0]]
        assert "overwrite" in {parameter.name for parameter in command.params}, name


@pytest.mark.parametrize("name", CASES)
def test_an_output_that_is_there_is_replaced_with_overwrite_alone(name, w, tmp_path):
    out = tmp_path / "out"
    output(*arguments(name, w, out))
    first, made = state_of(out), out.stat().st_ino
    shutil.rmtree(w.fresh, ignore_errors=True)
    (w.model / "calibration.safetensors").unlink(missing_ok=True)
    message = refusal(*arguments(name, w, out))
    assert message.startswith(f"{out}: ") and "--overwrite" in message
    assert state_of(out) == first and out.stat().st_ino == made
    if not CASES[name].folder:
        out.write_text("old")
    output(*arguments(name, w, out, overwrite=True))
    assert out.stat().st_ino != made
    assert state_of(out).keys() == first.keys()
    if name != "train plot":  # a plot holds no time, but its model is calibrated anew
        assert state_of(out) == first
    hidden = [path.name for path in tmp_path.iterdir() if path.name.startswith(".")]
    assert hidden == []


@pytest.mark.parametrize("name", CASES)
def test_an_output_that_is_an_input_is_refused(name, w, tmp_path):
    for given in inputs_of(name, w):
        before = state_of(given)
        link = tmp_path / f"link-{given.name}"
        link.symlink_to(given)
        others = [link]
        if given.is_file():
            (tmp_path / f"hard-{given.name}").hardlink_to(given)
            others.append(tmp_path / f"hard-{given.name}")
        for out in (given, *others, given.parent / "." / ".." / "w" / given.name):
            message = refusal(*arguments(name, w, out, overwrite=True))
            assert str(out) in message and "an input" in message
        assert state_of(given) == before and link.is_symlink()


@pytest.mark.parametrize("name", CASES)
def test_an_output_in_the_folder_of_an_input_is_refused(name, w, tmp_path):
    for given in filter(Path.is_dir, inputs_of(name, w)):
        before = state_of(given)
        (tmp_path / f"link-{given.name}").symlink_to(given)
        inside = [given / "new", next(path for path in given.iterdir() if path.is_file())]
        for out in (*inside, tmp_path / f"link-{given.name}" / "new"):
            assert "lies in an input" in refusal(*arguments(name, w, out, overwrite=True))
        assert state_of(given) == before


@pytest.mark.parametrize("name", FOLDERS)
def test_an_output_that_holds_an_input_is_refused(name, w):
    before = state_of(w.train.parent)
    message = refusal(*arguments(name, w, w.train.parent, overwrite=True))
    assert "holds an input" in message
    assert state_of(w.train.parent) == before


@pytest.mark.parametrize("foreign", ["notes.md", "sub/notes.md", ".hidden", "empty/"])
@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_with_other_files_is_never_replaced(name, foreign, w, tmp_path):
    out = tmp_path / "out"
    output(*arguments(name, w, out))
    (out / foreign).parent.mkdir(exist_ok=True)
    (out / foreign).mkdir() if foreign.endswith("/") else (out / foreign).write_text("precious")
    shutil.rmtree(w.fresh, ignore_errors=True)
    before = state_of(out)
    message = refusal(*arguments(name, w, out, overwrite=True))
    assert f"{out}: holds {Path(foreign).parts[0]}" in message
    assert state_of(out) == before


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_or_file_of_another_kind_is_never_replaced(name, w, tmp_path):
    (tmp_path / "file").write_text("precious")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "notes.md").write_text("precious")
    other = w.test if name not in ("convert dataset", "convert test") else w.model
    before = state_of(tmp_path / "file", tmp_path / "folder", other)
    for out in (tmp_path / "file", tmp_path / "folder", other):
        assert str(out) in refusal(*arguments(name, w, out, overwrite=True))
    assert state_of(tmp_path / "file", tmp_path / "folder", other) == before


@pytest.mark.parametrize("name", FILES)
def test_a_folder_or_device_is_never_replaced_by_a_file(name, w, tmp_path):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    for out in (tmp_path / "folder", tmp_path / "fifo", Path("/dev/null")):
        assert str(out) in refusal(*arguments(name, w, out, overwrite=True))
    assert (tmp_path / "fifo").is_fifo() and Path("/dev/null").is_char_device()


@pytest.mark.parametrize("name", CASES)
def test_a_link_is_followed_and_stays(name, w, tmp_path):
    link, target = tmp_path / "link", tmp_path / "there" / "out"
    target.parent.mkdir()
    link.symlink_to(target)
    output(*arguments(name, w, link))
    assert link.is_symlink() and target.exists()
    shutil.rmtree(w.fresh, ignore_errors=True)
    (w.model / "calibration.safetensors").unlink(missing_ok=True)
    made = target.stat().st_ino
    message = refusal(*arguments(name, w, link))
    assert message.startswith((f"{link}: ", f"{target}: "))
    output(*arguments(name, w, link, overwrite=True))
    assert link.is_symlink() and target.stat().st_ino != made


@pytest.mark.parametrize("name", CASES)
def test_a_log_is_neither_read_nor_written_by_its_command(name, w, tmp_path):
    out = tmp_path / "out"
    given = inputs_of(name, w)
    before = state_of(*given)
    logs = [path / "x.log" if path.is_dir() else path for path in given]
    logs += [path for folder in filter(Path.is_dir, given) for path in folder.iterdir() if path.is_file()]
    for log in (*logs, out, *([out / "x.log"] if CASES[name].folder else [])):
        assert str(log) in refusal(*arguments(name, w, out), "--log", log)
    assert state_of(*given) == before and not out.exists()


@pytest.mark.parametrize("done", [False, True], ids=["before a rename", "after a rename"])
@pytest.mark.parametrize(
    "name", [name for name in CASES if name != "doctor json_file"]
)  # its checks take a second each time
def test_a_kill_at_any_rename_loses_nothing_and_is_swept(name, done, w, tmp_path):
    out = tmp_path / "out"
    output(*arguments(name, w, out))
    made = state_of(out)
    again = arguments(name, w, out, overwrite=True)
    kills = 0
    while ends_at_rename(kills, done, lambda: output(*again)):
        kills += 1
        assert state_of(out) == made, "it is the older one, or the new one"
        output(*again)
        assert state_of(out) == made
        assert [path for path in tmp_path.rglob(".*") if path.name != ".cache"] == []
    assert kills > 0


def test_two_outputs_of_a_command_are_kept_apart(w, tmp_path):
    convert = ["convert", w.records, w.fresh, *("--text", "text", "--label-field", "labels")]
    for test in (w.fresh, w.fresh / "test"):
        assert "another output" in refusal(*convert, "--test", test, "--split", "0.4")
    train = ["train", w.train, w.fresh, *FAST, "--calibrate", 0.3]
    for plot in (w.fresh, w.fresh / "plot.png"):
        assert "another output" in refusal(*train, "--calibrate-plot", plot)
    assert not w.fresh.exists()


def test_standard_input_is_not_its_own_output(w):
    before = w.test_txt.read_bytes()
    with w.test_txt.open("rb") as stream:
        saved = os.dup(0)
        os.dup2(stream.fileno(), 0)
        try:
            message = refusal("predict", w.model, "-", w.test_txt, "--overwrite")
        finally:
            os.dup2(saved, 0)
            os.close(saved)
    assert "is an input" in message and w.test_txt.read_bytes() == before


def test_a_file_of_weights_is_an_input(w, tmp_path):
    weights = tmp_path / "weights.txt"
    weights.write_text("2\n" * 45)
    for more in (["--log", weights], ["--calibrate", 0.3, "--calibrate-plot", weights, "--overwrite"]):
        given = ["train", w.train, tmp_path / "m", "--weighting", f"file:{weights}", *more]
        assert "is an input" in refusal(*given)
    assert weights.read_text() == "2\n" * 45


def test_a_calibration_is_replaced_with_overwrite_alone(w):
    output("calibrate", w.model, w.test)
    first = (w.model / "calibration.safetensors").read_bytes()
    more = ["calibrate", w.model, w.test, "--method", "platt"]
    assert "calibration.safetensors: exists; --overwrite" in refusal(*more)
    assert (w.model / "calibration.safetensors").read_bytes() == first
    output(*more, "--overwrite")
    assert (w.model / "calibration.safetensors").read_bytes() != first


def test_a_report_in_its_run_is_replaced_with_overwrite_alone(w):
    output("report", w.run)
    before = state_of(w.run)
    assert "report.html: exists; --overwrite" in refusal("report", w.run)
    output("report", w.run, "--overwrite")
    assert state_of(w.run) == before
    (w.run / "report-plots" / "mine.png").touch()
    assert "report-plots: holds mine.png" in refusal("report", w.run, "--overwrite")


@pytest.mark.parametrize(
    "foreign",
    ["train/notes.md", "predictions-pw.txt", "report-pw.json", "report.json", "steps/train-pw.json"],
)
def test_a_run_overwrites_nothing_but_its_own(w, tmp_path, foreign):
    out = tmp_path / "work"
    (out / foreign).parent.mkdir(parents=True)
    (out / foreign).write_text("precious")
    message = refusal("run", w.run.parent / "x.yaml", "--out", out)
    assert str(out / Path(foreign).parts[0]) in message
    assert (out / foreign).read_text() == "precious"


def test_a_run_overwrites_its_own_and_not_what_was_changed(w):
    config = w.run.parent / "x.yaml"
    config.write_text(config.read_text() + "predict: {top_k: 6}\n")
    output("run", config, "--out", w.run)
    (w.run / "predictions-pw.txt").write_text("mine")
    message = refusal("run", config, "--out", w.run)
    assert "predictions-pw.txt: exists, and is not what this experiment wrote there" in message
    assert (w.run / "predictions-pw.txt").read_text() == "mine"


@pytest.mark.parametrize(
    "log", ["train.txt", "x.yaml", "run/report.json", "run/model-pw/x.log", "run/steps/a"]
)
def test_a_log_is_neither_read_nor_written_by_a_run(w, log):
    before = state_of(w.run.parent)
    folder = w.run.parent
    assert str(folder / log) in refusal("run", folder / "x.yaml", "--out", w.run, "--log", folder / log)
    assert state_of(w.run.parent) == before


def test_a_command_without_outputs_takes_no_overwrite():
    assert "overwrite" not in {parameter.name for parameter in all_commands()["completion"].params}


def test_an_array_is_not_submitted_for_an_output_that_is_there(w):
    answer = pwdismec("slurm", "predict", "--dry-run", w.model, w.test_txt, w.predictions)
    assert answer.code == 2 and f"{w.predictions}: exists; --overwrite replaces it" in answer.err
    output("slurm", "predict", "--dry-run", w.model, w.test_txt, w.predictions, "--overwrite")
    answer = pwdismec("slurm", "train", "--dry-run", w.train, w.test)
    assert answer.code == 2 and str(w.test) in answer.err


def test_settings_are_an_input_for_the_log_too(w):
    (w.train.parent / "s.yaml").write_text("training: {C: 1}\n")
    settings = w.train.parent / "s.yaml"
    options = ("--settings", settings, "--log", settings)
    assert "is an input" in refusal("train", w.train, w.train.parent / "new", *options)
    assert settings.read_text() == "training: {C: 1}\n"


def test_a_log_may_not_have_the_name_of_a_hidden_part(w, tmp_path):
    for name in (".p.txt.job", ".p.txt.00000000.part"):
        message = refusal("predict", w.model, w.test, tmp_path / "p.txt", "--log", tmp_path / name)
        assert "has the name of a part of" in message
        assert {path.name for path in tmp_path.iterdir()} == {"w"}


def test_the_folder_that_a_command_runs_in_is_not_replaced(w, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for arguments in (("slice", w.model, ".", "--labels", w.some), ("prune", w.model, ".", "--keep", 3)):
        assert "the folder that this runs in" in refusal(*arguments)


def test_paths_of_thousands_of_parts_are_refused_at_once(w, tmp_path):
    long = "x/" * 3000
    (tmp_path / "c.yaml").write_text(f"name: z\ndata: {long}\ntrain: t.txt\ntest: t.txt\nweightings: [pw]\n")
    assert "File name too long" in refusal("run", tmp_path / "c.yaml", "--out", tmp_path / "r")
    assert "File name too long" in refusal("convert", f"{long}t.txt", tmp_path / "out")
