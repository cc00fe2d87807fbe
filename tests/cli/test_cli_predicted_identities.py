"""Records' ids and labels' URIs from records through models and predictions to an evaluation."""

import csv
import json

import pytest
from helpers.command_line import output, refusal

from pwdismec.data import Dataset
from pwdismec.prediction.files import read_predictions

WORDS = ["wald", "berg", "fluss", "stadt"]
IDS = ["rec-1", "rec-1", "", "Ö\n😀", "x" * 10_000, "7", " 8", '9,"']
FORMATS = ["jsonl", "csv", "npz"]


def record(i, **more):
    return {"title": f"{WORDS[i % 4]} {WORDS[i % 3]}", "labels": [f"http://gnd/{i % 4}"], **more}


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    """Records whose ids may be equal or empty, labels of which two have one name, and a model."""
    folder = tmp_path_factory.mktemp("job")
    train = [record(i, id=str(i)) for i in range(24)]
    test = [record(i, id=name) for i, name in enumerate(IDS)]
    test[3]["labels"].append("http://gnd/new")
    for name, records in (("train", train), ("test", test)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records))
    names = [f"http://gnd/{i}\t{name}\n" for i, name in enumerate(["Wald", "Berg", "Wald", "Stadt"])]
    (folder / "names.tsv").write_text("".join(names))
    text = "--text", "title", "--label-field", "labels", "--min-df", 1
    output("convert", folder / "train.jsonl", folder / "train", *text, "--label-names", folder / "names.tsv")
    output("convert", folder / "test.jsonl", folder / "test", "--like", folder / "train")
    output("train", folder / "train", folder / "model")
    for format in FORMATS:
        output("predict", folder / "model", folder / "test.jsonl", folder / f"p.{format}", *how(format))
    return folder


def how(format):
    return "--output-format", format, "--top-k", 2


@pytest.mark.parametrize("format", FORMATS)
def test_predictions_have_the_ids_of_their_records_and_labels(job, format):
    found = read_predictions(job / f"p.{format}")
    assert list(found.record_ids) == IDS
    assert {uri: label for label, uri in found.label_uris.items()}["http://gnd/2"] == 2


def test_jsonl_names_record_and_labels(job):
    first = json.loads((job / "p.jsonl").read_text().splitlines()[0])
    assert first["id"] == "rec-1"
    assert {"uri": "http://gnd/0", "label": "Wald", "id": 0}.items() <= first["labels"][0].items()


@pytest.mark.parametrize("format", FORMATS)
def test_a_data_set_of_the_records_gives_the_same_bytes_however_it_is_predicted(job, tmp_path, format):
    whole = (job / f"p.{format}").read_bytes()
    command = "predict", job / "model", job / "test"
    output(*command, tmp_path / "set", *how(format))
    output(*command, tmp_path / "loky", *how(format), "--backend", "loky", "--workers", 2)
    for source in (job / "test", job / "test.jsonl"):
        out = tmp_path / f"parts of {source.name}"
        for number in (3, 1, 2):
            output("predict", job / "model", source, out, *how(format), "--part", f"{number}/3")
        assert out.read_bytes() == whole
    assert (tmp_path / "set").read_bytes() == (tmp_path / "loky").read_bytes() == whole


@pytest.mark.parametrize("format", ["xmc", *FORMATS])
@pytest.mark.parametrize("truth", ["test", "test.jsonl"])
def test_every_form_of_predictions_is_evaluated_alike(job, tmp_path, format, truth):
    output("predict", job / "model", job / "test", tmp_path / "p", *how(format))
    evaluated = "evaluate", job / "p.jsonl", job / "test", "--train", job / "train"
    found = output("evaluate", tmp_path / "p", job / truth, "--train", job / "train")
    assert found == output(*evaluated) and "PSP" in found


def test_the_table_by_label_has_uris_and_names(job, tmp_path):
    for truth in ("test", "test.jsonl"):
        table = tmp_path / f"{truth}.csv"
        output("evaluate", job / "p.csv", job / truth, "--train", job / "train", "--per-label", table)
        with table.open(newline="") as file:
            rows = [(row["id"], row["uri"], row["label"]) for row in csv.DictReader(file)]
        assert rows[2] == ("2", "http://gnd/2", "Wald")
        assert rows[4] == ("4", "http://gnd/new", "http://gnd/new")


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("truth", ["test", "test.jsonl"])
def test_predictions_of_other_records_are_refused(job, tmp_path, format, truth):
    lines = (job / "test.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "other.jsonl").write_text("".join([*lines[:5], lines[6], lines[5], lines[7]]))
    output("predict", job / "model", tmp_path / "other.jsonl", tmp_path / "p", *how(format))
    said = refusal("evaluate", tmp_path / "p", job / truth, "--train", job / "train")
    found = f"{tmp_path / 'p'}: row 6: record ' 8'; in {job / truth} it is '7'"
    assert said == f"{found}; expected the same records in the same order"


@pytest.mark.parametrize("format", ["jsonl", "csv"])
def test_predictions_of_other_labels_are_refused(job, tmp_path, format):
    path = tmp_path / "p"
    path.write_text((job / f"p.{format}").read_text().replace("http://gnd/2", "http://gnd/20"))
    said = refusal("evaluate", path, job / "test", "--train", job / "train")
    found = f"{path}: label 2: uri 'http://gnd/20'; in {job / 'train'} it is 'http://gnd/2'"
    assert said == f"{found}; expected predictions of a model of the same labels"


def test_predictions_that_call_labels_by_uri_alone_are_evaluated(job, tmp_path):
    rows = [json.loads(line) for line in (job / "p.jsonl").read_text().splitlines()]
    for row in rows:
        row["labels"] = [{"uri": entry["uri"], "score": entry["score"]} for entry in row["labels"]]
    (tmp_path / "p").write_text("".join(json.dumps(row) + "\n" for row in rows))
    train = "--train", job / "train"
    expected = output("evaluate", job / "p.jsonl", job / "test", *train)
    assert output("evaluate", tmp_path / "p", job / "test", *train) == expected
    said = refusal("evaluate", tmp_path / "p", job / "test")
    expected = "expected one, or a training set that has the labels (--train)"
    assert said == f"{tmp_path / 'p'}:1: label: no id; {expected}"


def test_a_job_is_not_gone_on_with_for_records_of_other_ids(job, tmp_path):
    """The data sets have one fingerprint, as ids are no part of it."""
    other = Dataset.open(job / "test")
    lines = [json.loads(line) for line in (job / "test.jsonl").read_text().splitlines()]
    changed = "".join(json.dumps(line | {"id": line["id"] + "x"}) + "\n" for line in lines)
    (tmp_path / "other.jsonl").write_text(changed)
    output("convert", tmp_path / "other.jsonl", tmp_path / "other", "--like", job / "train")
    assert Dataset.open(tmp_path / "other").fingerprint == other.fingerprint
    command = ("predict", job / "model"), (tmp_path / "p", *how("jsonl"), "--part", "1/2")
    output(*command[0], job / "test", *command[1])
    said = refusal(*command[0], tmp_path / "other", *command[1])
    assert "differs (other record ids)" in said
