"""Names from files reach a terminal, a pipe, a log or a page so that every character can be seen."""

import json
import os
import unicodedata
from html.parser import HTMLParser

import pytest
import yaml
from helpers.command_line import output, pwdismec, start

from pwdismec.quoting import shown_name

HOSTILE = (
    "\x1b[31mred\x1b]0;title\x07",
    "a\x9b2Jb",
    "line\nbreak\r",
    "line\u2028\u2029\x85",
    "\u202eright to left\u202c\u2066x\u2069",
    "no\u200bthing\u2060\ufeff\xad",
    "<script>alert(1)</script>&amp;\"'",
    "$\\frac{1}{0}$ $x",
    "\udcff\x7f\x00",
    "Größe می\u200cخواهم",
)

LABELS = tuple(name for name in HOSTILE if "\n" not in name and "\udcff" not in name)


def seen(text: str) -> bool:
    """Whether every character can be seen, but for line breaks and joiners."""
    hidden = ("Cc", "Cf", "Cs", "Zl", "Zp")
    return not any(unicodedata.category(c) in hidden and c not in "\n\u200c\u200d" for c in text)


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    """A folder with the hostile names as labels and words: records, a data set, and a run of two models."""
    folder = tmp_path_factory.mktemp("hostile")
    records = [
        {"t": f"wald wasser {name} {'winter' * (number % 2)}", "l": [name]}
        for number, name in enumerate(LABELS * 6)
    ]
    (folder / "r.jsonl").write_text("".join(f"{json.dumps(record)}\n" for record in records))
    settings = {
        "name": "x",
        "data": str(folder),
        "train": ["r.jsonl"],
        "test": ["r.jsonl"],
        "texts": {"fields": "t", "labels": "l", "chars": "2-3"},
        "weightings": ["vanilla", "pw"],
    }
    (folder / "run.yaml").write_text(yaml.safe_dump(settings))
    words = "convert", folder / "r.jsonl", folder / "set", "--text", "t", "--label-field", "l"
    output(*words, "--chars", "2-3")
    output("train", folder / "set", folder / "model", "--max-epochs", 1, "--tolerance", 1e-9)
    return folder


def test_what_is_told_of_a_model_can_be_seen(texts):
    for name in ("set", "model"):
        answer = pwdismec("inspect", texts / name)
        assert answer.code == 0 and seen(answer.out) and seen(answer.err)
    shown = output("inspect", texts / "model")
    assert (
        "\\x1b[31mred" in shown
        and len(shown.splitlines()) == len(output("inspect", texts / "model").split("\n")) - 1
    )


@pytest.mark.parametrize("more", [[], ["--explain"], ["--neighbours", "1", "--train"]])
def test_a_suggestion_is_a_line(texts, more):
    more = [*more, texts / "set"] if "--train" in more else more
    shown = output("suggest", texts / "model", "wald wasser \x1b[31m " + HOSTILE[3], "--top-k", 9, *more)
    assert seen(shown)
    each = 1 + (more != [])
    assert len(shown.splitlines()) == 1 + each * len(LABELS)


def test_json_and_predictions_hold_names_as_they_are(texts):
    line = output("suggest", texts / "model", "wald wasser", "--top-k", 9, "--json")
    assert seen(line) and line.count("\n") == 1
    assert {label["label"] for label in json.loads(line)["labels"]} == set(LABELS)
    output(
        "predict", texts / "model", texts / "set", texts / "p.jsonl", "--top-k", 9, "--output-format", "jsonl"
    )
    rows = [json.loads(row) for row in (texts / "p.jsonl").read_text().split("\n")[:-1]]
    assert {label["label"] for label in rows[0]["labels"]} == set(LABELS)


@pytest.mark.parametrize("name", HOSTILE)
def test_messages_and_logs_name_files_visibly(tmp_path, name):
    name = name.replace("/", "|").replace("\x00", "")
    answer = pwdismec("predict", tmp_path / name, "x", tmp_path / "y", "--log", tmp_path / "log")
    assert answer.code == 2 and seen(answer.err) and answer.err.count("\n") == 1
    assert seen((tmp_path / "log").read_text())
    as_json = pwdismec("predict", tmp_path / name, "x", tmp_path / "y", "--log-json").err
    assert seen(as_json) and json.loads(as_json.splitlines()[-1])["event"] == "error"


def test_a_file_whose_name_is_not_utf_8_is_read_and_written(job, tmp_path):
    source, made = os.fsencode(tmp_path) + b"/\xff.txt", os.fsencode(tmp_path) + b"/\xfe\n"
    with open(source, "wb") as file:  # noqa: PTH123
        file.write(job.train_txt.read_bytes())
    process = start("convert", os.fsdecode(source), os.fsdecode(made))
    assert process.wait() == 0 and os.path.isdir(made)  # noqa: PTH112
    process.communicate()
    shown = output("inspect", os.fsdecode(made))
    assert shown.startswith(f"data set {tmp_path}/\\udcfe\\n\n") and seen(shown)


class Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.text = set(), ""

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        assert not any(name.startswith("on") for name, _ in attrs)

    def handle_data(self, data):
        self.text += data


def test_a_page_shows_names_and_does_nothing_else(texts):
    pytest.importorskip("matplotlib")
    runs = texts / "run $a$ _\x1b<script>", texts / "_$b\u202e"
    for run in runs:
        assert seen(output("run", texts / "run.yaml", "--out", run))
    content = json.loads((runs[0] / "report.json").read_text())
    (runs[0] / "report.json").write_text(json.dumps(content | {"name": "\x1b[31m$x$<script>\u202e"}))
    answer = pwdismec("report", *runs, "--out", texts / "page.html")
    assert answer.code == 0 and seen(answer.out) and seen(answer.err), answer.err
    text = (texts / "page.html").read_text()
    assert seen(text)
    page = Page()
    page.feed(text)
    assert "script" not in page.tags and "\\x1b[31m$x$<script>" in page.text
    assert all(shown_name(label) in page.text for label in LABELS)


@pytest.mark.parametrize(
    "name", ["$x", "$\\frac{1}{0}$", "a$b$c", "_hidden", "\x1b\u202e", "x" * 1000, "\\$"]
)
def test_a_plot_names_a_method_as_it_is_called(name):
    pytest.importorskip("matplotlib")
    from pwdismec.reporting.drawing.style import as_bytes, drawn, panels

    figure, (axes,) = panels(1)
    axes.plot([0, 1], [0, 1], label=drawn(name))
    legend = axes.legend()
    as_bytes(figure, "svg")
    (text,) = legend.get_texts()
    shown, is_math = text._preprocess_math(text.get_text())
    assert not is_math and shown.strip("\N{THIN SPACE}") == shown_name(name, 80)
