"""From a text to labels with reasons: the reasons add up, and what is no text is told in one line."""

import io
import json
import random
import shutil
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from helpers.command_line import output, pwdismec, refusal, told

from pwdismec import Dataset, Model, Predictor

TOPICS = {
    "Optik": "Licht Linse Laser Brechung Spiegel",
    "Wärmelehre": "Wärme Temperatur Entropie Kältemaschine Gas",
    "Astronomie": "Mond Sonne Planet Fernrohr Spiegel",
}


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    """Records of two fields; the labels of a record are the topics that its words are of."""
    folder = tmp_path_factory.mktemp("texts")
    rng = random.Random(0)
    with (folder / "records.jsonl").open("w") as file:
        for number in range(120):
            labels = rng.sample(sorted(TOPICS), 1 + number % 2)
            words = [word for label in labels for word in rng.sample(TOPICS[label].split(), 3)]
            record = {"title": " ".join(words[:3]), "abstract": "Über " + " ".join(words), "labels": labels}
            print(json.dumps(record), file=file)
    data, model = folder / "data", folder / "model"
    output("convert", folder / "records.jsonl", data, "--text", "title,abstract", "--label-field", "labels")
    output("train", data, model, "--shard-size", 2)
    return SimpleNamespace(folder=folder, data=data, model=model)


@pytest.fixture
def stdin(monkeypatch):
    """A function that makes bytes the standard input."""

    def given(content: bytes):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))

    return given


def test_labels_scores_and_the_words_that_make_them(texts):
    lines = output("suggest", texts.model, "Der Laser und die Linse", "--explain", "--top-k", 2).splitlines()
    assert lines[0] == "Der Laser und die Linse"
    assert lines[1].split()[1] == "Optik"
    assert "title:laser" in lines[2] and "title:linse" in lines[2] and lines[2].endswith(" bias")
    assert len(lines) == 5


def test_json_adds_up_to_the_scores_of_predict(texts):
    record = {"title": "Mond im Spiegel", "abstract": "Über Sonne, Gas und Licht"}
    answer = json.loads(
        output("suggest", texts.model, json.dumps(record), "--explain", "--json", "--top-k", 3)
    )
    model = Model.open(texts.model)
    instance = model.text_vectorizer.transform([record])
    top = Predictor(model).predict(instance, 3)
    x = instance.to_scipy().toarray()[0].astype(np.float64)
    ids, weights, bias = model.weights()
    scores = weights.to_scipy().toarray().astype(np.float64) @ x + bias
    assert [row["id"] for row in answer["labels"]] == top.labels[0].tolist()
    for row in answer["labels"]:
        assert row["label"] == model.label_names[row["id"]]
        assert row["score"] == pytest.approx(scores[list(ids).index(row["id"])], abs=1e-12)
        added = row["bias"] + sum(word["amount"] for word in row["words"])
        assert row["score"] == pytest.approx(added, abs=1e-12)
        assert {word["name"] for word in row["words"]} <= {
            f"{field}:{word.strip(',').lower()}" for field, text in record.items() for word in text.split()
        }
        assert any(word["amount"] < 0 for word in row["words"])


def test_a_line_each_of_standard_input_texts_and_records(texts, stdin):
    records = ['{"title": "", "abstract": "Gas"}', '{"abstract": "Gas", "labels": []}']
    stdin("\n".join(["Laser und Linse", "{Laser}, Linse", "Abrakadabra", *records]).encode() + b"\r\n")
    answers = [json.loads(line) for line in output("suggest", texts.model, "--json").splitlines()]
    assert [row["labels"][0]["label"] if row["labels"] else None for row in answers] == [
        "Optik",
        "Optik",
        None,
        "Wärmelehre",
        "Wärmelehre",
    ]
    assert answers[3] == answers[4]
    stdin(b"Abrakadabra\n")
    assert output("suggest", texts.model) == "Abrakadabra\n  (the model knows no word of it)\n"


def test_wanted_labels_by_name_and_id(texts):
    rows = json.loads(
        output("suggest", texts.model, "Laser und Linse", "--json", "--label", "Wärmelehre", "--label", "1")
    )["labels"]
    names = Model.open(texts.model).label_names
    assert {row["label"] for row in rows} == {"Wärmelehre", names[1]}
    assert rows[0]["score"] >= rows[1]["score"]


def test_neighbours_are_training_instances_with_the_label_that_share_words(texts):
    asked = ("suggest", texts.model, "Laser Linse Licht", "--neighbours", 2, "--train", texts.data)
    rows = json.loads(output(*asked, "--json", "--top-k", 2))["labels"]
    data = Dataset.open(texts.data)
    for row in rows:
        assert len(row["neighbours"]) == 2
        for neighbour in row["neighbours"]:
            labels = data.labels.rows(neighbour["instance"], neighbour["instance"] + 1).stored().indices
            assert row["id"] in labels
    assert set(rows[0]["neighbours"][0]["shared"]) <= {"title:laser", "title:linse", "title:licht"}
    assert rows[0]["neighbours"][0]["similarity"] >= rows[0]["neighbours"][1]["similarity"] > 0
    assert "instance " in output(*asked)


def test_in_python(texts):
    model = Model.open(texts.model)
    explanation = model.explain("Laser und Linse", "Optik")
    assert explanation == model.explain({"title": "Laser und Linse"}, model.label_id("Optik"))
    assert {c.name for c in explanation.contributions[:2]} == {"title:laser", "title:linse"}
    assert {f.name.partition(":")[2] for f in model.top_features("Optik", 4)} <= set(
        " ".join(TOPICS.values()).lower().split()
    )


def test_a_lone_surrogate_is_shown_in_jsons_way(texts):
    answer = output("suggest", texts.model, r'{"title": "Laser \ud800"}')
    assert answer.splitlines()[0] == r"Laser \ud800"


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["  "], "TEXT: empty text"),
        (["Abrakadabra"], "TEXT: the model knows no word of it"),
        (['{"title": "Laser"'], "TEXT: looks like a JSON object but does not parse: Expecting"),
        (['{"a":' * 10_000], "TEXT: looks like a JSON object but does not parse: JSON nested too deeply"),
        (['{"a": ' + "9" * 5000 + "}"], "does not parse: JSON with an integer of more than 4,300 digits"),
        (['{"title": "a", "title": "b"}'], "does not parse: 'title' is there twice"),
        (['{"text": "Laser"}'], "TEXT: none of the model's fields, which are title, abstract"),
        (['{"title": 3}'], "TEXT: title: 3; expected a string"),
        (["Laser", "--label", "Sonne"], "label 'Sonne' is not in the model"),
        (["Laser", "--label", "99"], "label 99; expected an id from 0 to 2"),
        (["Laser", "--top-k", 0], "top_k: 0; expected a whole number from 1"),
        (["Laser", "--neighbours", -1], "neighbours: -1; expected a whole number from 0"),
    ],
)
def test_what_is_no_text_or_no_label(texts, arguments, message):
    assert message in refusal("suggest", texts.model, *arguments)


def test_a_blank_line_has_an_answer_and_ends_nothing(texts, stdin):
    stdin(b"\xef\xbb\xbfLaser\n\n \t\r\nLinse\n")
    rows = [json.loads(line)["labels"] for line in output("suggest", texts.model, "--json").splitlines()]
    assert [bool(row) for row in rows] == [True, False, False, True]
    for row, text in ((rows[0], "Laser"), (rows[3], "Linse")):
        assert row == json.loads(output("suggest", texts.model, text, "--json"))["labels"]
    stdin(b"Laser\n\nLinse\n")
    assert output("suggest", texts.model).splitlines().count("(no text)") == 1


def test_bad_lines_are_named_after_the_answers_before_them(texts, stdin):
    for content, message in [
        (b'Laser\n{"title": 3}\n', "standard input:2: title: 3; expected a string"),
        (b"Laser\n\xff\n", "standard input:2: not UTF-8"),
        (b'Laser\n{"title": \n', "standard input:2: looks like a JSON object but does not parse: "),
    ]:
        stdin(content)
        answer = pwdismec("suggest", texts.model)
        assert answer.code == 2 and answer.out.startswith("Laser\n")
        assert answer.err.startswith(f"pwdismec: error: {message}") and answer.err.count("\n") == 1


def test_a_model_of_no_texts_and_another_data_set(texts, job):
    assert "was not trained on texts" in refusal("suggest", job.model, "Laser")
    message = refusal("suggest", texts.model, "Laser", "--neighbours", 1, "--train", job.train)
    assert "is data set" in message and "was trained on" in message
    for option in (["--neighbours", 1], ["--train", texts.data]):
        assert (
            "--neighbours and --train require each other"
            in pwdismec("suggest", texts.model, "Laser", *option).err
        )


def test_probabilities_are_those_of_predict(texts, tmp_path):
    model = tmp_path / "model"
    shutil.copytree(texts.model, model)
    record = {"title": "Mond im Spiegel", "abstract": "Über Sonne, Gas und Licht"}
    said = refusal("suggest", model, "Mond", "--probabilities")
    (tmp_path / "new.jsonl").write_text(json.dumps(record) + "\n")
    predict = ("predict", model, tmp_path / "new.jsonl", tmp_path / "p.txt", "--probabilities")
    assert said == refusal(*predict)
    output("calibrate", model, texts.data)
    output(*predict, "--top-k", 3)
    expected = [pair.split(":") for pair in (tmp_path / "p.txt").read_text().splitlines()[1].split()]
    given = ("suggest", model, json.dumps(record), "--probabilities", "--top-k", 3)
    rows = json.loads(output(*given, "--json"))["labels"]
    assert [str(row["id"]) for row in rows] == [label for label, _ in expected]
    for row, (_, probability) in zip(rows, expected, strict=True):
        assert row["probability"] == pytest.approx(float(probability), abs=1e-5)
    lines = output(*given).splitlines()[1:]
    assert [line.split() for line in lines] == [[f"{r['probability']:.3f}", r["label"]] for r in rows]
    explained = output(*given, "--explain").splitlines()[1::2]
    assert explained == [f"{line}, score {row['score']:.3f}" for line, row in zip(lines, rows, strict=True)]
    wanted = json.loads(output(*given, "--json", "--label", rows[1]["label"]))["labels"]
    assert wanted == [
        rows[1] | {name: pytest.approx(rows[1][name], abs=1e-6) for name in ("score", "probability")}
    ]


@pytest.fixture(scope="module")
def calibrated(texts):
    model = texts.folder / "calibrated"
    shutil.copytree(texts.model, model)
    output("calibrate", model, texts.data)
    return model


@pytest.mark.parametrize("how", [(), ("--top-k", 1), ("--probabilities",)])
def test_sets_are_those_of_predict(texts, calibrated, tmp_path, how):
    record = json.dumps({"title": "Mond im Spiegel", "abstract": "Über Sonne, Gas und Licht"})
    (tmp_path / "new.jsonl").write_text(record + "\n")
    options = ("--sets", "micro-f1", *how)
    output("predict", calibrated, tmp_path / "new.jsonl", tmp_path / "p.jsonl", *options)
    expected = json.loads((tmp_path / "p.jsonl").read_text())["labels"]
    found = json.loads(output("suggest", calibrated, record, *options, "--json"))["labels"]
    assert expected and [row["id"] for row in found] == [row["id"] for row in expected]
    if "--probabilities" in how:
        probabilities = [row["probability"] for row in found]
        assert probabilities == pytest.approx([row["score"] for row in expected], abs=1e-5)
    both = refusal("suggest", calibrated, "Mond", *options, "--label", "Optik")
    assert both == "--sets and --label exclude each other"


def test_a_text_of_which_no_label_reaches_its_threshold_has_an_empty_answer(calibrated):
    options = ("--sets", "macro-f1")
    text = "Laser und Mond im Spiegel"
    assert output("suggest", calibrated, text, *options) == f"{text}\n  (no label reaches its threshold)\n"
    assert json.loads(output("suggest", calibrated, text, *options, "--json")) == {"labels": []}


def test_scores_are_the_same_with_and_without_an_explanation(calibrated):
    for options in ((), ("--sets", "micro-f1"), ("--probabilities",)):
        words = ("suggest", calibrated, "Laser und Mond im Spiegel", "--json", *options)
        plain, explained = (json.loads(output(*words, *more))["labels"] for more in ((), ("--explain",)))
        assert [row["id"] for row in plain] == [row["id"] for row in explained]
        for one, other in zip(plain, explained, strict=True):
            assert one["score"] == pytest.approx(other["score"], abs=1e-6)
            assert "words" not in one and "words" in other


def test_a_record_without_text_gets_no_labels_and_is_counted(texts, stdin):
    lines = ["Laser", "", '{"title": null}', '{"id": "x"}', '{"title": "", "abstract": null}', "Linse"]
    lines.append('{"title": "Laser", "abstract": null}')
    stdin("\n".join(lines).encode())
    answer = pwdismec("suggest", texts.model, "--json")
    rows = [json.loads(line) for line in answer.out.splitlines()]
    assert answer.code == 0
    assert [bool(row["labels"]) for row in rows] == [True, False, False, False, False, True, True]
    assert rows[3]["id"] == "x" and rows[6]["labels"] == rows[0]["labels"]
    assert told(answer.err) == [
        "warning: standard input: 4 of 7 lines without text; no labels are suggested for them"
    ]


def test_json_lines_in_a_file_beside_the_text(texts, stdin, tmp_path):
    stdin(b"Laser\n\nLinse\n")
    printed = output("suggest", texts.model, "--json")
    stdin(b"Laser\n\nLinse\n")
    text = output("suggest", texts.model, "--json", tmp_path / "s.jsonl")
    assert (tmp_path / "s.jsonl").read_text() == printed
    stdin(b"Laser\n\nLinse\n")
    assert output("suggest", texts.model) == text


def test_a_terminal_is_told_that_texts_are_awaited(texts, monkeypatch):
    class Terminal(io.TextIOWrapper):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stdin", Terminal(io.BytesIO(b"Laser\n")))
    answer = pwdismec("suggest", texts.model)
    assert answer.code == 0
    assert told(answer.err) == ["reading texts from standard input, one per line; end with Ctrl-D"]
