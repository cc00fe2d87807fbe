"""Prediction files: what is written is read back, also by independent readers; bad files are refused."""

from __future__ import annotations

import gzip
import json
import tempfile
import zipfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pwdismec import machine
from pwdismec.cluster import Part
from pwdismec.data.topk import TopK
from pwdismec.errors import ConfigError, DataError, OutputError, PwdismecError
from pwdismec.prediction.files import Predictions, prediction_jsonl, read_predictions, writing_predictions

FLOAT32 = st.floats(width=32, allow_nan=False, allow_infinity=False).map(lambda x: x + 0.0)


def table(rows: list[list[tuple[int, float]]], width: int) -> TopK:
    top = TopK(np.full((len(rows), width), -1, np.int32), np.full((len(rows), width), -np.inf, np.float32))
    for i, row in enumerate(rows):
        for place, (label, score) in enumerate(row):
            top.labels[i, place], top.scores[i, place] = label, score
    return top


@st.composite
def rankings(draw):
    """(top, n_labels): rows of distinct labels, scores falling, some rows short or empty."""
    n_labels = draw(st.integers(1, 40))
    row = st.lists(st.tuples(st.integers(0, n_labels - 1), FLOAT32), max_size=6, unique_by=lambda t: t[0])
    rows = draw(st.lists(row, min_size=1, max_size=8))
    rows = [sorted(row, key=lambda place: -place[1]) for row in rows]
    return table(rows, max(map(len, rows))), n_labels


def write(path: Path, top: TopK, format: str, n_labels: int, names=None, chunk: int = 3) -> None:
    n = len(top.labels)
    width = top.labels.shape[1]
    with writing_predictions(path, format, n_labels=n_labels, top_k=width, label_names=names) as file:
        for start in range(0, n, chunk):
            file.append(TopK(top.labels[start : start + chunk], top.scores[start : start + chunk]))


def assert_same(found: TopK, expected: TopK) -> None:
    assert found.labels.dtype == np.int32
    assert found.scores.dtype == np.float32
    np.testing.assert_array_equal(found.labels, expected.labels)
    np.testing.assert_array_equal(found.scores, expected.scores)


@given(rankings(), st.sampled_from(["xmc", "npz", "jsonl", "csv"]))
@settings(max_examples=150, deadline=None)
def test_what_is_written_is_read_back(ranking, format):
    top, n_labels = ranking
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "predictions"
        write(path, top, format, n_labels, [f"label {i}" for i in range(n_labels)])
        found = read_predictions(path)
        assert list(Path(folder).iterdir()) == [path]
    assert found.n_labels == (None if format in ("jsonl", "csv") else n_labels)
    assert_same(found.top, top)


ROWS = [[(3, 1.5), (0, 0.1), (2, 0.1)], [], [(1, -1e-20)]]


def test_xmc_text_as_documented(tmp_path):
    write(tmp_path / "p.txt", table(ROWS, 5), "xmc", 4)
    assert (tmp_path / "p.txt").read_text() == "3 4\n3:1.5 0:0.1 2:0.1\n\n1:-1e-20\n"


def test_jsonl_as_documented(tmp_path):
    write(tmp_path / "p.jsonl", table(ROWS, 5), "jsonl", 4, ["a", "b", 'c"\n', "Öl"])
    lines = [json.loads(line) for line in (tmp_path / "p.jsonl").read_text("utf-8").splitlines()]
    assert lines[0] == {
        "labels": [
            {"label": "Öl", "id": 3, "score": 1.5},
            {"label": "a", "id": 0, "score": 0.1},
            {"label": 'c"\n', "id": 2, "score": 0.1},
        ]
    }
    assert lines[1:] == [{"labels": []}, {"labels": [{"label": "b", "id": 1, "score": -1e-20}]}]


def test_jsonl_without_names_has_ids_alone(tmp_path):
    write(tmp_path / "p.jsonl", table(ROWS, 3), "jsonl", 4)
    first = json.loads((tmp_path / "p.jsonl").read_text().splitlines()[0])
    assert first["labels"][0] == {"id": 3, "score": 1.5}


def test_npz_holds_the_table(tmp_path):
    top = table(ROWS, 4)
    write(tmp_path / "p.npz", top, "npz", 9)
    with np.load(tmp_path / "p.npz") as archive:
        assert sorted(archive) == ["labels", "n_labels", "scores"]
        assert archive["n_labels"] == 9
        assert_same(TopK(archive["labels"], archive["scores"]), top)


MADE_FROM = {"model": "m", "top_k": 3}


def writing(path, format, **settings):
    names = list("abcd")
    return writing_predictions(path, format, n_labels=4, top_k=3, label_names=names, **settings)


@pytest.mark.parametrize("format", ["xmc", "npz", "jsonl", "csv"])
@pytest.mark.parametrize("settings", [{}, {"made_from": MADE_FROM}])
def test_an_error_keeps_the_old_file(tmp_path, format, settings):
    path = tmp_path / "p"
    path.write_text("old")
    with pytest.raises(DataError), writing(path, format, **settings, overwrite=True) as file:
        file.append(table(ROWS, 3))
        raise DataError("input", "is bad")
    assert [p.name for p in tmp_path.iterdir()] == ["p"]
    assert path.read_text() == "old"


class Killed(BaseException):
    pass


@pytest.mark.parametrize("format", ["xmc", "npz", "jsonl", "csv"])
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_what_is_broken_off_goes_on_to_the_same_bytes(format, data):
    chunks = data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=6))
    stops = data.draw(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 40)), max_size=4))
    top = table([ROWS[i % 3] for i in range(sum(chunks))], 3)
    ends = [0, *np.cumsum(chunks)]

    def go_on(path: Path, n_chunks: int, rubbish: int | None) -> None:
        with writing(path, format, made_from=MADE_FROM, resume=True) as file:
            assert file.done in ends
            first = ends.index(file.done)
            for start, stop in list(pairwise(ends))[first : first + n_chunks]:
                file.append(TopK(top.labels[start:stop], top.scores[start:stop]))
            if rubbish is not None:
                for part in file._job._parts:  # begun, and not recorded
                    with part.open("ab") as begun:
                        begun.write(bytes(rubbish))
                raise Killed

    with tempfile.TemporaryDirectory() as folder:
        for n_chunks, rubbish in stops:
            with pytest.raises(Killed):
                go_on(Path(folder) / "p", n_chunks, rubbish)
            assert not (Path(folder) / "p").exists()
        go_on(Path(folder) / "p", len(chunks), None)
        assert [p.name for p in Path(folder).iterdir()] == ["p"]
        write(Path(folder) / "q", top, format, 4, list("abcd"))
        assert (Path(folder) / "p").read_bytes() == (Path(folder) / "q").read_bytes()


@pytest.fixture
def broken_off(tmp_path):
    with pytest.raises(Killed), writing(tmp_path / "p", "xmc", made_from=MADE_FROM) as file:
        file.append(table(ROWS, 3))
        raise Killed
    assert [p.name for p in tmp_path.iterdir()] == [".p.job"]
    return tmp_path / "p"


def test_another_job_is_not_gone_on_with(broken_off):
    other = {"model": "n", "top_k": 4}
    message = r"p: .* differs \(another model, top_k was 3, now 4\); start again without --resume"
    for _ in range(2):
        with pytest.raises(PwdismecError, match=message):
            writing(broken_off, "xmc", made_from=other, resume=True).__enter__()
    with writing(broken_off, "xmc", made_from=other) as file:
        assert file.done == 0
        file.append(table(ROWS, 3))
    assert [p.name for p in broken_off.parent.iterdir()] == ["p"]


def test_the_very_predictions_are_no_obstacle_to_a_job_that_goes_on(tmp_path):
    path = tmp_path / "p"
    for _ in range(2):
        with writing(path, "xmc", made_from=MADE_FROM, resume=True) as file:
            file.append(table(ROWS, 3))
    made = path.read_bytes()
    path.write_bytes(b"another's")
    with (
        pytest.raises(OutputError, match="p: exists; --overwrite replaces it"),
        writing(path, "xmc", made_from=MADE_FROM, resume=True) as file,
    ):
        file.append(table(ROWS, 3))
    assert path.read_bytes() == b"another's"
    with writing(path, "xmc", made_from=MADE_FROM, resume=True, overwrite=True) as file:
        assert file.done == len(ROWS), "nothing is computed again"
    assert path.read_bytes() == made and [p.name for p in tmp_path.iterdir()] == ["p"]


def test_a_task_that_runs_again_when_all_is_done_does_no_harm(tmp_path):
    path = tmp_path / "p"
    for number in (1, 2, 2):
        part = Part("task", number, 2)
        with writing(path, "xmc", made_from=MADE_FROM, part=part) as file:
            file.append(table(ROWS[:1], 3))
    assert len(read_predictions(path).top.labels) == 2
    assert sorted(p.name for p in tmp_path.iterdir()) == [".p.job-2-of-2", "p"]
    made = path.read_bytes()
    with writing(path, "xmc", made_from=MADE_FROM, overwrite=True) as file:
        file.append(table(ROWS[:1], 3))
    assert path.read_bytes() != made
    assert [p.name for p in tmp_path.iterdir()] == ["p"], "what other jobs have left is swept"


def test_another_process_at_work_on_a_part_is_left_alone(tmp_path):
    path = tmp_path / "p"
    with writing(path, "xmc", made_from=MADE_FROM, part=Part("task", 1, 2)) as file:
        file.append(table(ROWS[:1], 3))
        with writing(path, "xmc", made_from=MADE_FROM) as other:
            other.append(table(ROWS[:1], 3))
        assert (tmp_path / ".p.job-1-of-2").is_dir()


def test_two_processes_do_not_write_the_same_file(broken_off):
    with writing(broken_off, "xmc", made_from=MADE_FROM, resume=True) as file:
        with pytest.raises(PwdismecError, match="p: another process is writing it"):
            writing(broken_off, "xmc", made_from=MADE_FROM, resume=True).__enter__()
        assert file.done == 3
    assert len(read_predictions(broken_off).top.labels) == 3


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("rows", b"3", "rows: shorter than it was"),
        ("job.json", b"{}", "job.json: damaged: .*"),
        ("job.json", b"\xff", "job.json: damaged: .*"),
    ],
)
def test_a_damaged_job_is_refused(broken_off, name, content, message):
    (broken_off.parent / ".p.job" / name).write_bytes(content)
    with pytest.raises(PwdismecError, match=f"{message}; start again without --resume"):
        writing(broken_off, "xmc", made_from=MADE_FROM, resume=True).__enter__()


def test_an_unknown_format_is_refused(tmp_path):
    with (
        pytest.raises(ConfigError, match="'xml'; expected one of xmc, npz, jsonl, csv"),
        writing_predictions(tmp_path / "p", "xml", n_labels=1, top_k=1),
    ):
        pass
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("format", ["xmc", "jsonl", "csv"])
def test_compressed_text_is_read(tmp_path, format):
    write(tmp_path / "p", table(ROWS, 3), format, 4)
    (tmp_path / "p.gz").write_bytes(gzip.compress((tmp_path / "p").read_bytes()))
    assert_same(read_predictions(tmp_path / "p.gz").top, table(ROWS, 3))


def test_xmc_text_of_other_writers_is_read(tmp_path):
    path = tmp_path / "p.txt"
    path.write_bytes(b"3 12\r\n11:+.5\t2:.25 \r\n\r\n0:1E-3 1:0 7:-2.")
    found = read_predictions(path)
    assert found.n_labels == 12
    assert_same(found.top, table([[(11, 0.5), (2, 0.25)], [], [(0, 0.001), (1, 0.0), (7, -2.0)]], 3))


NUMBER = "expected label:value with a finite number"
BAD_XMC = {
    "": "p: the file is empty",
    "3\n1:1\n": "p:1: '3'; expected label:value",
    "2 -4\n\n\n": "p:1: '2 -4'; expected a header",
    "\x00\x01\x02": "p:1: byte 0x00: not a text file",
    "1 99999999999999\n\n": "p:1: labels 99999999999999; expected at most 2147483647",
    "2 4\n1:1\n": "p:1: the header says 2 rows, the file holds 1",
    "2 4\n1:1\n\n\n": "p:4: more rows than the 2 that the header says",
    "2 4\n1:1\n4:1\n": "p:3: '4:1'; expected a label id from 0 to 3",
    "1 4\n99999999999:1\n": "p:2: '99999999999:1'; expected a label id from 0 to 3",
    "2 4\n1:1\n0:2 1:1 0:0\n": "p:3: label 0 occurs twice in one row",
    "2 4\n\n0:nan\n": f"p:3: '0:nan'; {NUMBER}",
    "2 4\n\n0:1e999\n": f"p:3: '0:1e999'; {NUMBER}",
    "2 4\n\n0:-1e39\n": f"p:3: '0:-1e39'; {NUMBER}",
    "1 4\n0:1 2\n": "p:2: '2'; expected label:value",
    "1 4\n0:1_0\n": f"p:2: '0:1_0'; {NUMBER}",
    "1 4\n-1:1\n": "p:2: '-1:1'; expected label:value",
}


@pytest.mark.parametrize(("text", "message"), BAD_XMC.items())
def test_bad_xmc_text_is_refused_with_its_line(tmp_path, text, message):
    path = tmp_path / "p"
    path.write_text(text, "utf-8", newline="")
    with pytest.raises(DataError) as caught:
        read_predictions(path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


FORM = 'p:2: expected {"labels": [{"id": …, "score": …}, …]}'
BAD_JSONL = {
    "{": FORM,
    "": FORM,
    "[]": FORM,
    '{"label": []}': FORM,
    '{"labels": 3}': FORM,
    '{"labels": {}}': FORM,
    '{"labels": ""}': FORM,
    '{"labels": [3]}': FORM,
    '{"labels": [{"id": 1}]}': FORM,
    '{"labels": [{"id": true, "score": 1}]}': FORM,
    '{"labels": [{"id": 1.0, "score": 1}]}': FORM,
    '{"labels": [{"id": 1, "score": "1"}]}': FORM,
    '{"labels": [{"id": 1, "score": 1' + "0" * 400 + "}]}": FORM,
    '{"labels": [{"id": 1' + "0" * 30 + ', "score": 1}]}': FORM,
    "[" * 100_000: FORM,
    '{"labels": [{"id": 1, "score": NaN}]}': "p:2: label 1: score nan; expected a finite number",
    '{"labels": [{"id": -1, "score": 1}]}': "p:2: label -1; expected a label id from 0",
    '{"labels": [{"id": 3000000000, "score": 1}]}': "p:2: label 3000000000; expected a label id from 0",
    '{"labels": [{"id": 1, "score": 1}, {"id": 1, "score": 1}]}': "p:2: label 1 occurs twice in one row",
}


@pytest.mark.parametrize(("line", "message"), BAD_JSONL.items())
def test_bad_jsonl_is_refused_with_its_line(tmp_path, line, message):
    path = tmp_path / "p"
    path.write_text('{"labels": []}\n' + line + "\n")
    with pytest.raises(DataError) as caught:
        read_predictions(path)
    assert message in str(caught.value)


def npz(path: Path, **changed) -> Path:
    arrays = {
        "labels": np.array([[3, 1], [2, -1]], np.int32),
        "scores": np.array([[2, 1], [1, -np.inf]], np.float32),
        "n_labels": np.int64(4),
    }
    with path.open("wb") as file:
        np.savez(file, **{k: v for k, v in (arrays | changed).items() if v is not None})
    return path


def test_a_good_npz_is_read(tmp_path):
    found = read_predictions(npz(tmp_path / "p"))
    assert isinstance(found, Predictions)
    assert found.n_labels == 4
    assert_same(found.top, table([[(3, 2), (1, 1)], [(2, 1)]], 2))


LEFT = "row {}: places left hold label −1 and score −inf, after all others"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"n_labels": None}, "not an npz of labels, scores and n_labels"),
        ({"labels": np.array([[None]])}, "'labels.npy': an array of Python's objects"),
        ({"n_labels": np.array([4])}, "n_labels: expected one int64 number"),
        ({"labels": np.zeros((2, 2))}, "labels are float64 and scores float32"),
        ({"labels": np.zeros((2, 3), np.int32)}, "labels of shape (2, 3), scores of (2, 2)"),
        ({"n_labels": np.int64(-1)}, "n_labels: expected one int64 number, from 0 to 2147483647"),
        ({"n_labels": np.int64(2**31)}, "n_labels: expected one int64 number, from 0 to 2147483647"),
        ({"n_labels": np.float64(4)}, "n_labels: expected one int64 number"),
        ({"labels": np.array([[3, 1], [2, -1]], ">i4")}, "labels are >i4 and scores float32"),
        ({"labels": np.array([[3, 1], [2**32 + 2, -1]])}, "labels are int64 and scores float32"),
        ({"labels": np.array([[3, 1], [2, 0]], np.uint32)}, "labels are uint32"),
        ({"labels": np.int32(3)}, "labels of shape (), scores of (2, 2)"),
        ({"n_labels": np.int64(3)}, "row 1: label 3; expected a label id from 0 to 2"),
        (
            {"labels": np.array([[3, 1], [-5, -1]], np.int32)},
            "row 2: label -5; expected a label id from 0 to 3",
        ),
        ({"labels": np.array([[3, 1], [-1, -1]], np.int32)}, LEFT.format(2)),
        ({"scores": np.array([[2, -np.inf], [1, -np.inf]], np.float32)}, LEFT.format(1)),
        (
            {
                "labels": np.array([[3, 1], [-1, 2]], np.int32),
                "scores": np.array([[2, 1], [-np.inf, 1]], np.float32),
            },
            LEFT.format(2),
        ),
        ({"labels": np.array([[1, 1], [2, -1]], np.int32)}, "row 1: label 1 occurs twice in one row"),
        ({"scores": np.array([[1, 2], [1, -np.inf]], np.float32)}, "row 1: label 1: score 2.0 is above"),
        ({"scores": np.array([[np.nan, 2], [1, -np.inf]], np.float32)}, "row 1: label 3: score nan"),
    ],
)
def test_a_bad_npz_is_refused_with_its_row(tmp_path, changed, message):
    with pytest.raises(DataError) as caught:
        read_predictions(npz(tmp_path / "p", **changed))
    assert message in str(caught.value)


def test_a_damaged_npz_is_refused(tmp_path):
    path = npz(tmp_path / "p")
    whole = path.read_bytes()
    for cut in (10, 60, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:cut])
        with pytest.raises(DataError, match=r"damaged, or no \.npz file"):
            read_predictions(path)


def test_an_unreadable_path_is_refused(tmp_path):
    with pytest.raises(DataError, match="missing: no such file"):
        read_predictions(tmp_path / "missing")
    with pytest.raises(DataError, match="a folder, where a file is expected"):
        read_predictions(tmp_path)


def test_members_of_an_npz_that_are_no_arrays_are_refused(tmp_path):
    path = npz(tmp_path / "p", labels=None)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("labels.npy", b"hello")
    with pytest.raises(DataError, match=r"damaged, or no \.npz file: "):
        read_predictions(path)
    path = npz(tmp_path / "p", labels=None)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("labels", b"hello")
    with pytest.raises(DataError, match=r"'labels': no \.npy array"):
        read_predictions(path)


def test_one_long_row_among_many_is_refused_where_their_table_is_beyond_memory(tmp_path, monkeypatch):
    """The table has a place for each label of the longest row, in every row."""
    path = tmp_path / "p"
    row = " ".join(f"{label}:1" for label in range(500))
    path.write_text(f"1000 500\n{row}\n" + "\n" * 999)
    assert read_predictions(path).top.labels.shape == (1000, 500)
    monkeypatch.setattr(machine, "memory", lambda: 8 * 1000 * 500 * 2 - 2)
    with pytest.raises(
        DataError, match="p: 1000 rows, in a table as wide as the longest, 500 labels, would take"
    ):
        read_predictions(path)


@pytest.mark.parametrize(
    ("header", "row"), [("50 9\n", "1:1\n"), ("", '{"labels": [{"id": 1, "score": 1}]}\n')]
)
def test_predictions_beyond_memory_are_refused_at_their_line(tmp_path, monkeypatch, header, row):
    path = tmp_path / "p"
    path.write_text(header + row * 50)
    read_predictions(path)
    monkeypatch.setattr(machine, "memory", lambda: 64 * 49 * 2)
    with pytest.raises(DataError, match=rf"p:{50 + bool(header)}: the predictions up to here, 50,"):
        read_predictions(path)


def test_a_long_line_of_json_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(prediction_jsonl, "LONGEST_RECORD", 50)
    path = tmp_path / "p"
    path.write_text('{"labels": []}\n' + '{"labels": []}'.ljust(51) + "\n")
    with pytest.raises(DataError, match=r"p:2: a line of more than 0\.05 kB; expected shorter lines"):
        read_predictions(path)


@pytest.mark.parametrize("header", ["", "1 3\n"])
def test_a_mark_at_the_start_is_no_part_of_the_predictions(tmp_path, header):
    texts = {
        "xmc": f"{header}2:1.5 0:1\n",
        "jsonl": '{"labels": [{"id": 2, "score": 1.5}]}\n',
        "csv": "row,id,score\n0,2,1.5\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text, "utf-8-sig")
        assert read_predictions(tmp_path / name).top.labels[0, 0] == 2
