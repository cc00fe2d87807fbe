"""What the source calls records and labels, from files of records through data sets and models."""

import csv
import gzip
import json
import re
from types import SimpleNamespace

import pytest
from helpers.command_line import output, pwdismec, refusal

from pwdismec.data import Dataset
from pwdismec.data.shown_labels import ShownLabels
from pwdismec.experiment.text_section import TextSection
from pwdismec.model import Model
from pwdismec.steps.row_source import open_rows

TEXT = ("--text", "title", "--label-field", "labels", "--min-df", "1")
WORDS = ["wald", "berg", "fluss", "stadt"]


def record(i, **more):
    return {"title": f"Der {WORDS[i % 4]}", "labels": [f"http://gnd/{i % 4}"], "year": 2000 + i, **more}


RECORDS = [record(i, id=f"rec-{i // 2}", ppn=7 * i) for i in range(12)]
IDS = [r["id"] for r in RECORDS]


def jsonl(path, records):
    path.write_text("".join(json.dumps(r) + "\n" for r in records))
    return path


def tables(folder):
    """The records in every form of file."""
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    paths = [jsonl(folder / "r.jsonl", RECORDS)]
    for suffix, delimiter in (("csv", ","), ("tsv", "\t")):
        paths.append(folder / f"r.{suffix}")
        with paths[-1].open("w", newline="") as file:
            writer = csv.DictWriter(file, list(RECORDS[0]), delimiter=delimiter, lineterminator="\n")
            writer.writeheader()
            writer.writerows(r | {"labels": ";".join(r["labels"])} for r in RECORDS)
    paths.append(folder / "r.parquet")
    parquet.write_table(pyarrow.Table.from_pylist(RECORDS), paths[-1])
    return paths


def test_records_keep_their_ids_whatever_their_file(tmp_path):
    for path in tables(tmp_path):
        for option, expected in (
            ((), IDS),
            (("--id-field", "ppn"), [str(7 * i) for i in range(12)]),
            (("--id-field", ""), None),
        ):
            output("convert", path, tmp_path / "set", *TEXT, *option, "--overwrite")
            found = Dataset.open(tmp_path / "set").record_ids
            assert (None if found is None else list(found)) == expected


def test_ids_are_told_apart_by_process_file_and_split(tmp_path):
    many = [record(i, id=f"rec {i} " + 300 * "x") for i in range(9000)]  # several pieces
    one, two = jsonl(tmp_path / "a.jsonl", many[:7000]), jsonl(tmp_path / "b.jsonl", many[7000:])
    split = ("--split", "year:10999", "--test", tmp_path / "test")
    output("convert", one, two, tmp_path / "train", *TEXT, *split, "--jobs", 2)
    train, test = Dataset.open(tmp_path / "train"), Dataset.open(tmp_path / "test")
    assert [*train.record_ids] == [r["id"] for r in many if r["year"] < 10999]
    assert [*test.record_ids] == [r["id"] for r in many if r["year"] >= 10999]


@pytest.mark.parametrize(
    "other, option, said",
    [
        ({}, (), "field 'id': missing"),
        ({"id": None}, (), "field 'id': None"),
        ({"id": 1.5}, (), "field 'id': 1.5"),
        ({"id": True}, (), "field 'id': True"),
        ({"id": ["a"]}, (), r"field 'id': ['a']"),
        ({"id": 3}, ("--id-field", "ppn"), "record '0'"),
    ],
)
def test_if_the_first_record_has_an_id_all_have_one(tmp_path, other, option, said):
    path = jsonl(tmp_path / "r.jsonl", [record(0, id="a", ppn="b"), {**record(1), **other}])
    if option:
        told = refusal("convert", path, tmp_path / "set", *TEXT, *option)
        assert told.startswith(f"{path}:2: field 'ppn': missing; expected a string or a whole number")
    else:
        told = refusal("convert", path, tmp_path / "set", *TEXT)
        assert told.startswith(f"{path}:2: {said}") and "--id-field" in told
    output("convert", path, tmp_path / "set", *TEXT, "--id-field", "")
    assert Dataset.open(tmp_path / "set").record_ids is None


def test_a_field_that_is_named_has_to_be_there_and_id_has_not(tmp_path):
    path = jsonl(tmp_path / "r.jsonl", [record(0), record(1, id="b")])
    told = refusal("convert", path, tmp_path / "set", *TEXT, "--id-field", "ppn")
    assert told.startswith(f"{path}:1: field 'ppn': missing")
    output("convert", path, tmp_path / "set", *TEXT)
    assert Dataset.open(tmp_path / "set").record_ids is None
    table = tmp_path / "r.csv"
    table.write_text("title,labels\na,b\n")
    assert "no column 'ppn'" in refusal("convert", table, tmp_path / "t", *TEXT, "--id-field", "ppn")


def test_an_experiment_names_the_field_too():
    section = TextSection.model_validate({"fields": "title", "labels": "labels"})
    assert section.settings().id_field is None
    named = TextSection.model_validate({"fields": "title", "labels": "labels", "id_field": "ppn"})
    assert named.settings().id_field == "ppn"


def test_an_id_that_utf_8_cannot_write_is_refused(tmp_path):
    path = tmp_path / "r.jsonl"
    path.write_text('{"id": "\\ud800", "title": "a", "labels": []}\n')
    assert ":1: field 'id': '\\ud800'; expected no half" in refusal("convert", path, tmp_path / "s", *TEXT)


def test_errors_name_the_record(tmp_path):
    path = jsonl(tmp_path / "r.jsonl", [RECORDS[0], {"id": "a\n\x1b[31m", "labels": []}])
    told = refusal("convert", path, tmp_path / "set", *TEXT)
    said = "field 'title': missing; expected a string beside 'id', 'labels'"
    assert told == f"{path}:2: record 'a\\n\\x1b[31m': {said}"
    table = tmp_path / "r.csv"
    table.write_text("id,title,labels\n7,a,\"['b', 'c']\"\n")
    assert f"{table}:2: record '7': field 'labels': " in refusal("convert", table, tmp_path / "set", *TEXT)


def test_a_test_set_has_ids_where_its_first_record_has_the_training_sets_field(tmp_path):
    train = jsonl(tmp_path / "train.jsonl", RECORDS)
    output("convert", train, tmp_path / "train", *TEXT, "--id-field", "ppn")
    for records, expected in (
        ([record(0, ppn="x"), record(1, ppn=2)], ["x", "2"]),
        ([record(0, id="x"), record(1)], None),
    ):
        path = jsonl(tmp_path / "new.jsonl", records)
        output("convert", path, tmp_path / "new", "--like", tmp_path / "train", "--overwrite")
        found = Dataset.open(tmp_path / "new").record_ids
        assert (None if found is None else [*found]) == expected
        output("train", tmp_path / "train", tmp_path / "model", "--overwrite")
        model = Model.open(tmp_path / "model")
        for labelled in (False, True):
            blocks = list(open_rows(path, like=model, labelled=labelled))
            ids = [block.record_ids and list(block.record_ids) for block in blocks]
            assert ids == [expected]


def test_with_names_from_a_file_what_records_call_a_label_is_its_uri(tmp_path):
    path = jsonl(tmp_path / "r.jsonl", RECORDS)
    names = tmp_path / "names.tsv"
    names.write_text("<http://gnd/0>\tWald\nhttp://gnd/1\tWald\nhttp://gnd/2\tFluss\n")
    split = ("--split", "year:2008", "--test", tmp_path / "test")
    output("convert", path, tmp_path / "train", *TEXT, "--label-names", names, *split)
    made = Dataset.open(tmp_path / "train")
    assert made.label_uris == [f"http://gnd/{i}" for i in range(4)]
    assert made.label_names == ["Wald", "Wald", "Fluss", "http://gnd/3"]
    assert Dataset.open(tmp_path / "test").label_uris == made.label_uris
    new = jsonl(
        tmp_path / "new.jsonl", [{"title": "Wald", "labels": ["http://gnd/3", "Wald", "http://gnd/9"]}]
    )
    output("convert", new, tmp_path / "new", "--like", tmp_path / "train")
    like = Dataset.open(tmp_path / "new")
    assert like.label_uris == [*made.label_uris, "Wald", "http://gnd/9"]
    assert like.label_names == [*made.label_names, "Wald", "http://gnd/9"]
    output("train", tmp_path / "train", tmp_path / "model")
    assert Model.open(tmp_path / "model").label_uris == made.label_uris
    output("convert", path, tmp_path / "plain", *TEXT)
    assert Dataset.open(tmp_path / "plain").label_uris is None


def test_a_name_beside_a_uri_in_the_records_is_the_labels_name(tmp_path):
    called = {"http://gnd/1": "Wald", "http://gnd/2": "Wald", "http://gnd/3": None, "http://gnd/4": "Neu"}
    names = ["Wald", "Wald", "http://gnd/3", "Neu"]

    def records(uris):
        return [{"title": "Wald", "y": i, "labels": [{"uri": uri, "label": called[uri]}]} for i, uri in uris]

    numbered = list(enumerate(called, 1))
    path = jsonl(tmp_path / "r.jsonl", records(numbered))
    output("convert", path, tmp_path / "train", *TEXT, "--split", "y:4", "--test", tmp_path / "test")
    new = jsonl(tmp_path / "new.jsonl", records(numbered[2:]))
    output("convert", new, tmp_path / "new", "--like", tmp_path / "train")
    for name, n_labels in (("train", 3), ("test", 4), ("new", 4)):
        made = Dataset.open(tmp_path / name)
        assert (made.label_uris, made.label_names) == ([*called][:n_labels], names[:n_labels])
    jsonl(new, [record(0), {"title": "x", "labels": [{"uri": "u", "label": "a\nb"}]}])
    assert ":2: field 'labels': label 'a\\nb'; expected one line without NUL" in refusal(
        "convert", new, tmp_path / "x", *TEXT
    )


@pytest.mark.parametrize("n_lines", [1, 20_000])  # in one piece, or in several
def test_of_several_names_of_a_label_the_first_is_taken_and_that_is_told(tmp_path, n_lines):
    first, last = ({"title": "Wald", "labels": [{"uri": "u", "label": name}]} for name in "ab")
    path = jsonl(tmp_path / "r.jsonl", [first, *[{"title": 50 * "x", "labels": []}] * n_lines, last])
    told = pwdismec("convert", path, tmp_path / "set", *TEXT, "--quiet").err
    assert f"{path}: 1 label with several names, such as u; the first that was read is taken" in told
    assert Dataset.open(tmp_path / "set").label_names == ["a"]


@pytest.mark.parametrize("uids, expected", [([12, "a", "3"], ["12", "a", "3"]), (None, ["0", "1", "2"])])
def test_labels_of_the_xmc_repository_have_their_uid_or_else_their_number(tmp_path, uids, expected):
    labels = [{"title": title} | ({} if uids is None else {"uid": uids[i]}) for i, title in enumerate("xyx")]
    with gzip.open(tmp_path / "lbl.json.gz", "wt") as file:
        file.writelines(json.dumps(label) + "\n" for label in labels)
    records = [{"title": word, "target_ind": [2 - i]} for i, word in enumerate(WORDS[:3])]
    path = jsonl(tmp_path / "trn.json", records)
    text = ("--text", "title", "--label-field", "target_ind", "--min-df", "1")
    output("convert", path, tmp_path / "train", *text, "--label-names", tmp_path / "lbl.json.gz")
    made = Dataset.open(tmp_path / "train")
    assert (made.label_names, made.label_uris) == (["x", "y", "x"], expected)
    new = jsonl(tmp_path / "tst.json", [{"title": "Berg", "target_ind": [0, 12]}])
    output("convert", new, tmp_path / "new", "--like", tmp_path / "train")
    others = [str(number) for number in range(3, 13)]
    if uids:  # which call the first and the last label 12 and 3
        others[0], others[-1] = "label 3", "label 12"
    assert Dataset.open(tmp_path / "new").label_uris == [*expected, *others]
    (tmp_path / "features.txt").write_text("2 5 3\n0 0:1\n1,2 3:1\n")
    output("convert", tmp_path / "features.txt", tmp_path / "f", "--label-names", tmp_path / "lbl.json.gz")
    assert Dataset.open(tmp_path / "f").label_uris == (expected if uids else None)


@pytest.mark.parametrize(
    "lines, said",
    [
        (['{"title": "a", "uid": 1}', '{"title": "b"}'], r":2: uid: missing; expected one in each line"),
        (['{"title": "a", "uid": 1}', '{"title": "b", "uid": 1.5}'], r":2: uid 1.5 is of type float"),
        (
            ['{"title": "a", "uid": "x"}', '{"title": "b", "uid": "x"}'],
            r"labels 0 and 1 have the same URI, 'x'",
        ),
        (['{"title": "a", "uid": "x"}', '{"title": "b", "uid": ""}'], r"the URI of label 1 is empty"),
    ],
)
def test_uids_that_identify_nothing_are_refused(tmp_path, lines, said):
    (tmp_path / "lbl.json").write_text("\n".join(lines))
    (tmp_path / "x.txt").write_text("1 5 2\n0 0:1\n")
    assert said in refusal(
        "convert", tmp_path / "x.txt", tmp_path / "set", "--label-names", tmp_path / "lbl.json"
    )
    assert not (tmp_path / "set").exists()


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Of records with ids, and labels of which two have one name; a model without names or URIs beside it."""
    folder = tmp_path_factory.mktemp("identities")
    path = jsonl(folder / "r.jsonl", [record(i, id=f"rec-{i}") for i in range(40)])
    names = folder / "names.tsv"
    names.write_text(
        "".join(f"http://gnd/{i}\t{name}\n" for i, name in enumerate(["Wald", "Wald", "2", "3"]))
    )
    output("convert", path, folder / "data", *TEXT, "--label-names", names)
    output("train", folder / "data", folder / "model")
    return folder


def test_suggestions_say_what_the_source_calls_labels_and_records(model):
    asked = ("suggest", model / "model", json.dumps({"title": "Der Wald", "id": "neu\n1"}), "--top-k", 2)
    neighbours = ("--neighbours", 1, "--train", model / "data")
    row = json.loads(output(*asked, *neighbours, "--json"))
    assert row["id"] == "neu\n1"
    best = row["labels"][0]
    assert list(best)[:4] == ["uri", "label", "id", "score"]
    assert (best["uri"], best["label"], best["id"]) == ("http://gnd/0", "Wald", 0)
    assert best["neighbours"][0]["record_id"] == f"rec-{best['neighbours'][0]['instance']}"
    assert "  Wald <http://gnd/0>\n" in output(*asked, *neighbours)
    assert "(rec-" in output(*asked, *neighbours)
    assert "id" not in json.loads(output("suggest", model / "model", "Der Wald", "--json"))


def test_a_label_is_wanted_by_uri_name_or_id(model):
    asked = ("suggest", model / "model", "Der Wald", "--json", "--label")
    for label, expected in (("http://gnd/1", 1), ("2", 2), ("1", 1), ("3", 3), ("0", 0)):
        (found,) = json.loads(output(*asked, label))["labels"]
        assert found["id"] == expected
    told = refusal(*asked, "Wald")
    assert told.endswith(
        "'Wald' is the name of 2 labels (0 http://gnd/0, 1 http://gnd/1); give an id or a URI"
    )
    opened = Model.open(model / "model")
    assert opened.classifier("http://gnd/1").uri == opened.explain("Wald", 1).label_uri == "http://gnd/1"
    assert opened.top_features("http://gnd/1", 3) == opened.top_features(1, 3)


def test_what_is_no_id_is_told_in_suggesting_and_errors_name_the_record(model):
    asked = ("suggest", model / "model", "--json")
    assert "TEXT: field 'id': 1.5; expected a string" in refusal(*asked, '{"title": "Wald", "id": 1.5}')
    assert "TEXT: record 'a': title: 5; expected a string" in refusal(*asked, '{"title": 5, "id": "a"}')


def test_what_there_is_of_identities_is_described(model):
    said = output("inspect", model / "data")
    assert re.search(r"URIs of labels +yes\n", said) and re.search(r"ids of records +yes\n", said)
    assert re.search(r"names of +labels\n", said)
    assert re.search(r"URIs of labels +yes\n", output("inspect", model / "model"))


@pytest.mark.parametrize(
    "names, uris, brief, full",
    [
        (None, None, ["label 0", "label 1", "label 2"], ["label 0", "label 1", "label 2"]),
        (["a", "a", ""], None, ["a (label 0)", "a (label 1)", "label 2"], None),
        (["a", "a", "b"], ["x", "y", "z"], ["a <x>", "a <y>", "b"], ["a <x>", "a <y>", "b <z>"]),
        (None, ["x", "y", "\u202e"], ["<x>", "<y>", r"<\u202e>"], None),
        (["", "a\u2028", "b"], ["x", "y", "z"], ["<x>", r"a\u2028", "b"], ["<x>", r"a\u2028 <y>", "b <z>"]),
    ],
)
def test_labels_of_one_name_are_told_apart(names, uris, brief, full):
    labels = ShownLabels(SimpleNamespace(label_names=names, label_uris=uris))
    assert [labels.brief(i) for i in range(3)] == brief
    assert [labels.full(i) for i in range(3)] == (full or brief)
