"""One experiment from one YAML file: done once, and again only where something changed."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from helpers.command_line import output, pwdismec, refusal, told
from helpers.small_data import files_of

from pwdismec import Dataset, Model, evaluate
from pwdismec.experiment import experiment
from pwdismec.experiment.experiment_file import read_config
from pwdismec.experiment.run_folder import RunFolder
from pwdismec.metrics import mean_relative_gain
from pwdismec.prediction.files import read_predictions
from pwdismec.weighting import PRESETS

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))


@pytest.fixture
def config(job, tmp_path):
    """Writes a config; what is given replaces a setting."""

    def write(**settings) -> Path:
        path = tmp_path / "small.yaml"
        base = {
            "name": "small",
            "data": str(job.folder),
            "train": "train.txt",
            "test": ["test.txt"],
            "label_names": "names.txt",
            "weightings": ["vanilla", "pw"],
            "training": {"shard_size": 10},
        }
        path.write_text(yaml.safe_dump(base | settings))
        return path

    return write


def steps_done(err: str) -> set[str]:
    """The steps that were not skipped."""
    return {line.split(": ")[0] for line in told(err) if "done before" not in line}


def test_the_whole_experiment_is_what_the_commands_give(job, config, tmp_path):
    answer = pwdismec("run", config(), "--out", tmp_path / "work")
    assert answer.code == 0
    work = tmp_path / "work"
    assert files_of(work / "train") == files_of(job.train)
    assert files_of(work / "test") == files_of(job.test)
    assert files_of(work / "model-pw") == files_of(job.model)
    assert (work / "predictions-pw.txt").read_bytes() == job.predictions.read_bytes()
    training, test = Dataset.open(job.train), Dataset.open(job.test)
    reports = {
        name: evaluate(
            read_predictions(work / f"predictions-{name}.txt").top,
            test.labels,
            label_counts=training.label_counts,
            n_train=150,
        )
        for name in ("vanilla", "pw")
    }
    assert all(report.to_text() in answer.out for report in reports.values())
    found = json.loads((work / "report.json").read_text())
    assert found["reports"]["pw"] == json.loads(json.dumps(reports["pw"].to_dict()))
    psp = [[reports[name].percent[f"PSP@{k}"] for k in (1, 3, 5)] for name in ("pw", "vanilla")]
    assert found["relative_gains"]["pw"]["PSP"] == pytest.approx(mean_relative_gain(*psp))
    assert f"{mean_relative_gain(*psp):+.2f}" in answer.out


def test_what_is_done_is_skipped_and_what_changed_is_redone(config, tmp_path):
    work = tmp_path / "work"
    first = pwdismec("run", config(), "--out", work)
    everything = {
        "convert-train", "convert-test", "train-vanilla", "predict-vanilla", "evaluate-vanilla",
        "train-pw", "predict-pw", "evaluate-pw",
    }  # fmt: skip
    assert steps_done(first.err) == everything
    before = files_of(work)
    again = pwdismec("run", config(), "--out", work)
    assert (again.out, steps_done(again.err)) == (first.out, set())
    assert files_of(work) == before

    (work / "predictions-pw.txt").unlink()
    assert "predict-pw" in steps_done(pwdismec("run", config(), "--out", work).err)

    changed = pwdismec("run", config(evaluate={"ks": [1, 2]}), "--out", work)
    assert steps_done(changed.err) == {"evaluate-vanilla", "evaluate-pw"}
    more = pwdismec("run", config(evaluate={"ks": [1, 2]}, weightings=["pw", "cb"]), "--out", work)
    assert steps_done(more.err) == {"train-cb", "predict-cb", "evaluate-cb"}
    longer = pwdismec("run", config(predict={"top_k": 7}, weightings=["pw"]), "--out", work)
    assert steps_done(longer.err) == {"predict-pw", "evaluate-pw"}
    assert read_predictions(work / "predictions-pw.txt").top.labels.shape[1] == 7
    other = pwdismec("run", config(normalize=False, weightings=["pw"]), "--out", work)
    assert {"convert-train", "convert-test", "train-pw", "predict-pw"} <= steps_done(other.err)


def test_a_model_of_other_settings_is_kept_and_found_again(config, tmp_path):
    work = tmp_path / "work"
    pwdismec("run", config(weightings=["pw"]), "--out", work)
    model = files_of(work / "model-pw")
    changed = pwdismec("run", config(weightings=["pw"], training={"C": 0.5}), "--out", work)
    assert "model-pw: the settings changed; the model of the other settings is now" in changed.err
    assert Model.open(work / "model-pw").manifest.run.config["C"] == 0.5
    [aside] = work.glob("model-pw-*")
    assert files_of(aside) == model
    inodes = {path.stat().st_ino for path in aside.glob("shards/*")}
    pwdismec("run", config(weightings=["pw"]), "--out", work)
    assert {path.stat().st_ino for path in work.glob("model-pw/shards/*")} == inodes


def test_a_changed_prediction_file_is_made_and_judged_anew(config, tmp_path):
    """One of equal size, with other labels: the report is that of what is there at the end."""
    work, arguments = tmp_path / "work", ("run", config(weightings=["pw"]), "--out", tmp_path / "work")
    output(*arguments)
    predictions, report = work / "predictions-pw.txt", RunFolder(work).report_of("pw")
    right, judged = predictions.read_bytes(), report.read_bytes()
    header, first, *rows = right.splitlines(keepends=True)
    wrong = b"".join([header, *rows, first])  # each instance has another's
    predictions.write_bytes(wrong)
    assert "predictions-pw.txt: exists, and is not what this experiment wrote" in refusal(*arguments)
    assert steps_done(pwdismec(*arguments, "--overwrite").err) == {"predict-pw", "evaluate-pw"}
    assert (predictions.read_bytes(), report.read_bytes()) == (right, judged)

    def write_wrong(model, test, out, **settings):
        Path(out).write_bytes(wrong)

    with pytest.MonkeyPatch.context() as patch:  # as a prediction with another version would
        patch.setattr(experiment, "predict_file", write_wrong)
        predictions.unlink()
        assert steps_done(pwdismec(*arguments).err) == {"predict-pw", "evaluate-pw"}
    assert report.read_bytes() != judged


def test_changed_data_of_the_same_size_is_converted_anew(job, config, tmp_path):
    data = tmp_path / "data"
    shutil.copytree(job.folder, data)
    arguments = "run", config(weightings=["vanilla"]), "--out", tmp_path / "work", "--data", data
    output(*arguments)
    header, *rows = (data / "train.txt").read_text().splitlines(keepends=True)
    size = (data / "train.txt").stat().st_size
    (data / "train.txt").write_text("".join([header, *reversed(rows)]))
    assert (data / "train.txt").stat().st_size == size
    assert {"convert-train", "convert-test", "train-vanilla"} <= steps_done(pwdismec(*arguments).err)
    made = Dataset.open(tmp_path / "work" / "train")
    np.testing.assert_array_equal(
        made.labels.to_scipy().toarray(), Dataset.open(job.train).labels.to_scipy().toarray()[::-1]
    )


def test_changed_data_is_converted_anew(job, config, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    for name in ("train.txt", "test.txt", "names.txt"):
        (data / name).write_bytes((job.folder / name).read_bytes())
    arguments = "run", config(weightings=["vanilla"]), "--out", tmp_path / "work", "--data", data
    output(*arguments)
    lines = (data / "train.txt").read_text().splitlines()
    lines[1] = "44 " + lines[1].split(" ", 1)[1]  # the first instance's only label is now the last
    (data / "train.txt").write_text("\n".join(lines) + "\n")
    done = steps_done(pwdismec(*arguments).err)
    assert {"convert-train", "convert-test", "train-vanilla"} <= done
    assert Dataset.open(tmp_path / "work" / "train").label_counts[44] == 1


def test_a_broken_off_run_goes_on(config, tmp_path, monkeypatch):
    def interrupted(*args, **settings):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(experiment, "predict_file", interrupted)
        answer = pwdismec("run", config(), "--out", tmp_path / "work")
    assert answer.code == 130 and "finished steps are kept; resume with the same command" in answer.err
    again = pwdismec("run", config(), "--out", tmp_path / "work")
    assert again.code == 0
    assert not {"convert-train", "convert-test", "train-vanilla"} & steps_done(again.err)


def test_files_of_weights_are_beside_the_config(config, tmp_path):
    (tmp_path / "two.txt").write_text("2\n" * 45)
    output("run", config(weightings=["vanilla", "file:two.txt"]), "--out", tmp_path / "work")
    assert (
        Model.open(tmp_path / "work" / "model-two")
        .manifest.run.config["weighting"]["scheme"]
        .startswith("file:")
    )


@pytest.mark.parametrize(
    "text, expected",
    [
        ("training: {C: two}", ":5: training.C: 'two': Input should be a valid number"),
        ("training: {prune: paper}", ":5: training.prune: 'paper': Input should be a valid number"),
        ("training:\n  shards: 3", ":6: training.shards: unknown setting; expected one of C, bias"),
        ("wieghtings: [pw]", ":5: wieghtings: unknown setting; expected one of name, data, train"),
        ("evaluate: {ks: [1, x]}", ":5: evaluate.ks.1: 'x'"),
        ("propensity: {a: 1}", ":5: propensity.b: missing"),
        ("training: {C: -1}", ":5: training.C: -1; expected a number from 1e-30 to 1e30"),
        ("propensity: nowhere", ": propensity preset 'nowhere'; expected one of"),
        ("weightings: [pww]", ": weighting: 'pww'; expected vanilla"),
        ("weightings: [pw, pw]", ": weightings: pw, pw; expected each once"),
        ("evaluate: {ks: [1, 9]}", ": predict.top_k: 5; evaluate.ks goes to 9"),
        ("evaluate: {ks: [3, 1]}", ": k = 3, 1; expected rising"),
        ("texts: {fields: t}", ":5: texts.labels: missing"),
        ("texts: {fields: t, labels: l, word: 1}", ":5: texts.word: unknown setting; expected one of fields"),
        ("texts: {fields: t, labels: l, chars: x}", ":5: texts.chars: 'x'; expected a number or a range"),
        ("texts: {fields: t, labels: l, words: 3-1}", ":5: texts: words: 3-1; expected a range that ascends"),
        ("texts: {fields: 't:0', labels: l}", ":5: texts: text: 't:0': weight 0; expected a number above 0"),
        ("texts: {fields: t, labels: l}\ntfidf: true", ": tfidf: is for files of features; leave it out"),
        ("test: other.txt", ":5: test: given twice"),
        ("train: [", ":6: not YAML: "),
    ],
)
def test_a_bad_config_is_told_by_field_and_line(tmp_path, text, expected):
    path = tmp_path / "bad.yaml"
    path.write_text(f"name: bad\ndata: .\ntrain: a.txt\ntest: b.txt\n{text}\n")
    message = refusal("run", path, "--out", tmp_path / "work")
    assert message.startswith(f"{path}{expected}"), message
    assert not (tmp_path / "work").exists()


def test_missing_files_are_told_before_anything_is_done(config, tmp_path):
    missing = tmp_path / "test.txt"
    assert refusal("run", tmp_path / "no.yaml").endswith("no.yaml: cannot read: No such file or directory")
    message = refusal("run", config(test=str(missing)), "--out", tmp_path / "work")
    assert message == f"{missing}: no such file"
    assert not (tmp_path / "work").exists()


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_the_configs_that_come_along_are_sound(path):
    config = read_config(path)
    assert config.name == path.stem
    assert (config.propensity.a, config.propensity.b) == PRESETS[path.stem.removesuffix("-texts")]
    assert config.weightings == ("vanilla", "pw", "pw-cb")


def test_the_documented_config_is_sound_and_shows_the_defaults(tmp_path):
    page = (CONFIGS[0].parents[1] / "docs" / "experiments.md").read_text()
    (tmp_path / "doc.yaml").write_text(page.split("```yaml")[1].split("```")[0])
    least = "name: example\ndata: ../data/example\ntrain: train.txt\ntest: test.txt\n"
    (tmp_path / "least.yaml").write_text(f"{least}label_names: labels.txt\nfeature_names: features.txt\n")
    assert read_config(tmp_path / "doc.yaml") == read_config(tmp_path / "least.yaml")


def test_there_is_a_config_for_every_data_set():
    assert [path.stem for path in CONFIGS] == [
        "amazon-670k", "amazoncat-13k", "bibtex", "delicious", "eurlex-4k", "tibkat-texts", "tibkat",
        "wiki10-31k", "wikilshtc-325k", "wikipedia-500k",
    ]  # fmt: skip


def test_bibtex_gives_what_is_known_of_it(real_data, tmp_path):
    config = next(path for path in CONFIGS if path.stem == "bibtex")
    output("run", config, "--data", real_data / "bibtex", "--out", tmp_path)
    reports = json.loads((tmp_path / "report.json").read_text())["reports"]
    for weighting, expected in (("vanilla", (63.7, 38.8, 28.0)), ("pw-cb", (65.3, 39.2, 28.2))):
        found = [reports[weighting]["percent"][f"P@{k}"] for k in (1, 3, 5)]
        assert found == pytest.approx(expected, abs=0.15)
