"""The native reader against the reference: rows accepted, rows refused, and the line that is named."""

from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import numpy as np
import pytest
from helpers.format_reference import BadLine, parse, rows_of, same_bits
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pwdismec.data.csr import CSR
from pwdismec.data.formats import lines, open_source, read_source, write_xmc
from pwdismec.errors import ConfigError, DataError

IDS = st.integers(0, 12).map(str) | st.sampled_from(["007", "99999999", "000000000003", "9" * 30])
VALUES = st.sampled_from(
    ["1", "0.5", "-2.25", "1e-3", ".5", "3.", "+4", "0.12345678901234567", "1e999", "nan", ""]
)
PAIRS = st.builds("{}:{}".format, IDS, VALUES)
BLANKS = st.sampled_from([" ", "  ", "\t", " \t "])
LABELS = st.builds(str.join, st.sampled_from([",", ",", ", ", ",\t "]), st.lists(IDS, max_size=4))


@st.composite
def tidy_lines(draw):
    """Mostly well-formed rows."""
    text = draw(LABELS)
    for feature in draw(st.lists(st.integers(0, 11), max_size=5, unique=draw(st.booleans()))):
        text += draw(BLANKS) + f"{feature}:{draw(VALUES.filter(lambda v: v not in ('1e999', 'nan', '')))}"
    return text + draw(st.sampled_from(["", "", "", " ", "\t", "\r", " # 3:4", "#,:"]))


WILD_LINES = st.lists(PAIRS | LABELS | BLANKS | st.sampled_from([":", ",", "#", "\r", "x"]), max_size=5).map(
    "".join
)
RAW_LINES = st.text(st.sampled_from("01239:,. \t\r-+e#n\x00ä"), max_size=12)
TEXTS = st.builds(
    "{}{}".format,
    st.lists(tidy_lines() | tidy_lines() | WILD_LINES | RAW_LINES, min_size=1, max_size=12).map("\n".join),
    st.sampled_from(["", "\n", "\r\n"]),
)
ONE_BASED = st.sampled_from([False, True, "features"])
PIECES = st.sampled_from([1, 7, 40, 1 << 20])


def outcome(path, piece_size, format, **settings):
    """The rows in a file, or the line and message of its error."""
    with mock.patch.object(lines, "PIECE_SIZE", piece_size):
        try:
            return rows_of(*read_source(path, format, jobs=2, **settings))
        except DataError as error:
            return error


def check(text, header, format, piece_size, one_based, **syntax):
    with TemporaryDirectory() as folder:
        path = Path(folder) / "data.txt"
        path.write_bytes(header + text)
        found = outcome(path, piece_size, format, one_based=one_based)
    n_features, n_labels = (10, 8) if header else (2**31 - 1, 2**31 - 1)
    try:
        first = {"first_feature": int(bool(one_based)), "first_label": int(one_based is True)}
        expected = parse(text, n_features=n_features, n_labels=n_labels, **first, **syntax)
    except BadLine as error:
        assert isinstance(found, DataError)
        assert found.line == error.args[0] + bool(header)
        assert str(found).startswith(f"{path}:{found.line}: ") and "\n" not in str(found)
    else:
        assert not isinstance(found, DataError), str(found)
        assert same_bits(found, expected)


@settings(deadline=None, max_examples=250)
@given(TEXTS.map(str.encode), PIECES, ONE_BASED)
@example(b"0 1:1\n \t# 2:1\n  #\n\t#\n1 2:1\n", 40, False)  # comments after blanks: two rows
def test_svmlight_like_the_reference(text, piece_size, one_based):
    if text:
        check(text, b"", "svmlight", piece_size, one_based, labels=True, comments=True)


@settings(deadline=None, max_examples=150)
@given(TEXTS.map(str.encode), PIECES, ONE_BASED)
def test_xmc_like_the_reference(text, piece_size, one_based):
    n_rows = text.count(b"\n") + (not text.endswith(b"\n") and text != b"")
    check(text, b"%d 10 8\n" % n_rows, "xmc", piece_size, one_based, labels=True)


@settings(deadline=None, max_examples=100)
@given(TEXTS.map(str.encode), PIECES)
def test_rows_without_labels_like_the_reference(text, piece_size):
    n_rows = text.count(b"\n") + (not text.endswith(b"\n") and text != b"")
    check(text, b"%d 10\n" % n_rows, "xmc-pair", piece_size, False, labels=False)


def test_labels_as_lshtc_has_them(tmp_path):
    (tmp_path / "data.txt").write_text("545, 32 8:1 18:2\n3 1:1\n")
    features, labels = read_source(tmp_path / "data.txt")
    assert labels.indices.tolist() == [32, 545, 3] and labels.indptr.tolist() == [0, 2, 3]
    assert features.indices.tolist() == [8, 18, 1] and features.data.tolist() == [1, 2, 1]


def test_labels_from_zero_with_features_from_one(tmp_path):
    path = tmp_path / "data.txt"
    path.write_text("2 3 2\n0 1:1\n1 2:1 3:1\n")
    features, labels = read_source(path, one_based="features")
    assert features.to_scipy().toarray().tolist() == [[1, 0, 0], [0, 1, 1]]
    assert labels.indices.tolist() == [0, 1]
    said = r"data.txt:3: '3:1'; expected a feature id from 0 to 2 \(if feature ids start at one: "
    with pytest.raises(DataError, match=said + "--one-based or --one-based-features"):
        read_source(path)
    with pytest.raises(ConfigError, match="one_based: 'labels'; expected True, False or 'features'"):
        read_source(path, one_based="labels")


def test_errors_in_many_pieces_name_the_first_line(tmp_path):
    path = tmp_path / "data.txt"
    rows = ["1,2 0:1 3:0.5"] * 5000
    for bad in (4321, 1234, 3000):
        rows[bad - 2] = "1 2:x"
    path.write_text("5000 10 8\n" + "\n".join(rows) + "\n")
    for _ in range(5):
        assert outcome(path, 100, "auto").line == 1234


@pytest.mark.parametrize("end", ["", "\n"])
def test_nothing_is_read_behind_the_file(tmp_path, end):
    """A file that fills its last page: behind it there is no memory to read."""
    path = tmp_path / "data.txt"
    rows = "3,4 1:0.25 2:0.5\n" * 600
    last = "1 9:"
    path.write_text(rows + last + "5" * (3 * 4096 - len(rows) - len(last) - len(end)) + end)
    error = outcome(path, 1 << 20, "svmlight")
    assert isinstance(error, DataError) and error.line == 601  # 5555…5 is past float32
    path.write_text(rows + last + "0." + "5" * (3 * 4096 - len(rows) - len(last) - len(end) - 2) + end)
    assert path.stat().st_size == 3 * 4096
    features, _ = read_source(path, "svmlight")
    assert features.data[-1] == pytest.approx(5 / 9)


def test_blocks_are_whole_rows_in_order(tmp_path):
    path = tmp_path / "data.svm"
    path.write_text("".join(f"{i % 7} {i % 5}:{i}\n" for i in range(300)))
    with mock.patch.object(lines, "PIECE_SIZE", 64):
        source = open_source(path, jobs=2)
        assert (source.n_instances, source.n_features, source.n_labels) == (None, None, None)
        blocks = list(source)
    assert len(blocks) > 30
    assert [value for block in blocks for value in block.features.data] == list(range(300))
    assert all(block.features.n_rows == block.labels.n_rows > 0 for block in blocks)
    assert (source.n_instances, source.n_features, source.n_labels) == (300, 5, 7)


def test_a_written_row_has_no_blank_that_divides_nothing(tmp_path):
    """Labels and features, labels alone, features alone, nothing."""
    features = CSR(
        np.array([0, 2, 2, 3, 3]), np.array([1, 3, 0], np.int32), np.array([0.5, -2, 1e-7], np.float32), 4
    )
    labels = CSR(np.array([0, 2, 3, 3, 3]), np.array([0, 2, 4], np.int32), None, 5)
    write_xmc(tmp_path / "rows.txt", features, labels)
    assert (tmp_path / "rows.txt").read_bytes() == b"4 4 5\n0,2 1:0.5 3:-2\n4\n 0:1e-07\n\n"
