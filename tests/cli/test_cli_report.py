"""The report of whole runs: one page that needs nothing else, plots as files, the same bytes each time."""

import json
import re
import shutil
import sys

import pytest
import yaml
from helpers.command_line import output, refusal
from helpers.small_data import files_of

from pwdismec.settings.training import short_name

PLOTS = ["certificates", "frequency", "gains", "metrics", "parts", "pruning", "tail", "weights"]


@pytest.fixture(scope="module")
def run_of(job, tmp_path_factory):
    """Runs an experiment on the job's files; what is given replaces a setting."""
    folder = tmp_path_factory.mktemp("runs")

    def run(name, **settings):
        base = {
            "name": "small",
            "data": str(job.folder),
            "train": "train.txt",
            "test": "test.txt",
            "label_names": "names.txt",
            "weightings": ["vanilla", "pw"],
            "training": {"shard_size": 10},
        }
        config = folder / f"{name}.yaml"
        config.write_text(yaml.safe_dump(base | settings))
        output("run", config, "--out", folder / name)
        return folder / name

    return run


@pytest.fixture(scope="module")
def whole(run_of):
    return run_of("whole")


@pytest.fixture
def run(whole, tmp_path):
    """A copy of a run, to be spoilt."""
    return shutil.copytree(whole, tmp_path / "run")


def test_the_page_holds_everything_and_the_plots_are_files_too(whole, tmp_path):
    said = output("report", whole, "--out", tmp_path / "page.html", "--jobs", 1)
    shown = (tmp_path / "page.html").read_text()
    assert re.search(r"^pw .*: PSP [+−]\d+\.\d ± \d+\.\d %, P [+−]", said) and "page.html" in said
    assert not re.search(r"<script|https?://|url\(", shown)
    assert all(
        source.startswith("data:image/svg+xml;base64,") for source in re.findall(r'src="(.*?)"', shown)
    )
    assert shown.count("<img") == len(PLOTS)
    examples = shown.split("class=example>")[1:]
    assert examples and all("true: <span" in example for example in examples)
    reports = json.loads((whole / "report.json").read_text())["reports"]
    assert all(f">{report['percent']['PSP@3']:.2f}<" in shown for report in reports.values())
    assert "label-3" in shown
    files = files_of(tmp_path / "page-plots")
    assert sorted(files) == [f"{name}.{suffix}" for name in PLOTS for suffix in ("png", "svg")]
    assert all(content.startswith(b"\x89PNG") for name, content in files.items() if name.endswith("png"))
    assert all(b"</svg>" in content for name, content in files.items() if name.endswith("svg"))
    again = tmp_path / "again" / "page.html"  # the same bytes each time, with other threads too
    output("report", whole, "--out", again, "--jobs", 2)
    assert again.read_text() == shown and files_of(again.parent / "page-plots") == files


def test_several_runs_of_the_same_data(whole, run_of, tmp_path):
    other = run_of("other", weightings=["pw"], training={"C": 0.5})
    said = output("report", whole, other, "--out", tmp_path / "page.html")
    assert [line.split(":")[0][:9].rstrip() for line in said.splitlines()] == [
        "whole pw",
        "other pw",
        "report wr",
    ]
    shown = (tmp_path / "page.html").read_text()
    for name in ("whole vanilla", "whole pw", "other pw"):
        assert f"<th>{name}</th>" in shown


def test_a_run_without_vanilla_has_no_gains(run_of, tmp_path):
    weights = tmp_path / "two.txt"
    weights.write_text("2\n" * 45)
    alone = run_of("alone", weightings=["pw", f"file:{weights}"])
    output("report", alone, "--out", tmp_path / "page.html")
    shown = (tmp_path / "page.html").read_text()
    assert "No vanilla model among these" in shown
    assert f"<th>{short_name(f'file:{weights}')}</th>" in shown
    assert not (tmp_path / "page-plots" / "gains.png").exists()


def test_runs_that_cannot_be_compared_are_refused(whole, run_of, tmp_path):
    out = tmp_path / "page.html"
    other = run_of("normal", normalize=False, weightings=["pw"])
    message = refusal("report", whole, other, "--out", out)
    assert message == f"{other / 'train'}: is other data than {whole / 'train'}; expected the same"
    ks = run_of("ks", weightings=["pw"], evaluate={"ks": [1, 2]})
    assert "measured with ks (1, 2); " in refusal("report", whole, ks, "--out", out)
    assert refusal("report", whole, whole, "--out", out) == f"{whole}: given twice"
    assert not list(tmp_path.iterdir())


def _without(name):
    return lambda run: (run / name).unlink()


def _other_metric(run):
    path = run / "report.json"
    content = json.loads(path.read_text())
    content["reports"]["pw"]["percent"]["P@1"] += 1
    path.write_text(json.dumps(content))


def _fewer_predictions(run):
    path = run / "predictions-pw.txt"
    lines = path.read_text().splitlines()
    path.write_text("\n".join(["49 45", *lines[1:-1]]) + "\n")


@pytest.mark.parametrize(
    "spoil, expected",
    [
        (
            _without("report.json"),
            "run: has no report.json; expected a run that `pwdismec run` has brought to its end",
        ),
        (_without("predictions-pw.txt"), "predictions-pw.txt: missing"),
        (_without("model-pw/manifest.json"), "model-pw: not a model: it has no manifest.json"),
        (_without("test/manifest.json"), "test: not a data set"),
        (_other_metric, "report.json: P@1 of pw: "),
        (_fewer_predictions, "predictions-pw.txt: 49 rows; "),
        (lambda run: (run / "report.json").write_text("{}"), "report.json: name: is missing"),
        (lambda run: (run / "report.json").write_text("{"), "report.json: Invalid JSON"),
    ],
)
def test_a_run_that_is_not_whole_is_told_and_nothing_is_written(run, spoil, expected):
    spoil(run)
    before = files_of(run)
    assert expected in refusal("report", run)
    assert files_of(run) == before


def test_a_folder_of_something_else_is_not_replaced(run):
    (run / "report-plots").mkdir()
    (run / "report-plots" / "thesis.tex").write_text("precious")
    assert "report-plots: holds thesis.tex" in refusal("report", run, "--overwrite")
    assert not (run / "report.html").exists()
    assert "no such folder" in refusal("report", run / "nowhere")


def test_without_matplotlib_it_says_what_to_install(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert refusal("report", run).startswith("a report needs matplotlib: pip install 'pwdismec[report]'")
