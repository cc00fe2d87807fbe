"""Records' ids and labels' URIs and names in prediction files: read back, and changed by strangers."""

from __future__ import annotations

import csv
import json
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from helpers.hostile import array_changes
from hypothesis import given, settings
from hypothesis import strategies as st
from prediction.test_prediction_files import Killed, assert_same, rankings, table

from pwdismec.data.strings import Strings
from pwdismec.errors import DataError
from pwdismec.prediction.files import LabelTexts, read_predictions, writing_predictions

FORMATS = ["jsonl", "csv", "npz"]

# Before Python 3.11 its reader of CSV refuses NUL.
ANY = st.characters(codec="utf-8", exclude_characters="" if sys.version_info >= (3, 11) else "\0")
TEXT = st.one_of(
    st.text(ANY, max_size=8),
    st.sampled_from(["", "a", 'a,"b', "\r", "\n", "\r\n", "\ufeff", "\u2028", "😀", "Öl", " ", "x" * 10_000]),
)
LINE = TEXT.map(lambda text: "".join(text.splitlines()) or "-").filter(lambda text: "\0" not in text)


@st.composite
def named_rankings(draw):
    """A ranking whose rows have ids, any strings, and whose labels have URIs, all different, and names."""
    top, n_labels = draw(rankings())
    ids = draw(st.lists(TEXT, min_size=len(top.labels), max_size=len(top.labels)))
    uris = draw(st.lists(LINE, min_size=n_labels, max_size=n_labels, unique=True))
    names = draw(st.lists(LINE | st.just(""), min_size=n_labels, max_size=n_labels))
    return (
        top,
        n_labels,
        draw(st.sampled_from([ids, None])),
        LabelTexts(draw(st.sampled_from([uris, None])), draw(st.sampled_from([names, None]))),
    )


def write(path, format, top, n_labels, ids, texts, stops=(), **how):
    """Write rows two at a time, and break off after those rows in `stops`, to go on."""
    how |= {"label_uris": texts.uris, "label_names": texts.names, "record_ids": ids is not None}
    how |= {"n_labels": n_labels, "top_k": top.labels.shape[1]}
    ends = [*range(0, len(top.labels), 2), len(top.labels)]
    for stop in (*stops, None):
        try:
            with writing_predictions(path, format, made_from={}, resume=True, **how) as file:
                for begin, end in list(pairwise(ends))[(file.done + 1) // 2 :]:
                    some = None if ids is None else ids[begin:end]
                    file.append(type(top)(top.labels[begin:end], top.scores[begin:end]), some)
                    if stop is not None and end >= stop:
                        raise Killed
        except Killed:
            continue
        break


@given(named_rankings(), st.sampled_from(FORMATS), st.lists(st.integers(1, 8), max_size=2).map(sorted))
@settings(max_examples=100, deadline=None)
def test_ids_uris_and_names_are_read_back(case, format, stops):
    top, n_labels, ids, texts = case
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "p"
        write(path, format, *case, stops=stops)
        whole = path.read_bytes()
        path.unlink()
        write(path, format, *case)
        assert path.read_bytes() == whole, "what was broken off goes on to the same bytes"
        found = read_predictions(path)
        assert_same(found.top, top)
        assert (None if found.record_ids is None else list(found.record_ids)) == ids
        shown = np.unique(top.labels[top.labels >= 0]).tolist()
        known = range(n_labels) if format == "npz" else shown
        expected = {} if texts.uris is None else {label: texts.uris[label] for label in known}
        assert (found.label_uris or {}) == expected
        if format == "npz":
            with np.load(path) as archive:
                for name, of in (("label_uris", texts.uris), ("label_names", texts.names)):
                    assert (f"{name}_utf8" in archive) == (of is not None)
                    if of is not None:
                        assert list(Strings(archive[f"{name}_indptr"], archive[f"{name}_utf8"])) == of


ROWS = [[(2, 1.5), (0, 0.1)], [], [(1, -1e-20)]]
NAMED = table(ROWS, 2), 3, ["a", 'b,"\n', ""], LabelTexts(["u:0", "u:1", "u:2"], ["Öl", "Öl", 'x,"y"'])


def test_jsonl_as_documented(tmp_path):
    write(tmp_path / "p", "jsonl", *NAMED)
    assert [json.loads(line) for line in (tmp_path / "p").read_text("utf-8").splitlines()] == [
        {
            "id": "a",
            "labels": [
                {"uri": "u:2", "label": 'x,"y"', "id": 2, "score": 1.5},
                {"uri": "u:0", "label": "Öl", "id": 0, "score": 0.1},
            ],
        },
        {"id": 'b,"\n', "labels": []},
        {"id": "", "labels": [{"uri": "u:1", "label": "Öl", "id": 1, "score": -1e-20}]},
    ]


def test_csv_as_documented(tmp_path):
    write(tmp_path / "p", "csv", *NAMED)
    assert (tmp_path / "p").read_bytes().decode() == (
        "row,record,rank,uri,label,id,score\r\n"
        '0,a,1,u:2,"x,""y""",2,1.5\r\n'
        "0,a,2,u:0,Öl,0,0.1\r\n"
        '1,"b,""\n",,,,,\r\n'
        "2,,1,u:1,Öl,1,-1e-20\r\n"
    )
    with (tmp_path / "p").open(newline="", encoding="utf-8") as file:
        assert [line["record"] for line in csv.DictReader(file)] == ["a", "a", 'b,"\n', ""]
    write(tmp_path / "q", "csv", NAMED[0], 3, None, LabelTexts(), one_based=True)
    assert (tmp_path / "q").read_text() == "row,rank,id,score\n1,1,3,1.5\n1,2,1,0.1\n2,,,\n3,1,2,-1e-20\n"
    assert_same(read_predictions(tmp_path / "q", one_based=True).top, NAMED[0])


CSV = "row,record,rank,uri,label,id,score\n"
BAD_CSV = {
    "0,a,1,u,l,2": "p:2: 6 cells; expected 7, as in the header",
    "1,a,1,u,l,2,1": "p:2: row: 1; expected 0",
    "-1,a,1,u,l,2,1": "p:2: row: '-1'; expected a whole number",
    "0,a,1,u,l,2,1\n2,a,1,u,l,2,1": "p:3: row: 2; expected 0 or 1",
    "0,a,1,u,l,2,1\n0,b,2,v,l,1,1": "p:3: record: 'b'; expected 'a', as in the line before, of the same row",
    "0,a,1,u,l,2,1\n0,a,,,,,": "p:3: row: 0: a line without a label is not its only one",
    "0,a,,,,,\n0,a,1,u,l,2,1": "p:3: row: 0: a line without a label is not its only one",
    "0,a,2,u,l,2,1": "p:2: rank: '2'; expected 1",
    "0,a,1,u,l,2,x": "p:2: score: 'x'; expected a finite number",
    "0,a,1,u,l,2,": "p:2: score: ''; expected a finite number",
    "0,a,1,u,l,2,nan": "p:2: score: 'nan'; expected a finite number",
    "0,a,1,u,l,2,1_0": "p:2: score: '1_0'; expected a finite number",
    "0,a,1,u,l,2,1e999": "p:2: label 2: score inf; expected a finite number",
    "0,a,1,u,l,-2,1": "p:2: id: '-2'; expected a whole number",
    "0,a,1,u,l,9999999999,1": "p:2: label 9999999999; expected a label id from 0",
    "0,a,1,u,l,2,2\n0,a,2,u,l,2,1": "p:2: label 2 occurs twice in one row",
    "0,a,1,u,l,2,2\n1,a,1,v,l,2,1": "p:3: label 2: uri 'v'; in an earlier line it is 'u'",
    "0,a,1,u,l,,2": "p:2: label: no id; expected one, or a training set that has the labels (--train)",
    '0,"a\n': "p:2: not well-formed: unexpected end of data",
    '0,a"b,1,u,l,2,1': None,
    '0,"a"b,1,u,l,2,1': "p:2: not well-formed: ',' expected after '\"'",
}


@pytest.mark.parametrize(("lines", "message"), BAD_CSV.items())
def test_bad_csv_is_refused_with_its_line(tmp_path, lines, message):
    (tmp_path / "p").write_text(CSV + lines + "\n")
    if message is None:
        assert list(read_predictions(tmp_path / "p").record_ids) == ['a"b']
        return
    with pytest.raises(DataError) as caught:
        read_predictions(tmp_path / "p")
    assert message in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("row,score", "p:1: no column 'id'; expected it beside 'row', 'score'"),
        ("row,id,score,more", "p:1: column 'more'; expected row, record, rank, uri, label, id, score, each"),
        ("row,id,score,id", "p:1: column 'id'; expected row, record"),
        ("id,rank", "p:1: 'id,rank'; expected label:value"),
    ],
)
def test_a_bad_header_of_csv_is_refused(tmp_path, header, message):
    (tmp_path / "p").write_text(header + "\n")
    with pytest.raises(DataError) as caught:
        read_predictions(tmp_path / "p")
    assert message in str(caught.value)


def test_csv_that_is_not_utf8_is_refused(tmp_path):
    (tmp_path / "p").write_bytes(CSV.encode() + b"0,\xff,1,u,l,2,1\n")
    with pytest.raises(DataError, match=r"p:2: byte 3 of the line is 0xff; expected UTF-8"):
        read_predictions(tmp_path / "p")


BAD_JSONL = {
    '{"labels": []}': "p:2: record id: none; expected one, as in the first row",
    '{"id": null, "labels": []}': 'p:2: expected {"labels": [',
    '{"id": true, "labels": []}': 'p:2: expected {"labels": [',
    '{"id": 1.5, "labels": []}': 'p:2: expected {"labels": [',
    '{"id": ["a"], "labels": []}': 'p:2: expected {"labels": [',
    '{"id": "\\ud800", "labels": []}': "p:2: record id: '\\ud800': half a surrogate pair; expected text",
    '{"id": "", "labels": [{"id": 1, "uri": 5, "score": 1}]}': 'p:2: expected {"labels": [',
    '{"id": "", "labels": [{"id": 1, "label": [], "score": 1}]}': 'p:2: expected {"labels": [',
    '{"id": "", "labels": [{"id": null, "uri": "u", "score": 1}]}': 'p:2: expected {"labels": [',
    '{"id": "", "labels": [{"id": 1, "uri": "v", "score": 1}]}': "p:2: label 1: uri 'v'; in an earlier line",
}


@pytest.mark.parametrize(("line", "message"), BAD_JSONL.items())
def test_bad_ids_and_uris_in_jsonl_are_refused(tmp_path, line, message):
    first = '{"id": 7, "labels": [{"id": 1, "uri": "u", "score": 1}]}'
    (tmp_path / "p").write_text(f"{first}\n{line}\n")
    with pytest.raises(DataError) as caught:
        read_predictions(tmp_path / "p")
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_a_record_id_may_be_a_whole_number_and_none_may_come_later(tmp_path):
    (tmp_path / "p").write_text('{"id": 12345678901234567890, "labels": []}\n')
    assert list(read_predictions(tmp_path / "p").record_ids) == ["12345678901234567890"]
    (tmp_path / "p").write_text('{"labels": []}\n{"id": "a", "labels": []}\n')
    with pytest.raises(DataError, match="p:2: record id: 'a'; expected none, as in the first row"):
        read_predictions(tmp_path / "p")


@pytest.mark.parametrize("format", ["jsonl", "csv"])
def test_labels_without_ids_are_told_by_what_they_are_called(tmp_path, format):
    known = LabelTexts(["u:0", "u:1", "u:2"], ["Öl", "See", "Öl"])

    def read(*labels, known=known):
        entries = [dict(zip(("uri", "label"), label, strict=True)) for label in labels]
        if format == "jsonl":
            rows = [{k: v for k, v in entry.items() if v} | {"score": 1} for entry in entries]
            text = json.dumps({"labels": rows})
        else:
            text = "row,uri,label,score\n" + "".join(f"0,{e['uri']},{e['label']},1\n" for e in entries)
        (tmp_path / "p").write_text(text + "\n")
        return read_predictions(tmp_path / "p", known=known).top.labels.tolist()

    assert read(("u:2", ""), ("u:0", "See"), ("", "See")) == [[2, 0, 1]]
    assert read(("See", ""), known=LabelTexts(None, known.names)) == [[1]], "names are what they are called"
    for label, message in (
        (("u:9", "See"), "label: uri 'u:9' is not in the training set; expected one of its labels"),
        (("", "Meer"), "label: name 'Meer' is not in the training set"),
        (("", "Öl"), "label: name 'Öl' is that of several labels; expected an id or uri"),
    ):
        with pytest.raises(DataError, match=message):
            read(label)
    with pytest.raises(DataError, match="no id; expected one, or a training set"):
        read(("u:1", ""), known=None)


TEXTS = ("record_ids", "label_uris", "label_names")
ARRAYS = [f"{name}_{array}" for name in TEXTS for array in ("indptr", "utf8")]


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_of_strings_changed_in_any_way_are_refused_or_are_strings(tmp_path, name):
    write(tmp_path / "p", "npz", *NAMED)
    with np.load(tmp_path / "p") as archive:
        arrays = dict(archive)
    refused = set()
    for what, changed in array_changes(arrays[name]).items():
        with (tmp_path / "q").open("wb") as file:
            np.savez(file, **{k: v for k, v in (arrays | {name: changed}).items() if v is not None})
        try:
            found = read_predictions(tmp_path / "q")
            assert found.record_ids is None or len(list(found.record_ids)) == 3
        except DataError as error:
            assert str(error).startswith(f"{tmp_path / 'q'}: ") and "\n" not in str(error)
            refused.add(what)
    always = {"missing", "empty", "short", "long", "another shape", "another dtype", "unsigned"}
    assert always <= refused
    assert {what for what in array_changes(arrays[name]) if what.startswith("greatest")} <= refused


@given(st.binary(max_size=60), st.sampled_from(["csv", "jsonl"]), st.integers(0, 100))
@settings(max_examples=100, deadline=None)
def test_any_bytes_in_a_file_end_in_an_error_or_in_predictions(content, format, place):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "p"
        write(path, format, *NAMED)
        whole = path.read_bytes()
        path.write_bytes(whole[:place] + content + whole[place + len(content) :])
        try:
            read_predictions(path)
        except DataError as error:
            assert str(error).startswith(str(path)) and "\n" not in str(error)
