"""Options mean the same in every command, before and after its name; mistakes are a line with a hint."""

import json
import subprocess
import sys
from importlib.metadata import version

import click
import pytest
import scipy.sparse as sp
from helpers.command_line import complaint, output, pwdismec, refusal, told

import pwdismec as package
from pwdismec import Model
from pwdismec.cli.commands import commands
from pwdismec.prediction.files import read_predictions

# What takes a list in tune, which tries each; and --out, a page or a folder.
LISTS = {"--weighting", "--C", "--beta", "--prune", "--out"}


def all_options():
    """The options of every command, those of groups too, with its name."""

    def below(group, prefix=""):
        for name in group.list_commands(None):
            command = group.get_command(None, name)
            if isinstance(command, click.Group):
                yield from below(command, f"{prefix}{name} ")
            else:
                options = (param for param in command.params if isinstance(param, click.Option))
                yield from ((f"{prefix}{name}", option) for option in options)

    return list(below(commands))


def test_the_same_name_takes_the_same_kind_of_value():
    kinds = {}
    for _, option in all_options():
        name = option.opts[-1]
        kind = option.is_flag, option.metavar, type(option.type).__name__
        kinds.setdefault(name, set()).add(kind)
    several = {name for name, found in kinds.items() if len(found) > 1}
    assert several - LISTS == {"--train"}  # in evaluate a file of labels or counts will do


@pytest.mark.parametrize("before", [True, False])
def test_global_options_before_and_after_the_command(job, tmp_path, before):
    def predict(*options):
        words = ["predict", job.model, job.test, tmp_path / "p", "--overwrite"]
        return pwdismec(*options, *words) if before else pwdismec(*words, *options)

    assert "predict: 50 instances" in predict().err
    assert predict("--quiet") == (0, "", "")
    events = [json.loads(line) for line in predict("--log-json").err.splitlines()]
    assert {event["command"] for event in events} == {"predict"}
    assert predict("-q", "--log", tmp_path / "log").err == ""
    assert "predict: 50 instances" in (tmp_path / "log").read_text()
    before_it = (tmp_path / "p").read_bytes()
    answer = predict("--log", tmp_path / "p")
    assert answer.code == 2 and "is another output" in answer.err
    assert (tmp_path / "p").read_bytes() == before_it
    assert "--quiet and --verbose exclude each other" in predict("-q", "-v").err


def test_options_on_both_sides_are_all_heeded(job, tmp_path):
    answer = pwdismec("--log", tmp_path / "log", "evaluate", job.predictions, job.test, "--log-json", "-q")
    assert answer.err == ""
    assert all(json.loads(line) for line in (tmp_path / "log").read_text().splitlines())


def test_what_one_command_was_given_is_forgotten_in_the_next(job, tmp_path):
    pwdismec("--quiet", "inspect", job.model)
    assert told(pwdismec("predict", job.model, job.test, tmp_path / "p").err)


@pytest.mark.parametrize(
    "words, said",
    [
        (["trian"], "trian: no such command; did you mean train?"),
        (["nothing"], "nothing: no such command; see pwdismec --help"),
        (["train", "--max-epoch", 3], "--max-epoch: no such option; did you mean --max-epochs?"),
        (["train", "--zzz"], "--zzz: no such option; see pwdismec train --help"),
        (["train", "set"], "missing MODEL; usage: pwdismec train [OPTIONS] DATASET MODEL"),
        (["train", "a", "b", "--jobs", "x"], "--jobs: 'x' is not a valid integer"),
        (["train", "a", "b", "--jobs", 2**31], "--jobs: 2147483648; expected a number below 2^31"),
        (["train", "a", "b", "--solver", "x"], "--solver: 'x' is not one of 'block-dcd', 'liblinear'"),
        (["train", "a", "b", "--workers", 2], "--workers requires --backend loky"),
        (["train", "a", "b", "--scheduler", "x"], "--scheduler and --backend dask require each other"),
        (["evaluate", "a", "b", "--propensity", "0.5"], "propensity preset '0.5'; expected one of default, "),
        (["evaluate", "a", "b", "--propensity", "a,b"], "--propensity: 'a,b'; expected numbers such as"),
        (["predict", "m", "x", "p.jsonl.gz"], "p.jsonl.gz: compressed output is not supported"),
        (["predict", "m", "x", "-", "--resume"], "--resume and --part require a file"),
        (["predict", "m", "x", "-", "--output-format", "npz"], "--output-format npz: expected a file"),
        (["status", "m", "--watch", "--json", "s.json"], "--json FILE and --watch exclude each other"),
        (["slurm", "predict", "m", "x", "-"], "-: expected files, which tasks can share"),
    ],
)
def test_a_mistake_is_one_line_with_a_hint(words, said):
    assert refusal(*words).startswith(said)


def test_a_mistake_is_json_where_that_was_asked_for_before():
    answer = pwdismec("--log-json", "train", "--zzz")
    assert json.loads(answer.err)["message"] == "--zzz: no such option; see pwdismec train --help"


@pytest.mark.parametrize("words", [[], ["slurm"]])
def test_a_group_alone_shows_its_help(words):
    answer = pwdismec(*words)
    assert (answer.code, answer.err) == (0, "") and answer.out.startswith("Usage: pwdismec")
    assert answer.out == output(*words, "--help")


def test_long_help_is_in_sections_and_short_help_is_not():
    def sections(command):
        return [line for line in output(command, "--help").splitlines() if line.endswith("options:")]

    named = ["Resource options:", "Output options:", "Global options:"]
    assert sections("train") == ["Weighting options:", "Solver options:", "Calibration options:", *named]
    assert sections("convert") == ["Input options:", "Feature options:", "Text options:", *named]
    assert sections("slice") == ["Global options:"]


def test_every_option_of_a_long_command_is_in_a_section():
    for name, option in all_options():
        if name in ("train", "convert", "predict", "evaluate", "tune", "suggest"):
            own = output(name, "--help").partition("\nOptions:\n")[2]
            assert own == "", (name, option.name)


def test_the_module_is_the_command_and_knows_its_version(tmp_path):
    command = [sys.executable, "-m", "pwdismec", "--version"]
    run = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=True)
    assert run.stdout == f"pwdismec, version {version('pwdismec')}\n"
    assert package.__version__ == version("pwdismec")


def test_results_as_json_on_standard_output_or_in_a_file(job, tmp_path):
    for words in (
        ["inspect", job.model],
        ["inspect", job.train],
        ["inspect", job.predictions],
        ["status", job.model],
        ["evaluate", job.predictions, job.test],
    ):
        name, *rest = words
        text = output(*words)
        printed = output(name, "--json", *rest)  # before what is no .json
        assert printed.count("\n") == 1 and output(*words, "--json") == printed
        out = tmp_path / "out.json"
        assert output(*words, "--json", out, "--overwrite") == text
        assert json.loads(out.read_text()) == json.loads(printed)
        assert refusal(*words, "--json", out).startswith(f"{out}: ")
        assert output(*words, f"--json={tmp_path / 'any'}", "--overwrite") == text
        assert (tmp_path / "any").read_bytes() == out.read_bytes()


def test_inspect_as_json_has_the_figures(job):
    model = Model.open(job.model)
    found = json.loads(output("inspect", job.model, "--json"))
    assert (found["kind"], found["weights"], found["shards"]) == ("model", model.nnz, 5)
    assert found["config"] == model.manifest.run.config
    found = json.loads(output("inspect", job.test, "--json"))
    assert (found["kind"], found["n_instances"], found["n_labels"]) == ("data set", 50, job.whole.n_labels)
    found = json.loads(output("inspect", job.predictions, "--json"))
    top = read_predictions(job.predictions).top
    assert (found["kind"], found["n_instances"], found["top_k"]) == ("predictions", 50, 5)
    assert found["highest_score"] == pytest.approx(top.scores.max())


def test_inspect_as_json_of_a_training_that_is_not_finished(job, tmp_path):
    output("train", job.train, tmp_path / "m", "--shard-size", 10, "--shards", "0-1")
    found = json.loads(output("inspect", tmp_path / "m", "--json"))
    assert (found["kind"], found["shards"], found["shards_done"]) == ("training", 5, 2)


@pytest.mark.parametrize(
    "suffix, format", [("npz", "npz"), ("jsonl", "jsonl"), ("CSV", "csv"), ("txt", "xmc")]
)
def test_predictions_are_written_as_their_suffix_says(job, tmp_path, suffix, format):
    output("predict", job.model, job.test, tmp_path / f"a.{suffix}")
    output("predict", job.model, job.test, tmp_path / "b", "--output-format", format)
    assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("format", ["xmc", "jsonl", "csv"])
def test_predictions_on_standard_output_are_those_of_a_file(job, tmp_path, format):
    output("predict", job.model, job.test, tmp_path / "p", "--output-format", format)
    printed = output("predict", job.model, job.test, "-", "--output-format", format)
    assert printed.encode() == (tmp_path / "p").read_bytes()


def test_nothing_is_printed_where_predicting_fails(job, tmp_path):
    (tmp_path / "bad.txt").write_text("2 40 45\n0 0:1\n0 x:1\n")
    answer = pwdismec("predict", job.model, tmp_path / "bad.txt", "-")
    assert (answer.code, answer.out) == (2, "") and complaint(answer.err).count("\n") == 1


def test_a_model_is_exported_as_the_suffix_says(job, tmp_path):
    output("export", job.model, tmp_path / "m.npz")
    output("export", job.model, tmp_path / "m.txt")
    model = Model.open(job.model)
    assert sp.load_npz(tmp_path / "m.npz").shape[0] == model.n_labels
    assert (tmp_path / "m.txt").read_text().startswith("solver_type ")
    assert output("export", job.model, "-").encode() == (tmp_path / "m.txt").read_bytes()


def test_more_threads_than_cores_are_told(job, tmp_path):
    answer = pwdismec(
        *("predict", job.model, job.test, tmp_path / "p", "--backend", "loky", "--workers", 2),
        *("--jobs", 999),
    )
    assert answer.code == 0
    assert any(
        line.startswith("warning: 2 workers of 999 threads each are more than the ")
        for line in told(answer.err)
    )
