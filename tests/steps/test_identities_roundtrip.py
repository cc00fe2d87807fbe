"""Ids, URIs and names of every kind come back from data sets, models, predictions and suggestions."""

import json
import sys
from collections import Counter

import pytest
from helpers.command_line import output
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pwdismec.data import Dataset
from pwdismec.errors import ModelError
from pwdismec.model import Model
from pwdismec.model.slicing import slice_model
from pwdismec.prediction.files import read_predictions
from pwdismec.steps.convert import convert_files
from pwdismec.steps.convert_texts import convert_texts
from pwdismec.steps.evaluate import evaluate_file
from pwdismec.steps.predict import predict_file
from pwdismec.steps.suggest import Suggester
from pwdismec.text import TextSettings
from pwdismec.training import TrainingConfig, train

# Separators of lines and paragraphs, marks of byte order and direction, NUL, escapes, what combines, what
# is beyond the first plane, what looks like a number or a list, and what is long.
STRANGE = [
    "\u2028",
    "\u2029.",
    "\x85",
    "\x1c\x1d",
    "\ufeff",
    "\ufeffa",
    "\u202eabc",
    "\0",
    "a\0b",
    "\x1b[31m",
]
STRANGE += ["\n", "a\r\nb", "\r", "\t", "e\u0301", "\u0301", "𝔘", "👩\u200d🔬", "\ufffe", "\U0010ffff"]
STRANGE += ["7", "-1", "1.0", "['a']", '"', "\\", "\\u0041", " ", " a ", "null", "x" * 10_000, "ß𝔘" * 2500]
CSV_READS_NUL = sys.version_info >= (3, 11)
ANY = st.sampled_from(STRANGE) | st.text(st.characters(codec="utf-8"), max_size=6)
ID = st.just("") | ANY | st.integers(-(2**70), 2**70)


def is_line(text):
    """Whether it can be a label of a record, or a name in a file of lines LABEL<TAB>NAME."""
    return text and not set("\0\r\n\t") & set(text) and text[0] != "<"


URIS = st.lists(ANY.filter(is_line), min_size=1, max_size=5, unique=True)


@st.composite
def sources(draw):
    """Names by URI, records with ids, and whether they have the names; every label has a positive."""
    uris = draw(URIS)
    shared = draw(st.lists(ANY.filter(is_line), min_size=1, max_size=3))
    names = {uri: draw(st.sampled_from([*shared, *uris])) for uri in uris}  # often one of several labels
    ids = draw(st.lists(ID, min_size=2 * len(uris), max_size=2 * len(uris)))
    named = draw(st.booleans())
    labels = [{"uri": uri, "label": name} if named else uri for uri, name in names.items()]
    records = [
        {"id": given, "title": f"wort{i // 2} satz", "labels": [labels[i // 2]]}
        for i, given in enumerate(ids)
    ]
    return names, records, named


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(sources())
def test_what_goes_in_comes_out(tmp_path_factory, source):
    names, records, named = source
    folder = tmp_path_factory.mktemp("identities")
    path, ids = folder / "r.jsonl", [str(r["id"]) for r in records]
    path.write_text("".join(json.dumps(r) + "\n" for r in records))
    lines = ["no label\tof these\n", *(f"{uri}\t{name}\n" for uri, name in names.items())]
    (folder / "names.tsv").write_bytes("".join(lines).encode())
    fields = TextSettings.of("title", label_field="labels", min_df=1)
    convert_texts([path], folder / "data", fields, label_names=None if named else folder / "names.tsv")
    data = Dataset.open(folder / "data")
    data.verify()
    uris = sorted(names)
    assert list(data.record_ids) == ids
    assert (data.label_uris, data.label_names) == (uris, [names[uri] for uri in uris])
    like = convert_files([path], folder / "like", like=data)
    assert (list(like.record_ids), like.label_uris, like.label_names) == (ids, uris, data.label_names)
    part = data.select_instances(slice(1, None)).select_labels([0]).save(folder / "part")
    assert (list(part.record_ids), part.label_uris) == (ids[1:], uris[:1])

    train(data, folder / "model", TrainingConfig(shard_size=2), jobs=1)
    cut = slice_model(Model.open(folder / "model"), folder / "cut", data.labels.indices[:1])
    for model in (Model.open(folder / "model"), cut):
        assert (model.label_uris, model.label_names) == (uris, data.label_names)
        check_labels(model)

    suggester = Suggester(folder / "model", top_k=1, neighbours=1, data=folder / "data")
    for text, called, record in zip(map(json.dumps, records), ids, records, strict=True):
        assert suggester.record_id(text) == called
        (best,) = suggester.suggest(suggester.record(text))
        (neighbour,) = best.neighbours
        uri = record["labels"][0]["uri"] if named else record["labels"][0]
        assert (best.uri, best.name) == (uri, names[uri])
        assert neighbour.record_id == ids[neighbour.instance]
    for format in ("jsonl", "npz", "csv")[: 2 + CSV_READS_NUL]:
        check_predictions(folder, path, format, ids, data)
    told = json.loads(output("suggest", folder / "model", text, "--json", "--top-k", 1))
    assert (told["id"], told["labels"][0]["uri"], told["labels"][0]["label"]) == (called, uri, names[uri])


def check_predictions(folder, path, format, ids, data):
    predictions, table = folder / f"p.{format}", folder / "t.jsonl"
    predict_file(folder / "model", path, predictions, top_k=1, format=format, jobs=1)
    found = read_predictions(predictions)
    assert list(found.record_ids) == ids
    assert found.label_uris == dict(enumerate(data.label_uris))
    report = evaluate_file(predictions, path, train=folder / "data", per_label=table, overwrite=True)
    assert report.percent["P@1"] == pytest.approx(100)
    rows = [json.loads(line) for line in table.read_text("utf-8").split("\n")[:-1]]
    assert [(row["uri"], row["label"]) for row in rows] == list(
        zip(data.label_uris, data.label_names, strict=True)
    )


def check_labels(model):
    counts = Counter(model.label_names)
    for number, (uri, name) in enumerate(zip(model.label_uris, model.label_names, strict=True)):
        assert model.label_id(number) == model.label_id(uri) == number
        if name in model.label_uris:
            assert model.label_id(name) == model.label_uris.index(name)
        elif counts[name] == 1:
            assert model.label_id(name) == number
        else:
            with pytest.raises(ModelError, match=f"is the name of {counts[name]} labels"):
                model.label_id(name)
