"""Files of records by strangers: bounded memory and time, nothing left out in silence, a line for a fault."""

import csv
import io
import json
import time

import pytest
from helpers.limited import answer_of
from hypothesis import given
from hypothesis import strategies as st

from pwdismec.data.formats import lines, table_lines
from pwdismec.data.formats.layouts import record_files
from pwdismec.errors import DataError
from pwdismec.text import TextSettings, pieces
from pwdismec.text.chunks import chunks_of
from pwdismec.text.pieces import pieces_of
from pwdismec.text.splits import Split

SETTINGS = TextSettings.of("t", label_field="l")
GOOD = '{"t": "ein Wald", "l": ["a"]}\n'


def read(path, split=None):
    return list(chunks_of(record_files(path).files, SETTINGS, split))


def refused(path, split=None) -> str:
    with pytest.raises(DataError) as caught:
        read(path, split)
    said = str(caught.value)
    assert "\n" not in said and said.isprintable() and len(said) < 400
    return said.removeprefix(str(path))


JSON = {
    "[" * 100_000: ":2: JSON nested too deeply; expected a JSON object",
    '{"t":' * 100_000: ":2: JSON nested too deeply; expected a JSON object",
    '{"t": "x", "l": [], "o": ' + "[" * 9000 + "]" * 9000 + "}": ":2: JSON nested too deeply; expected",
    '{"t": ' + "[" * 900 + "]" * 900 + ', "l": []}': ":2: field 't': [[[[[[[…]]]]]]]; expected a string",
    '{"t": {"a": "b"}, "l": []}': ":2: field 't': {'a': 'b'}; expected a string",
    '{"t": ' + "9" * 5000 + ', "l": []}': ":2: JSON with an integer of more than 4,300 digits; expected",
    '{"t": ' + "9" * 4000 + ', "l": []}': ":2: field 't': an integer of 13,288 bits; expected a string",
    '{"t": NaN, "l": []}': ":2: field 't': nan; expected a string",
    '{"t": "x", "t": "y", "l": []}': ":2: not JSON: 't' is there twice; expected a JSON object",
    '{"t": "x", "l": [], "o": {"a": 1, "a": 1}}': ":2: not JSON: 'a' is there twice",
    '{"t": "x", "l": ["b", "a", "b"]}': ":2: field 'l': label 'b' twice; expected each once",
    '{"t": "x", "l": [["a"]]}': ":2: field 'l': label ['a']; expected a string, a whole number, or",
    '{"t": "x", "l": {"a": 1}}': ":2: field 'l': {'a': 1}; expected a list of strings",
    '{"t": "x", "l": "' + "y" * 10**6 + '"}': ":2: field 'l': 'yyy",
    '{"t": "x", "l": ["' + "y" * 10**6 + '\\n"]}': ":2: field 'l': label 'yyy",
    '{"t": "x", "l": ["\\ud800"]}': ":2: field 'l': label '\\ud800'; expected one line without NUL",
    '{"t": "x", "l": ["\\u001b[31m\\n"]}': ":2: field 'l': label '\\x1b[31m\\n'; expected one line",
    '"' + "x" * 10**6 + '"': ":2: 'xxx",
    "[1, 2]": ":2: [1, 2]; expected a JSON object",
    "null": ":2: None; expected a JSON object",
    "\ufeff" + GOOD.strip(): ":2: not JSON: Expecting value",
    GOOD.strip() * 2: ":2: not JSON: Extra data",
    '{"t": "a\0b", "l": []}': ":2: not JSON: Invalid control character",
}  # fmt: skip


@pytest.mark.parametrize("line, said", JSON.items(), ids=[line[:40] for line in JSON])
def test_hostile_lines_of_json(tmp_path, line, said):
    path = tmp_path / "r.jsonl"
    path.write_text(f"{GOOD}{line}\n{GOOD}", "utf-8", newline="")
    assert refused(path).startswith(said)


def test_what_is_unusual_but_json_is_read(tmp_path):
    path = tmp_path / "r.jsonl"
    lines = [
        "\ufeff" + GOOD.strip() + "\r",
        '{"t": "lone \\ud800 surrogate", "l": [], "other": NaN, "deep": [[[[1e999]]]]}',
        ' {"l": [], "t": "\\u0000"} ',
    ]
    path.write_text("\n".join(lines), "utf-8", newline="")
    assert sum(len(chunk.held_out) for chunk in read(path)) == 3


@pytest.mark.parametrize("value", ["NaN", "true", "null", "[1]", '{"a": 1}'])
def test_what_cannot_be_compared_does_not_split(tmp_path, value):
    path = tmp_path / "r.jsonl"
    path.write_text(GOOD + GOOD.replace('"l"', f'"y": {value}, "l"'))
    path.write_text(path.read_text().replace(GOOD, GOOD.replace('"l"', '"y": 1e400, "l"')))
    said = refused(path, Split.parse("y:2020"))
    assert said.startswith(":2: field 'y': ") and said.endswith("; expected a number or a string")


def test_many_labels_of_a_record_take_linear_time(tmp_path):
    """Not timed against a clock's limit, but against a tenth as many: quadratic would be a hundred times."""
    path = tmp_path / "r.jsonl"

    def seconds(n):
        labels = [*map(str, range(n)), str(n - 1)]
        path.write_text(json.dumps({"t": "x", "l": labels}) + "\n")
        start = time.process_time()
        assert f"label '{n - 1}' twice" in refused(path)
        return time.process_time() - start

    assert seconds(300_000) < 50 * max(seconds(30_000), 0.01)


def test_a_line_has_a_limit_and_faults_before_it_come_first(tmp_path, monkeypatch):
    monkeypatch.setattr(pieces, "LONGEST_RECORD", 1000)
    monkeypatch.setattr(lines, "PIECE_SIZE", 100)
    path = tmp_path / "r.jsonl"
    longest = '{"t": "x", "l": []}'.ljust(1000)
    path.write_text(f"{GOOD}{longest}\n{longest} \n")
    assert refused(path) == ":3: a line of more than 1 kB; expected shorter lines"
    path.write_text(f"{GOOD}[]\n{longest} \n")
    assert refused(path) == ":2: []; expected a JSON object"


CSV = {
    '"t,l\nx,a\n': ":1: not well-formed: unexpected end of data",
    't,l\n"x': ":2: not well-formed: unexpected end of data",
    't,l\nx,a\n"x" y,a\n': ":3: not well-formed: ",
    "t,l\nx\n": ":2: 1 cell; expected 2, as in the header",
    "t,l\nx,a,b\n": ":2: 3 cells; expected 2, as in the header",
    "t,l,t\n": ":1: column 't' twice; expected each name once",
    "t,l\nx,a;b;a\n": ":2: field 'l': label 'a' twice; expected each once",
    "t\nx\n": ":1: no column 'l'; expected it beside 't' (--columns names those of a file without a",
    "l,x,a b\ny,,\n": ":1: no column 't'; expected it beside 'l', 'x', 'a b' (--columns",
    ",".join(f"{i}" for i in range(30)): ":1: no column 't'; expected it beside '0', '1', '2', ",
    "\n\n": ":1: no column 't'; expected it beside none",
    "t,l\nx,a\n\xff".encode("latin-1"): ":3: byte 1 of the line is 0xff; expected UTF-8",
}  # fmt: skip


@pytest.mark.parametrize("content, said", CSV.items(), ids=range(len(CSV)))
def test_hostile_tables(tmp_path, content, said):
    path = tmp_path / "r.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert refused(path).startswith(said)


@pytest.mark.parametrize("row", ['x,"' + "y\n" * 600, '"' + '\n","'.join("y" * 100 for _ in range(20))])
def test_a_row_of_a_table_has_a_limit(tmp_path, monkeypatch, row):
    """Of quotes that are not closed the rest of a file is a cell, and cells in quotes go on over lines."""
    monkeypatch.setattr(table_lines, "LONGEST_RECORD", 1000)
    path = tmp_path / "r.csv"
    path.write_text(f"t,l\nx,a\n{row}")
    assert refused(path) == ":3: a row of more than 1 kB; expected shorter rows, and quotes in pairs"


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "tsv"])
@pytest.mark.parametrize("blank", ["", " ", "\r"])
def test_a_blank_line_is_no_record(tmp_path, suffix, blank):
    lines = ["t,l", "x,a", "y,b"] if suffix == "csv" else ["t\tl", "x\ta", "y\tb"]
    if suffix == "jsonl":
        lines = ['{"t": "x", "l": ["a"]}', '{"t": "y", "l": ["b"]}']
    text = "".join(f"{line}\n{blank}\n" for line in lines)
    (tmp_path / f"r.{suffix}").write_text(text, newline="")
    (piece,) = pieces_of(record_files(tmp_path / f"r.{suffix}").files[0], SETTINGS)
    assert [dict(record) for record in piece.records()] == [{"t": "x", "l": ["a"]}, {"t": "y", "l": ["b"]}]
    first = 1 if suffix == "jsonl" else 3
    assert [piece.line(i) for i in range(len(piece))] == [first, first + 2]


def test_an_empty_text_in_a_table_of_texts_is_a_record(tmp_path):
    path = tmp_path / "r.csv"
    path.write_text('t\nx\n""\n\n"\n"\n " "\n')
    (piece,) = pieces_of(record_files(path).files[0], TextSettings.of("t"))
    assert [record["t"] for record in piece.records()] == ["x", "", "\n", ' " "']


def test_quotes_of_tsv_are_text(tmp_path):
    path = tmp_path / "r.tsv"
    texts = [
        "a\rb ",
        '"Quiet evening by the sea',
        "maps of rivers",
        'the old mill"',
        '"a ""b"" c"',
        "birds in winter",
    ]
    rows = [f"{text}\tlabel {i}" for i, text in enumerate(texts)]
    path.write_text("\r\n".join(["t\tl", *rows]), newline="")
    found = [
        dict(record)
        for piece in pieces_of(record_files(path).files[0], SETTINGS)
        for record in piece.records()
    ]
    assert found == [{"t": text, "l": [f"label {i}"]} for i, text in enumerate(texts)]


@given(
    cells=st.lists(
        st.tuples(st.text('ab,"\n ;é', max_size=8), st.text("cd", min_size=1, max_size=3)), min_size=1
    ),
    most=st.integers(1, 4),
    size=st.integers(1, 40),
)
def test_a_table_is_the_same_however_it_is_cut(tmp_path_factory, cells, most, size):
    path = tmp_path_factory.mktemp("table") / "r.csv"
    file = io.StringIO()
    csv.writer(file).writerows([("t", "l"), *cells])
    path.write_text(file.getvalue(), "utf-8", newline="")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces, "_ROWS", most)
        patch.setattr(pieces, "_BYTES", size)
        found = list(pieces_of(record_files(path).files[0], SETTINGS))
    assert [(r["t"], r["l"]) for piece in found for r in piece.records()] == [
        (t, [label]) for t, label in cells
    ]
    assert all(len(piece) <= most for piece in found)
    assert [piece.line(i) for piece in found for i in range(len(piece))] == _lines_of(cells)


def _lines_of(cells):
    """Where each row begins: rows have as many lines as line breaks within cells, and one."""
    lines, line = [], 2
    for text, _ in cells:
        lines.append(line)
        line += 1 + text.count("\n")
    return lines


ACT = """
from pwdismec.data.formats.layouts import record_files
from pwdismec.text import TextSettings
from pwdismec.text.chunks import chunks_of
def act(path):
    for _ in chunks_of(record_files(path).files, TextSettings.of("t", label_field="l")): pass
"""


@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
def test_a_line_of_gigabytes_is_refused_in_bounded_memory(tmp_path, suffix):
    path = tmp_path / f"bomb.{suffix}"
    path.write_text("t,l\nx,a\n" if suffix == "csv" else GOOD)
    with path.open("r+b") as file:
        file.truncate(3_000_000_000)
    told, megabytes = answer_of(ACT, path)
    assert told == f"{path}:{3 if suffix == 'csv' else 2}: a line of more than 32 MB; expected shorter lines"
    assert megabytes < 700


def test_unpaired_quotes_before_gigabytes_are_refused_in_bounded_memory(tmp_path):
    import zstandard

    path = tmp_path / "bomb.csv.zst"
    path.write_bytes(zstandard.compress(b't,l\nx,a\n"' + b"0" * 999 + b"\n" + b"0123456789\n" * 10_000_000))
    told, megabytes = answer_of(ACT, path)
    assert told == f"{path}:3: a row of more than 32 MB; expected shorter rows, and quotes in pairs"
    assert megabytes < 700


def test_hostile_parquet(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "r.parquet"
    table = pyarrow.table({"t": ["x", "y"] * 2000, "l": [["a"], ["b"]] * 2000})
    parquet.write_table(table, path)
    whole = path.read_bytes()
    assert sum(len(chunk.held_out) for chunk in read(path)) == 4000
    for content in (whole[: len(whole) // 2], whole[:-4], b"PAR1" + bytes(100) + b"PAR1", b"t,l\nx,a\n"):
        path.write_bytes(content)
        assert refused(path).startswith(": damaged, or no Parquet file: ")
    for place in range(4, len(whole), 41):
        damaged = bytearray(whole)
        damaged[place] ^= 0xFF
        path.write_bytes(damaged)
        try:
            read(path)
        except DataError as error:
            assert "\n" not in str(error)
    parquet.write_table(pyarrow.table([["x"], ["y"], [["a"]]], names=["t", "t", "l"]), path)
    assert refused(path) == ": column 't' twice; expected each name once"
    parquet.write_table(pyarrow.table({"t": pyarrow.array([b"\xff"]).cast("binary"), "l": [["a"]]}), path)
    assert refused(path) == ":1: field 't': b'\\xff'; expected a string"
    parquet.write_table(pyarrow.table({"t": ["x"], "l": [["a", "a"]]}), path)
    assert refused(path) == ":1: field 'l': label 'a' twice; expected each once"


def test_a_row_of_parquet_larger_than_a_piece_is_a_piece(tmp_path, monkeypatch):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = pyarrow.table({"t": ["x" * 100, "y" * 90], "l": [["a"], ["b"]]})
    parquet.write_table(table, tmp_path / "r.parquet")
    monkeypatch.setattr(pieces, "_BYTES", 10)
    assert [
        len(piece.records()) for piece in pieces_of(record_files(tmp_path / "r.parquet").files[0], SETTINGS)
    ] == [1, 1]
