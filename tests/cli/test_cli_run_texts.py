"""An experiment on files of texts: what the commands give one by one, and a report with words in it."""

import json

import pytest
import yaml
from helpers.command_line import output, pwdismec, told
from helpers.small_data import files_of

WORDS = ["wald", "berg", "fluss", "stadt", "haus", "brücke", "wetter", "garten"]


def record(i):
    first, second = WORDS[i % 8], WORDS[(3 * i + 1) % 8]
    return {
        "title": f"Der {first}",
        "text": f"Über {second}",
        "labels": sorted({f"L-{first}", f"L-{second}"}),
    }


@pytest.fixture
def config(tmp_path):
    """Writes a config; what is given replaces a setting of its texts."""
    for name, numbers in (("train", range(40)), ("test", range(3, 15))):
        lines = [json.dumps(record(i)) for i in numbers]
        if name == "test":
            lines.append(json.dumps(record(1) | {"labels": ["L-unknown"]}))
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
    (tmp_path / "names.tsv").write_text("".join(f"L-{word}\tName of {word}\n" for word in WORDS))

    def write(**texts):
        settings = {
            "name": "texts",
            "data": str(tmp_path),
            "train": "train.jsonl",
            "test": "test.jsonl",
            "label_names": "names.tsv",
            "texts": {"fields": "title:2,text", "labels": "labels", "chars": "2-3"} | texts,
            "weightings": ["vanilla", "pw"],
            "evaluate": {"ks": [1]},
        }
        (tmp_path / "texts.yaml").write_text(yaml.safe_dump(settings))
        return tmp_path / "texts.yaml"

    return write


def steps_done(err):
    return {line.split(": ")[0] for line in told(err) if "done before" not in line}


def test_it_is_what_the_commands_give(config, tmp_path):
    first = pwdismec("run", config(), "--out", tmp_path / "work")
    assert first.code == 0
    assert "1 label of the truth is not in the training set: " in first.out
    options = ["--text", "title:2,text", "--label-field", "labels", "--chars", "2-3"]
    names = ["--label-names", tmp_path / "names.tsv"]
    output("convert", tmp_path / "train.jsonl", tmp_path / "train", *options, *names)
    output("convert", tmp_path / "test.jsonl", tmp_path / "test", "--like", tmp_path / "train")
    for name in ("train", "test"):
        assert files_of(tmp_path / "work" / name) == files_of(tmp_path / name)


def test_changed_settings_of_texts_are_converted_anew_and_others_are_not(config, tmp_path):
    work = tmp_path / "work"
    assert {"convert-train", "train-pw"} <= steps_done(pwdismec("run", config(), "--out", work).err)
    assert steps_done(pwdismec("run", config(), "--out", work).err) == set()
    changed = steps_done(pwdismec("run", config(chars=0), "--out", work).err)
    assert {"convert-train", "convert-test", "train-pw"} <= changed


def test_examples_in_its_report_have_words(config, tmp_path):
    pytest.importorskip("matplotlib")
    output("run", config(chars=0), "--out", tmp_path / "work")
    output("report", tmp_path / "work")
    page = (tmp_path / "work" / "report.html").read_text()
    assert "title:" in page and "Name of " in page
