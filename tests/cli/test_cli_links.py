"""Links in folders from elsewhere, in the place of what the program itself names: none is followed."""

import json
from pathlib import Path

import pytest
from helpers.command_line import complaint, pwdismec

MINE = "mine\n"


@pytest.fixture
def elsewhere(tmp_path):
    """A folder of the user's, with a file, that nothing may be written to."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "00000.safetensors").write_text(MINE)
    (folder / "victim").write_text(MINE)
    yield folder
    assert {path.name: path.read_text() for path in folder.iterdir()} == {
        "00000.safetensors": MINE,
        "victim": MINE,
    }


def refused(*args):
    answer = pwdismec(*args)
    assert answer.code == 2, answer
    return complaint(answer.err)


def test_a_training_does_not_go_on_in_linked_shards(job, tmp_path, elsewhere):
    model = tmp_path / "m"
    assert pwdismec("train", job.train, model).code == 0
    (model / "run.json").write_text(json.dumps(json.loads((model / "manifest.json").read_text())["run"]))
    (model / "manifest.json").unlink()
    for path in (model / "shards").iterdir():
        path.unlink()
    (model / "shards").rmdir()
    (model / "shards").symlink_to(elsewhere)
    assert "shards: is a link; expected a folder" in refused("train", job.train, model, "--resume")


@pytest.mark.parametrize("more", [(), ("--resume",)])
@pytest.mark.parametrize("link", [Path.symlink_to, Path.hardlink_to])
@pytest.mark.parametrize("format", ["xmc", "jsonl", "npz", "csv"])
def test_what_lies_in_a_jobs_folder_is_not_written_to(job, tmp_path, elsewhere, link, format, more):
    hidden = tmp_path / ".p.job"
    hidden.mkdir()
    names = {"whole", "rows", "rows.txt", "labels", "scores", "body", "part", "lock"}
    for name in names:
        link(hidden / name, elsewhere / "victim")
    answer = pwdismec("predict", job.model, job.test, tmp_path / "p", "--output-format", format, *more)
    if answer.code == 0:  # it was not there for the program
        assert not (tmp_path / "p").is_symlink() and (tmp_path / "p").stat().st_nlink == 1
    else:
        assert answer.code == 2 and complaint(answer.err)


@pytest.mark.parametrize("name", ["whole", "rows"])
@pytest.mark.parametrize("link", [Path.symlink_to, Path.hardlink_to])
def test_a_new_job_does_not_mind_links(job, tmp_path, elsewhere, link, name):
    (tmp_path / ".p.job").mkdir()
    link(tmp_path / ".p.job" / name, elsewhere / "victim")
    assert pwdismec("predict", job.model, job.test, tmp_path / "p").code == 0
    assert pwdismec("predict", job.model, job.test, tmp_path / "q").code == 0
    assert (tmp_path / "p").read_bytes() == (tmp_path / "q").read_bytes()
    assert not (tmp_path / ".p.job").exists()


@pytest.fixture
def run(job, tmp_path):
    """The settings and the work folder of an experiment that is done."""
    config = tmp_path / "c.yaml"
    config.write_text(
        f"name: x\ndata: {job.train_txt.parent}\ntrain: [{job.train_txt.name}]\n"
        f"test: [{job.train_txt.name}]\nweightings: [vanilla, pw]\n"
    )
    assert pwdismec("run", config, "--out", tmp_path / "r").code == 0
    return config, tmp_path / "r"


BEGUN = '{"made_from": null, "output": null, "begun": true}'


@pytest.mark.parametrize("more", [(), ("--overwrite",)])
@pytest.mark.parametrize(
    ("step", "output"),
    [
        ("predict-pw", "predictions-pw.txt"),
        ("evaluate-pw", "report-pw.json"),
        ("report", "report.json"),
        ("convert-train", "train"),
        ("convert-test", "test"),
        ("train-pw", "model-pw"),
    ],
)
def test_an_experiment_follows_no_link_in_its_folder(run, elsewhere, step, output, more):
    config, folder = run
    (folder / "steps" / f"{step}.json").write_text(BEGUN)
    (folder / output).rename(folder / "moved")
    target = elsewhere if (folder / "moved").is_dir() else elsewhere / "victim"
    (folder / output).symlink_to(target)
    assert f"{output}: is a link" in refused("run", config, "--out", folder, *more)


def test_an_experiments_records_are_in_its_own_folder(run, elsewhere):
    config, folder = run
    (folder / "steps").rename(folder / "moved")
    (folder / "steps").symlink_to(elsewhere)
    assert "steps: is a link" in refused("run", config, "--out", folder, "--overwrite")


@pytest.mark.parametrize("more", [(), ("--overwrite",)])
@pytest.mark.parametrize("name", ["report.html", "report-plots"])
@pytest.mark.parametrize("target", ["victim", "nothing"])
def test_a_report_in_a_run_follows_no_link(run, elsewhere, name, target, more):
    pytest.importorskip("matplotlib")
    folder = run[1]
    (folder / name).symlink_to(elsewhere / target)
    assert f"{name}: is a link" in refused("report", folder, *more)


def test_a_vectoriser_is_not_read_elsewhere(tmp_path):
    records = tmp_path / "r.jsonl"
    records.write_text('{"t": "der wald", "l": ["a"]}\n{"t": "der fisch", "l": ["b"]}\n' * 2)
    assert pwdismec("convert", records, tmp_path / "d", "--text", "t", "--label-field", "l").code == 0
    assert pwdismec("train", tmp_path / "d", tmp_path / "m").code == 0
    (tmp_path / "m" / "vectorizer").rename(tmp_path / "v")
    (tmp_path / "m" / "vectorizer").symlink_to(tmp_path / "v")
    assert "is a link to" in refused("suggest", tmp_path / "m", "der wald")
