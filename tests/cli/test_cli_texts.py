"""convert on records: from texts to a model and back, splits, tables, and what is refused."""

import csv
import gzip
import json
import lzma
import re
from datetime import datetime, timedelta

import numpy as np
import pytest
from helpers.command_line import output, pwdismec, refusal

from pwdismec.data import Dataset
from pwdismec.model import Model
from pwdismec.text import TextVectorizer
from pwdismec.text.splits import Split

WORDS = ["wald", "berg", "fluss", "stadt", "haus", "brücke", "wetter", "garten"]


def record(i):
    first, second = WORDS[i % 8], WORDS[(3 * i + 1) % 8]
    labels = sorted({f"L-{first}", f"L-{second}"}) if i % 5 else []
    return {"title": f"Der {first}", "text": f"Über {second} und {first}", "labels": labels, "year": 2000 + i}


RECORDS = [record(i) for i in range(40)]
TEXT = ("--text", "title:2,text", "--label-field", "labels")


def write_jsonl(path, records):
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records), "utf-8")
    return path


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("texts")
    source = write_jsonl(folder / "records.jsonl", RECORDS)
    output("convert", source, folder / "train", *TEXT)
    return folder


def assert_same(a: Dataset, b: Dataset):
    assert a.fingerprint == b.fingerprint
    assert a.label_names == b.label_names


def test_features_are_those_of_the_stored_vectoriser(texts):
    made = Dataset.open(texts / "train")
    made.verify()
    vectorizer = TextVectorizer.load(made.vectorizer)
    expected = vectorizer.transform(RECORDS)
    assert np.array_equal(made.features.indices, expected.indices)
    assert np.array_equal(made.features.data, expected.data)
    assert made.label_names == sorted({label for r in RECORDS for label in r["labels"]}) == vectorizer.labels
    found = [[made.label_names[j] for j in made.labels.rows(i, i + 1).stored().indices] for i in range(40)]
    assert found == [r["labels"] for r in RECORDS]


def test_a_model_carries_the_vectoriser_and_so_do_models_of_it(texts, tmp_path):
    output("train", texts / "train", tmp_path / "model", "--weighting", "vanilla")
    output("prune", tmp_path / "model", tmp_path / "pruned", "--threshold", "0.01")
    (tmp_path / "wanted").write_text("L-wald\nL-berg\n")
    output("slice", tmp_path / "model", tmp_path / "cut", "--labels", tmp_path / "wanted")
    expected = TextVectorizer.load(texts / "train" / "vectorizer").transform(RECORDS)
    for name in ("model", "pruned", "cut"):
        found = TextVectorizer.load(tmp_path / name / "vectorizer").transform(RECORDS)
        assert np.array_equal(found.data, expected.data)


@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
def test_records_are_predicted_for_and_evaluated_like_their_data_set(texts, tmp_path, suffix):
    output("train", texts / "train", tmp_path / "model", "--weighting", "vanilla")
    new = [record(i) | {"labels": [*record(i)["labels"], "L-unknown"]} for i in range(7, 31)]
    records = write_jsonl(tmp_path / "new.jsonl", new)
    output("convert", records, tmp_path / "set", "--like", texts / "train")
    if suffix == "csv":
        records = tmp_path / "new.csv"
        with records.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, ["title", "text", "labels", "year"])
            writer.writeheader()
            writer.writerows(r | {"labels": ";".join(r["labels"])} for r in new)
    output("predict", tmp_path / "model", records, tmp_path / "a.txt")
    output("predict", tmp_path / "model", tmp_path / "set", tmp_path / "b.txt")
    assert (tmp_path / "a.txt").read_bytes() == (tmp_path / "b.txt").read_bytes()
    given = [
        output("evaluate", tmp_path / "a.txt", truth, "--train", texts / "train")
        for truth in (records, tmp_path / "set")
    ]
    assert given[0] == given[1] and "P" in given[0]


def test_records_without_text_get_the_prior_order_and_are_counted(texts, tmp_path, caplog):
    output("train", texts / "train", tmp_path / "model", "--weighting", "vanilla")
    some = [{"title": "Der Wald", "text": None}, {"text": "Der Wald", "title": None}, {"text": "Wald"}]
    none = [{}, {"title": None, "text": ""}, {"text": "unbekannt", "title": ""}]
    records = write_jsonl(tmp_path / "new.jsonl", [*none, *some])
    output("predict", tmp_path / "model", records, tmp_path / "p.jsonl")
    assert caplog.messages == [
        f"{records}: records without any word that the model knows, for which labels are in prior order: 3"
    ]
    model = Model.open(tmp_path / "model")
    label_ids, _, bias = model.weights()
    prior = [int(label_ids[i]) for i in np.argsort(-bias, kind="stable")[:5]]
    rows = [json.loads(line)["labels"] for line in (tmp_path / "p.jsonl").read_text().splitlines()]
    assert [[label["id"] for label in row] for row in rows[:3]] == [prior] * 3
    filled = [{"title": r.get("title") or "", "text": r.get("text") or ""} for r in some]
    write_jsonl(records, filled)
    output("predict", tmp_path / "model", records, tmp_path / "filled.jsonl")
    assert rows[3:] == [
        json.loads(line)["labels"] for line in (tmp_path / "filled.jsonl").read_text().splitlines()
    ]


def test_labels_are_not_needed_to_predict(texts, tmp_path):
    output("train", texts / "train", tmp_path / "model", "--weighting", "vanilla")
    records = write_jsonl(
        tmp_path / "new.jsonl", [{"title": "Der Wald", "text": "Wald und Berg"}, {"text": 3}]
    )
    said = refusal("predict", tmp_path / "model", records, tmp_path / "p.txt")
    assert said == f"{records}:2: field 'text': 3; expected a string"
    assert not (tmp_path / "p.txt").exists()
    write_jsonl(records, [{"title": "Der Wald", "text": "Wald und Berg"}])
    output("predict", tmp_path / "model", records, tmp_path / "p.jsonl", "--top-k", "3")
    model = Model.open(tmp_path / "model")
    record = {"title": "Der Wald", "text": "Wald und Berg"}
    features = TextVectorizer.load(texts / "train" / "vectorizer").transform([record]).to_scipy().toarray()[0]
    ids, weights, bias = model.weights()
    scores = weights.to_scipy() @ features + bias
    best = np.argsort(-scores, kind="stable")[:3]
    (line,) = (tmp_path / "p.jsonl").read_text().splitlines()
    found = json.loads(line)["labels"]
    assert [(entry["id"], entry["label"]) for entry in found] == [
        (ids[place], model.label_names[ids[place]]) for place in best
    ]
    np.testing.assert_allclose([entry["score"] for entry in found], scores[best], rtol=1e-5)
    assert {"L-wald", "L-berg"} & {found[0]["label"], found[1]["label"]}


def test_a_test_set_is_converted_like_the_training_set(texts, tmp_path):
    new = [{"title": "Der Wald", "text": "xyzzy", "labels": ["L-wald", "L-unknown"]}]
    answer = pwdismec(
        "convert", write_jsonl(tmp_path / "new.jsonl", new), tmp_path / "test", "--like", texts / "train"
    )
    assert answer.code == 0
    assert re.search(r"^labels not in the training set +1$", answer.out, re.M)
    assert re.search(r"^pairs of these labels +1 \(50.0 %\)$", answer.out, re.M)
    made, training = Dataset.open(tmp_path / "test"), Dataset.open(texts / "train")
    assert made.transforms == training.transforms
    assert made.label_names == [*training.label_names, "L-unknown"]
    assert [made.label_names[j] for j in made.labels.indices] == ["L-wald", "L-unknown"]
    names = TextVectorizer.load(made.vectorizer).feature_names
    assert {names[j] for j in made.features.indices} == {"title:der", "title:wald"}


def test_several_files_compressed_and_any_number_of_processes_give_the_same(texts, tmp_path):
    halves = [tmp_path / "a.jsonl.xz", tmp_path / "b.ndjson.gz"]
    for path, part, write in zip(halves, (RECORDS[:20], RECORDS[20:]), (lzma.open, gzip.open), strict=True):
        with write(path, "wt", encoding="utf-8") as file:
            file.writelines(json.dumps(r) + "\n" for r in part)
    output("convert", *halves, tmp_path / "train", *TEXT, "--jobs", "2")
    assert_same(Dataset.open(tmp_path / "train"), Dataset.open(texts / "train"))


@pytest.mark.parametrize("suffix, delimiter", [("csv", ","), ("tsv", "\t")])
def test_tables_give_the_same(texts, tmp_path, suffix, delimiter):
    with (tmp_path / f"t.{suffix}").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["title", "text", "labels", "year"], delimiter=delimiter)
        writer.writeheader()
        writer.writerows(r | {"labels": " | ".join(r["labels"])} for r in RECORDS)
    output("convert", tmp_path / f"t.{suffix}", tmp_path / "train", *TEXT, "--label-separator", "|")
    assert_same(Dataset.open(tmp_path / "train"), Dataset.open(texts / "train"))


def test_parquet_gives_the_same(texts, tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pyarrow.Table.from_pylist(RECORDS), tmp_path / "t.parquet")
    output("convert", tmp_path / "t.parquet", tmp_path / "train", *TEXT)
    assert_same(Dataset.open(tmp_path / "train"), Dataset.open(texts / "train"))


def test_dates_of_parquet_split(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    days = [datetime(2020, 1, 1) + timedelta(hours=8 * i) for i in range(40)]
    for name, values in (("time", days), ("date", [day.date() for day in days])):
        rows = [r | {"at": value} for r, value in zip(RECORDS, values, strict=True)]
        parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / f"{name}.parquet")
    for name, first, n_held_out in (("date", "2020-01-03", 34), ("time", "2020-01-03T08:00", 33)):
        options = "--test", tmp_path / "test", "--split", f"at:{first}"
        output("convert", tmp_path / f"{name}.parquet", tmp_path / "train", *TEXT, *options, "--overwrite")
        assert Dataset.open(tmp_path / "test").n_instances == n_held_out


@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
def test_a_mark_at_the_start_is_no_text(texts, tmp_path, suffix):
    """Windows' programs begin UTF-8 with one, the byte order mark."""
    lines = [json.dumps(r) for r in RECORDS]
    if suffix == "csv":
        lines = ["title,text,labels", *(f"{r['title']},{r['text']},{';'.join(r['labels'])}" for r in RECORDS)]
    (tmp_path / f"r.{suffix}").write_text("\n".join(lines) + "\n", "utf-8-sig")
    labels = Dataset.open(texts / "train").label_names
    (tmp_path / "names.tsv").write_text("".join(f"{label}\t{label}\n" for label in labels), "utf-8-sig")
    names = "--label-names", tmp_path / "names.tsv"
    output("convert", tmp_path / f"r.{suffix}", tmp_path / "train", *TEXT, *names)
    assert_same(Dataset.open(tmp_path / "train"), Dataset.open(texts / "train"))


LISTED = "text,labels\nwald baum,\"['a', 'b']\"\nwald meer,[]\n"


def test_a_written_list_is_refused_or_read_as_a_list(tmp_path):
    source, options = tmp_path / "r.csv", ("--text", "text", "--label-field", "labels")
    source.write_text(LISTED)
    said = refusal("convert", source, tmp_path / "out", *options)
    assert said.startswith(f"{source}:2: field 'labels': \"['a', 'b']\" looks like a written list; expected")
    assert said.endswith("(--label-separator list reads lists)") and list(tmp_path.iterdir()) == [source]
    output("convert", source, tmp_path / "out", *options, "--label-separator", "list")
    made = Dataset.open(tmp_path / "out")
    assert made.label_names == ["a", "b"] and np.diff(made.labels.indptr).tolist() == [2, 0]


def test_labels_that_seem_not_to_be_cut_are_told(texts, tmp_path):
    source, names = tmp_path / "r.csv", ["a|b", "c|a", "b|d|e", "a"]
    source.write_text("title,text,labels\n" + "".join(f"der,wald,{name}\n" for name in names))
    doubt = "nearly all are different, such as 'a|b'; if that is several, say what divides them (--label-sep"
    assert doubt in pwdismec("convert", source, tmp_path / "whole", *TEXT).err
    cut = pwdismec("convert", source, tmp_path / "cut", *TEXT, "--label-separator", "|")
    assert cut.code == 0 and "--label-separator" not in cut.err
    assert "--label-separator" not in pwdismec("convert", texts / "records.jsonl", tmp_path / "a", *TEXT).err


def test_labels_have_names(texts, tmp_path):
    labels = Dataset.open(texts / "train").label_names
    (tmp_path / "names.tsv").write_text("".join(f"{label}\tName of {label}\n" for label in reversed(labels)))
    source = texts / "records.jsonl"
    output("convert", source, tmp_path / "train", *TEXT, "--label-names", tmp_path / "names.tsv")
    output("convert", source, tmp_path / "test", "--like", tmp_path / "train")
    for name in ("train", "test"):
        made = Dataset.open(tmp_path / name)
        assert made.label_names == [f"Name of {label}" for label in labels]
        assert made.fingerprint == Dataset.open(texts / "train").fingerprint


def test_of_a_vocabulary_two_columns_count_and_a_label_without_a_name_is_told(texts, tmp_path):
    labels = Dataset.open(texts / "train").label_names
    lines = "".join(f"{label}\tName of {label}\tN{i}\n" for i, label in enumerate(labels[1:]))
    (tmp_path / "names.tsv").write_text(lines)
    source, names = texts / "records.jsonl", ("--label-names", tmp_path / "names.tsv")
    answer = pwdismec("convert", source, tmp_path / "train", *TEXT, *names)
    assert answer.code == 0
    assert f"no name for 1 of {len(labels)} labels, such as {labels[0]}; they are" in answer.err
    expected = [labels[0], *(f"Name of {label}" for label in labels[1:])]
    assert Dataset.open(tmp_path / "train").label_names == expected
    for line in ("L-wald\n", "\tWald\n", "L-wald\t\n"):
        (tmp_path / "names.tsv").write_text(lines + line)
        said = refusal("convert", source, tmp_path / "no", *TEXT, *names)
        assert said.startswith(f"{tmp_path}/names.tsv:{len(labels)}: ") and "expected a label, a tab" in said

    (tmp_path / "names.tsv").write_text("\n" + lines.replace("\n", "\n \n", 1) + "\n")
    output("convert", source, tmp_path / "blank", *TEXT, *names)
    assert Dataset.open(tmp_path / "blank").label_names == expected


RAW = [
    {"uid": "B01", "title": "wald baum", "content": "", "target_ind": [10, 2], "target_rel": [1.0, 1.0]},
    {"uid": "B02", "title": "wald meer", "content": "fisch baum", "target_ind": [2]},
    {"uid": "B03", "title": "meer", "content": "fisch", "target_ind": []},
]


def test_raw_texts_of_the_xmc_repository(tmp_path):
    """trn.json.gz has the labels' numbers, and lbl.json.gz their titles, in the order of these."""
    titles = [f"Title {i}" for i in range(11)]
    for name, records in (
        ("trn", RAW),
        ("lbl", [{"uid": f"L{i}", "title": t} for i, t in enumerate(titles)]),
    ):
        text = "".join(f"{json.dumps(record)}\n" for record in records)
        (tmp_path / f"{name}.json.gz").write_bytes(gzip.compress(text.encode()))
    options = ("--text", "title,content", "--label-field", "target_ind", "--min-df", 1)
    convert = ("convert", tmp_path / "trn.json.gz", tmp_path / "train", *options)
    output(*convert, "--label-names", tmp_path / "lbl.json.gz")
    made = Dataset.open(tmp_path / "train")
    assert made.label_names == titles and made.labels.indices.tolist() == [2, 10, 2]
    assert TextVectorizer.load(tmp_path / "train" / "vectorizer").labels == [str(i) for i in range(11)]
    (tmp_path / "names.txt").write_text("\n".join(titles), "utf-8-sig")
    output(*convert, "--label-names", tmp_path / "names.txt", "--overwrite")
    assert Dataset.open(tmp_path / "train").label_names == titles
    (tmp_path / "names.txt").write_text("\n".join(titles[:10]))
    said = refusal(*convert, "--label-names", tmp_path / "names.txt", "--overwrite")
    assert said == (
        f"{tmp_path}/names.txt: no name for label '10'; expected labels from 0 to 9, as the file has 10 names"
    )
    (tmp_path / "lbl.json").write_text('{"title": "a"}\n{"titel": "b"}\n')
    said = refusal(*convert, "--label-names", tmp_path / "lbl.json", "--overwrite")
    assert said.startswith(f"{tmp_path}/lbl.json:2: ") and "expected a JSON object with a title" in said


def test_a_corpus_of_annif_is_the_same_in_every_form(tmp_path):
    """JSON lines with subjects, a table with them, and TSV without a header, whose URIs stand in <>."""
    uris = ["http://example.org/s/1", "http://example.org/s/2"]
    records = [("wald baum", uris), ("wald meer", uris[:1]), ("meer baum", [])]
    subjects = [[{"uri": uri, "label": f"Subject {uri[-1]}"} for uri in own] for _, own in records]
    texts = [text for text, _ in records]
    rows = zip(texts, subjects, strict=True)
    write_jsonl(tmp_path / "a.jsonl", [{"text": text, "subjects": own} for text, own in rows])
    cells = ["  ".join(f"<{uri}>" for uri in own) for _, own in records]
    lines = [f"{text}\t{cell}\n" for text, cell in zip(texts, cells, strict=True)]
    (tmp_path / "b.tsv").write_text("".join(lines))
    (tmp_path / "c.csv").write_text(
        "text,subjects\n" + "".join(f"{text},{' '.join(own)} \n" for text, own in records)
    )
    (tmp_path / "names.tsv").write_text("".join(f"<{uri}>\tSubject {uri[-1]}\n" for uri in uris))
    options = ("--text", "text", "--label-field", "subjects", "--label-names", tmp_path / "names.tsv")
    output("convert", tmp_path / "a.jsonl", tmp_path / "a", *options)
    output("convert", tmp_path / "c.csv", tmp_path / "c", *options, "--label-separator", " ")
    no_header = ("--columns", "text,subjects", "--label-separator", " ")
    output("convert", tmp_path / "b.tsv", tmp_path / "b", *options, *no_header)
    output("convert", tmp_path / "b.tsv", tmp_path / "like", "--like", tmp_path / "b")
    for name in ("b", "c", "like"):
        assert_same(Dataset.open(tmp_path / name), Dataset.open(tmp_path / "a"))
    assert Dataset.open(tmp_path / "a").label_names == ["Subject 1", "Subject 2"]
    assert TextVectorizer.load(tmp_path / "b" / "vectorizer").labels == uris
    wrong = refusal("convert", tmp_path / "b.tsv", tmp_path / "x", *options, "--columns", "text,subjects,id")
    assert wrong == f"{tmp_path}/b.tsv:1: 2 cells; expected 3: 'text', 'subjects', 'id'"
    wrong = refusal("convert", tmp_path / "b.tsv", tmp_path / "x", *options, "--columns", "text,labels")
    assert wrong == f"{tmp_path}/b.tsv: no column 'subjects'; expected it beside 'text', 'labels'"


@pytest.mark.parametrize("split", ["year:2030", "0.3"])
def test_records_held_out_do_not_count_for_the_vectoriser(texts, tmp_path, split):
    source = texts / "records.jsonl"
    output("convert", source, tmp_path / "train", *TEXT, "--test", tmp_path / "test", "--split", split)
    parts = [Dataset.open(tmp_path / name) for name in ("train", "test")]
    assert parts[0].n_instances + parts[1].n_instances == 40
    if split == "year:2030":
        held_out = list(range(30, 40))
    else:
        assert 4 <= parts[1].n_instances <= 20
        held_out = [i for i in range(40) if Split.parse(split).holds_out(RECORDS[i], i + 1)]
    training = [i for i in range(40) if i not in held_out]
    write_jsonl(tmp_path / "a.jsonl", [RECORDS[i] for i in training])
    write_jsonl(tmp_path / "b.jsonl", [RECORDS[i] for i in held_out])
    output("convert", tmp_path / "a.jsonl", tmp_path / "a", *TEXT)
    output("convert", tmp_path / "b.jsonl", tmp_path / "b", "--like", tmp_path / "a")
    for part, name in zip(parts, "ab", strict=True):
        assert_same(part, Dataset.open(tmp_path / name))


def test_hashing(texts, tmp_path):
    output("convert", texts / "records.jsonl", tmp_path / "train", *TEXT, "--hashing", "10", "--chars", "2-3")
    made = Dataset.open(tmp_path / "train")
    assert made.n_features == 1024
    expected = TextVectorizer.load(made.vectorizer).transform(RECORDS)
    assert np.array_equal(made.features.indices, expected.indices)
    assert np.array_equal(made.features.data, expected.data)


def test_processes_give_the_same_and_tell_the_first_error(tmp_path):
    """A piece is about a megabyte: with less, no process is started."""
    long = [record(i) | {"text": f"wort{i % 3} " * 20_000} for i in range(40)]
    source = write_jsonl(tmp_path / "long.jsonl", long)
    output("convert", source, tmp_path / "two", *TEXT, "--jobs", "2")
    output("convert", source, tmp_path / "one", *TEXT, "--jobs", "1")
    assert_same(Dataset.open(tmp_path / "two"), Dataset.open(tmp_path / "one"))
    write_jsonl(source, [*long[:33], {}, *long[33:], {}])
    said = refusal("convert", source, tmp_path / "out", *TEXT, "--jobs", "2")
    assert said == f"{source}:34: field 'title': missing; expected a string"


GOOD = json.dumps(RECORDS[1]).encode()
BAD_LINES = {
    b'{"title": "\xff"}': "byte 12 of the line is 0xff; expected UTF-8",
    b"[1, 2]": "[1, 2]; expected a JSON object",
    b"null": "None; expected a JSON object",
    b'{"title": ': "not JSON: Expecting value: line 1 column 11 (char 10); expected a JSON object",
    b'{"text": "a", "labels": []}': "field 'title': missing; expected a string beside 'text', 'labels'",
    b"{}": "field 'title': missing; expected a string",
    b'{"title": null, "text": "a", "labels": []}': "field 'title': None; expected a string",
    b'{"title": ["a"], "text": "a", "labels": []}': "field 'title': ['a']; expected a string",
    b'{"title": "a", "text": "a"}': "field 'labels': missing; expected a list of labels beside "
    "'title', 'text'",
    b'{"title": "", "text": "", "labels": "L-wald"}': "field 'labels': 'L-wald'; expected a list of strings",
    b'{"title": "", "text": "", "labels": ["L", 3.5]}': "field 'labels': label 3.5; expected a string, a "
    "whole number, or an object with a uri or label",
    b'{"title": "", "text": "", "labels": ["L", "L"]}': "field 'labels': label 'L' twice; expected each once",
    b'{"title": "", "text": "", "labels": ["a\\nb"]}': "field 'labels': label 'a\\nb'; expected one line "
    "without NUL",
    b'{"title": "", "text": "", "labels": ["\\ud800"]}': "field 'labels': label '\\ud800'; expected one line "
    "without NUL",
    b'{"title": "", "text": "", "labels": [""]}': "field 'labels': label ''; expected one line without NUL",
}


@pytest.mark.parametrize("line", BAD_LINES, ids=BAD_LINES.values())
def test_a_bad_record_is_named(tmp_path, line):
    source = tmp_path / "bad.jsonl"
    source.write_bytes(b"\n".join([GOOD, GOOD, line, GOOD]) + b"\n")
    assert refusal("convert", source, tmp_path / "out", *TEXT) == f"{source}:3: {BAD_LINES[line]}"
    assert list(tmp_path.iterdir()) == [source]


BAD_TABLES = {
    b"title,text\na,b\nc\n": (3, "1 cell; expected 2, as in the header"),
    b"title,title\na,b\n": (1, "column 'title' twice; expected each name once"),
    b'title,text\n"a\nb",c\nd,\xff\n': (4, "byte 3 of the line is 0xff; expected UTF-8"),
    b'title,text\n"a\nb",c\nd\n': (4, "1 cell; expected 2, as in the header"),
    b'title,text\n"a"b,c\n': (2, "not well-formed: ',' expected after '\"'"),
    b"text\nabc\n": (
        1,
        "no column 'title'; expected it beside 'text' (--columns names those of a file without "
        "a header; --format annif reads Annif's)",
    ),
}


@pytest.mark.parametrize("content", BAD_TABLES, ids=[said for _, said in BAD_TABLES.values()])
def test_a_bad_table_is_named(tmp_path, content):
    source = tmp_path / "bad.csv"
    source.write_bytes(content)
    line, said = BAD_TABLES[content]
    assert refusal("convert", source, tmp_path / "out", "--text", "title,text") == f"{source}:{line}: {said}"
    assert list(tmp_path.iterdir()) == [source]


def test_an_empty_vocabulary_is_told(tmp_path):
    source = write_jsonl(tmp_path / "a.jsonl", [{"t": "ab"}, {"t": "cd"}, {"t": "!"}])
    said = refusal("convert", source, tmp_path / "out", "--text", "t")
    assert said == (
        f"{source}: an empty vocabulary: no term is in 2 of 3 records; expected text, or a smaller min_df"
    )
    assert list(tmp_path.iterdir()) == [source]


@pytest.mark.parametrize(
    "options, said",
    [
        (("--text", "t:0"), "text: 't:0': weight 0; expected a number above 0"),
        (
            ("--text", "t", "--split", "2", "--test", "x"),
            "split: '2'; expected a share between 0 and 1, or FIELD:FIRST",
        ),
        (("--text", "t", "--words", "0"), "text: no n-grams; expected words, chars or both"),
        (("--text", "t", "--tfidf"), "--tfidf and --text exclude each other"),
        ((), "a.jsonl: records with texts; say with --text which fields to take"),
        (("--text", "t", "--test", "out", "--split", "0.5"), "out: is another output"),
        (("--chars", "3-5"), "--chars requires --text"),
        (("--label-language", "de"), "--label-language requires --text"),
        (("--text", "t", "--label-language", "de"), "--label-language requires --label-names"),
        (("--text", "t", "--test", "x"), "--test, --split and --text require each other"),
        (
            ("--text", "t", "--hashing", "8", "--min-df", "3"),
            "--hashing and --min-df exclude each other",
        ),
        (("--text", "t", "--words", "x"), "'x'; expected a number or a range such as 1-2"),
    ],
)
def test_options_that_do_not_fit(tmp_path, options, said):
    source = write_jsonl(tmp_path / "a.jsonl", [{"t": "ab"}, {"t": "ab"}])
    options = [tmp_path / "out" if option == "out" else option for option in options]
    answer = pwdismec("convert", source, tmp_path / "out", *options)
    assert answer.code == 2 and said in answer.err.replace("\n", " ")


def test_a_suffix_of_no_records_is_told(tmp_path):
    source = tmp_path / "a.txt"
    source.write_text("ab\n")
    said = refusal("convert", source, tmp_path / "out", "--text", "t")
    formats = ".jsonl, .ndjson, .json, .csv, .tsv, .parquet"
    assert said == f"{source}: suffix '.txt'; expected a file of records ({formats}), or its --format"


@pytest.mark.parametrize(
    "option",
    [["--tfidf"], ["--no-normalize"], ["--one-based"], ["--feature-names"]],
    ids=lambda option: option[0],
)
def test_an_option_for_files_of_features_does_not_go_with_text(texts, tmp_path, option):
    if option[0] == "--feature-names":
        (tmp_path / "names.txt").write_text("a\n")
        option = [*option, tmp_path / "names.txt"]
    answer = pwdismec("convert", texts / "records.jsonl", tmp_path / "made", *TEXT, *option)
    assert answer.code == 2 and f"{option[0]} and --text exclude each other" in answer.err
    assert not (tmp_path / "made").exists()
