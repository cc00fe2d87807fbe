"""`evaluate --per-label`: a line for each label, with its name; default k's; conventions."""

import csv
import json
import re

import pytest
from helpers.command_line import output, pwdismec, refusal

from pwdismec.data import Dataset

NAMES = {"a": 'Wald, "dunkel"', "b": "Meer", "new1": "Neu: 1"}


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    """Records whose test set has two labels that training lacks, of which one has a name."""
    folder = tmp_path_factory.mktemp("texts")
    records = {
        "tr": [("wald baum", ["a"]), ("fisch meer", ["b"]), ("wald meer", ["a", "b"])],
        "te": [("wald baum", ["a", "new1"]), ("fisch meer", ["new2"])],
    }
    lines = {
        name: "".join(json.dumps({"text": text, "labels": labels}) + "\n" for text, labels in rows)
        for name, rows in records.items()
    }
    for name, text in lines.items():
        (folder / f"{name}.jsonl").write_text(text)
    (folder / "names.tsv").write_text("".join(f"{label}\t{name}\n" for label, name in NAMES.items()))
    fields = "--text", "text", "--label-field", "labels", "--min-df", 1
    output("convert", folder / "tr.jsonl", folder / "tr", *fields)
    output("convert", folder / "te.jsonl", folder / "te", "--like", folder / "tr")
    output("train", folder / "tr", folder / "m")
    output("predict", folder / "m", folder / "te.jsonl", folder / "p.txt", "--top-k", 2)
    return folder


def rows_of(path):
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text().splitlines()]
    with path.open(newline="") as file:
        return list(csv.DictReader(file, delimiter="," if path.suffix == ".csv" else "\t"))


@pytest.mark.parametrize("truth", ["te", "te.jsonl"])
@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl"])
def test_each_label_is_in_the_table_with_its_name(texts, tmp_path, truth, suffix):
    table = tmp_path / f"t{suffix}"
    command = "evaluate", texts / "p.txt", texts / truth, "--train", texts / "tr", "-k", "1,2"
    output(*command, "--per-label", table)
    rows = rows_of(table)
    assert [str(row["id"]) for row in rows] == ["0", "1", "2", "3"]
    assert [row["label"] for row in rows] == ["a", "b", "new1", "new2"]
    assert [int(row["train_positives"]) for row in rows] == [2, 2, 0, 0]
    assert [int(row["positives"]) for row in rows] == [1, 0, 1, 1]
    assert [int(row["predicted@1"]) for row in rows] == [1, 1, 0, 0]
    assert [float(row["precision@1"]) for row in rows] == [100, 0, 0, 0]
    psp = 100 * sum(float(row["PSP_gain@1"]) for row in rows) / sum(float(row["PSP_best@1"]) for row in rows)
    assert f"{psp:.2f}" == "47.85" and "47.85" in output(*command, "--per-label", tmp_path / "u.csv")


def test_a_truth_of_numbers_has_the_training_sets_names(texts, tmp_path):
    (tmp_path / "t.txt").write_text("2 9 3\n0,2 0:1\n1 0:1\n")
    table = tmp_path / "t.csv"
    output(
        "evaluate",
        texts / "p.txt",
        tmp_path / "t.txt",
        "--train",
        texts / "tr",
        "-k",
        1,
        "--per-label",
        table,
    )
    assert [row["label"] for row in rows_of(table)] == ["a", "b", ""]
    (tmp_path / "p.txt").write_text("2 3\n0:1\n1:1\n")
    output("evaluate", tmp_path / "p.txt", tmp_path / "t.txt", "-k", 1, "--per-label", tmp_path / "u.csv")
    first = rows_of(tmp_path / "u.csv")[0]
    assert {"label", "uri", "train_positives", "inverse_propensity"}.isdisjoint(first)


def test_sets_have_a_table_as_well(texts, tmp_path):
    table = tmp_path / "t.csv"
    output(
        "evaluate", texts / "p.txt", texts / "te", "--as-sets", "--train", texts / "tr", "--per-label", table
    )
    assert list(rows_of(table)[0]) == [
        *("id", "label", "train_positives", "positives", "predicted", "hits", "precision", "recall", "F1")
    ]


def test_held_out_labels_have_the_names_that_the_file_gives_them(texts, tmp_path):
    lines = [json.loads(line) for name in ("tr", "te") for line in (texts / f"{name}.jsonl").open()]
    records = "".join(json.dumps(line | {"y": i // 3}) + "\n" for i, line in enumerate(lines))
    (tmp_path / "all.jsonl").write_text(records)
    held_out = "--split", "y:1", "--test", tmp_path / "te", "--label-names", texts / "names.tsv"
    fields = "--text", "text", "--label-field", "labels", "--min-df", 1
    output("convert", tmp_path / "all.jsonl", tmp_path / "tr", *fields, *held_out)
    assert Dataset.open(tmp_path / "tr").label_names == [NAMES["a"], NAMES["b"]]
    assert Dataset.open(tmp_path / "te").label_names == [NAMES["a"], NAMES["b"], NAMES["new1"], "new2"]


def test_what_cannot_be_written_is_refused_before_anything_is_read(texts, tmp_path):
    command = "evaluate", tmp_path / "missing", texts / "te", "--per-label"
    said = refusal(*command, tmp_path / "t.xls")
    assert said == f"{tmp_path / 't.xls'}: expected a name that ends in .csv, .tsv or .jsonl"
    (tmp_path / "t.csv").write_text("mine")
    command = "evaluate", texts / "p.txt", texts / "te", "-k", 1, "--per-label", tmp_path / "t.csv"
    assert refusal(*command) == f"{tmp_path / 't.csv'}: exists; --overwrite replaces it"
    assert (tmp_path / "t.csv").read_text() == "mine"
    output(*command, "--overwrite")
    assert rows_of(tmp_path / "t.csv")[0]["id"] == "0"
    assert "another output" in refusal(*command, "--overwrite", f"--json={tmp_path / 't.csv'}")
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


def test_the_ks_are_by_default_those_that_are_there(tmp_path):
    (tmp_path / "p.txt").write_text("2 9\n0:3 1:2 2:1\n1:1\n")
    (tmp_path / "t.txt").write_text("2 9\n0:1\n2:1\n")
    command = "evaluate", tmp_path / "p.txt", tmp_path / "t.txt"
    assert "@5: left out, as no instance has so many predicted labels" in output(*command)
    said = refusal(*command, "-k", "1,5")
    found = "k: 5; the predictions have 3 labels per instance at most"
    assert said == f"{found}; expected no more, or predictions made with --top-k 5"


def test_conventions_are_chosen_by_name(texts):
    command = "evaluate", texts / "p.txt", texts / "te", "--train", texts / "tr", "-k", 1
    assert "convention: napkinxc" in output(*command, "--convention", "napkinxc")
    assert re.search(r"^PSP +47\.85$", output(*command), re.M)
    assert re.search(r"^PSP +100\.00$", output(*command, "--convention", "napkinxc"), re.M)
    for option in (("--convention", "napkinxc"), ("-k", "1")):
        answer = pwdismec("evaluate", texts / "p.txt", texts / "te", "--as-sets", *option)
        assert answer.code == 2 and f"{option[0]} and --as-sets exclude each other" in answer.err


def test_ids_from_one_are_written_from_one(tmp_path):
    (tmp_path / "p.txt").write_text("2 2\n1:1\n2:1\n")
    (tmp_path / "t.txt").write_text("1 1:1\n1 1:1\n")
    command = "evaluate", tmp_path / "p.txt", tmp_path / "t.txt", "-k", 1, "--per-label"
    output(*command, tmp_path / "one.csv", "--one-based")
    rows = rows_of(tmp_path / "one.csv")
    assert [(row["id"], row["positives"], row["predicted@1"]) for row in rows] == [
        ("1", "2", "1"),
        ("2", "0", "1"),
    ]
