"""Bad input gets one clear line that names file and line."""

import bz2
import gzip
import lzma
import os
import re
import threading
from unittest import mock

import numpy as np
import pytest
import scipy.sparse as sp
import zstandard

from pwdismec import convert
from pwdismec.data.formats import lines, open_source, read_source
from pwdismec.errors import ConfigError, DataError

COMPRESS = {
    ".gz": gzip.compress,
    ".xz": lzma.compress,
    ".bz2": bz2.compress,
    ".zst": zstandard.ZstdCompressor(write_checksum=True).compress,  # as the zstd command does
}

# name: content, the line at fault (None: the whole file), what the message says
BAD_TEXT = {
    "header that is no number": (
        "3 x 4\n",
        1,
        "'3 x 4'; expected a header of 3 numbers, rows features labels",
    ),
    "header with a number too many": ("1 2 3 4\n0 1:1\n", 1, "expected a header of 3 numbers"),
    "header below zero": ("1 -2 3\n0 1:1\n", 1, "expected a header of 3 numbers"),
    "header past 32 bits": ("1 2147483648 3\n", 1, "features 2147483648; expected at most 2147483647"),
    "more rows": ("1 5 5\n0 1:1\n\n", 3, "more rows than the 1 that the header says"),
    "more rows, and bad": ("1 5 5\n0 1:1\n0 1:x\n", 3, "more rows than the 1 that the header says"),
    "fewer rows": ("3 5 5\n0 1:1\n1 1:1\n", 1, "the header says 3 rows, the file holds 2"),
    "no rows": ("3 5 5", 1, "the header says 3 rows, the file holds 0"),
    "feature out of range": ("2 5 5\n0 1:1\n0 5:1\n", 3, "'5:1'; expected a feature id from 0 to 4"),
    "label out of range": ("2 5 5\n0 1:1\n1,7,2 4:1\n", 3, "'7'; expected a label id from 0 to 4"),
    "no features at all": ("1 0 5\n1 0:1\n", 2, "expected no feature id, as there are 0 features"),
    "label twice": ("2 5 5\n0 1:1\n3,1,3 4:1\n", 3, "label 3 occurs twice in one row"),
    "feature twice": ("2 5 5\n0 1:1\n3 4:1 2:1 4:2\n", 3, "feature 4 occurs twice in one row"),
    "NaN": ("2 5 5\n0 1:1\n3 4:NaN\n", 3, "'4:NaN'; expected feature:value with a finite number"),
    "Inf": ("2 5 5\n0 1:1\n3 4:-inf\n", 3, "'4:-inf'; expected feature:value with a finite number"),
    "1e999": ("2 5 5\n0 1:1\n3 4:1e999\n", 3, "'4:1e999'; expected feature:value with a finite number"),
    "past float32": ("2 5 5\n0 1:1\n3 4:4e38\n", 3, "at most 3.4e38"),
    "no value": ("2 5 5\n0 1:1\n3 4:\n", 3, "'4:'; expected feature:value with a finite number"),
    "no colon": ("2 5 5\n0 1:1\n3 4 2:1\n", 3, "'4'; expected feature:value"),
    "blank after a comma": ("2 5 5\n0 1:1\n3, 4:1\n", 3, "'4:1'; expected a label id"),
    "label below zero": ("2 5 5\n0 1:1\n-1 4:1\n", 3, "'-1'; expected a label id"),
    "NUL": ("2 5 5\n0 1:1\n3 4:1 \0\0\n", 3, "byte 0x00: not a text file"),
    "comment in XMC": ("2 5 5\n# x\n3 4:1\n", 2, "'#'; expected a label id"),
    "Mac line ends": ("2 5 5\n0 1:1\r3 4:1\n", 2, "'1:1'"),
    "long field": ("1 5 5\n" + "z" * 100 + "\n", 2, "'" + "z" * 40 + "…'; expected"),
    "pair: a label list": ("1 5\n1,2 3:1\n", 2, "'1,2'; expected feature:value"),
    "svmlight: rank query": ("1 qid:3 1:1\n", 1, "'qid:3'; expected feature:value"),
    "svmlight: real label": ("# c\n1.5 1:1\n", 2, "'1.5'; expected a label id"),
    "svmlight: line after comments": ("# a\n1 1:1\n#\n# b\n1 1:2\n1 :2\n", 6, "':2'; expected feature:value"),
    "only blanks": ("   \n 1\n", 2, "'1'; expected feature:value"),
}


def fault(paths, **settings) -> DataError:
    with pytest.raises(DataError) as caught:
        read_source(paths, jobs=2, **settings)
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("suffix", ["", *COMPRESS])
@pytest.mark.parametrize("piece_size", [1, 1 << 20])
@pytest.mark.parametrize("name", BAD_TEXT)
def test_bad_text(tmp_path, name, piece_size, suffix):
    content, line, message = BAD_TEXT[name]
    path = tmp_path / f"data.txt{suffix}"
    path.write_bytes(COMPRESS.get(suffix, bytes)(content.encode()))
    with mock.patch.object(lines, "PIECE_SIZE", piece_size):
        error = fault(path)
    assert str(error).startswith(f"{path}:{line}: ") and message in str(error)
    assert (error.path, error.line) == (path, line)


@pytest.mark.parametrize("content, line, message", [
    ("1 5 5\n0 1:1\n", 2, "'0'; expected a label id from 1 to 5"),
    ("1 5 5\n1 0:1\n", 2, "'0:1'; expected a feature id from 1 to 5"),
    ("1 5 5\n5,6 1:1\n", 2, "'6'; expected a label id from 1 to 5"),
    ("1 5 5\n5,5 1:1\n", 2, "label 5 occurs twice in one row"),
    ("1 5\n0:1\n", 2, "'0:1'; expected a feature id from 1 to 5"),
    ("0 1:1\n", 1, "'0'; expected a label id from 1 to 2147483647"),
])  # fmt: skip
def test_ids_that_start_at_one(tmp_path, content, line, message):
    path = tmp_path / "data.txt"
    path.write_text(content)
    error = fault(path, one_based=True)
    assert error.line == line and message in str(error)


def test_other_features_than_the_models(tmp_path):
    path = tmp_path / "data.txt"
    path.write_text("1 5 7\n0 1:1\n")
    expected = f"{path}:1: 5 features; expected 6: a data set with other features than the model's"
    assert str(fault(path, n_features=6)) == expected
    expected = f"{path}:1: 7 labels; expected 6: a data set with other labels than the model's"
    assert str(fault(path, n_labels=6)) == expected
    path.write_text("0 1:1\n2 6:1\n")
    found = read_source(path, n_features=6, n_labels=3)  # nothing in the file says how many
    assert (found.features.n_columns, found.labels.n_columns) == (7, 3)


@pytest.mark.parametrize("x, y, at, line, message", [
    ("2 5\n1:1\n2:1\n", "3 5\n1:1\n2:1\n3:1\n", "y", 1, "3 rows, but"),
    ("2 5\n1:1\n2:1\n", "2 5\n1:1\n5:1\n", "y", 3, "'5:1'; expected a label id from 0 to 4"),
    ("2 5\n1:1\n2:1\n", "2 5\n1:1\n2:1 3:0\n", "y", 3, "label 3; expected a value above zero"),
    ("2 5\n1:1\n2:1\n", "2 5\n1:1\n2:1 2:1\n", "y", 3, "label 2 occurs twice in one row"),
    ("2 5\n1:1\n2:1\n", "2 5\n1:1\n2:-1\n", "y", 3, "label 2; expected a value above zero"),
    ("2 5\n1:1\n2:1\n", "2 5\n1:1\n2\n", "y", 3, "'2'; expected label:value"),
    ("2 5\n1:1\n2:1\n", "2 5\n1:1\n", "y", 1, "the header says 2 rows, the file holds 1"),
    ("2 5\n1:1\n2:1\n", "2 5\n1:1\n2:1\n3:1\n", "y", 4, "more rows than the 2"),
    ("2 5\n1:1\n2:1\n", "2 5 6\n1:1\n2:1\n", "y", 1, "expected a header of 2 numbers, rows labels"),
    ("2 5\n1:1\n", "2 5\n1:1\n2:1\n", "x", 1, "the header says 2 rows, the file holds 1"),
    ("2 5\n1:1\n2:1\n3:1\n", "2 5\n1:1\n2:1\n", "x", 4, "more rows than the 2"),
    ("1:1\n2:1\n", "2 5\n1:1\n2:1\n", "x", 1, "expected a header of 2 numbers, rows features"),
])  # fmt: skip
@pytest.mark.parametrize("piece_size", [1, 1 << 20])
def test_pairs(tmp_path, x, y, at, line, message, piece_size):
    files = {"x": tmp_path / "x.txt", "y": tmp_path / "y.txt"}
    files["x"].write_text(x)
    files["y"].write_text(y)
    with mock.patch.object(lines, "PIECE_SIZE", piece_size):
        error = fault(list(files.values()))
    assert (error.path, error.line) == (files[at], line) and message in str(error)


def test_a_fault_in_one_file_ends_the_threads_that_read_the_other(tmp_path):
    """At once: the error, which is kept here, holds on to what the reader held."""
    (tmp_path / "x.txt").write_text("3 5\n0:1\n1:1\n9:1\n")
    (tmp_path / "y.txt").write_text("3 4\n0:1\n1:1\n2:1\n")
    before = set(threading.enumerate())
    with mock.patch.object(lines, "PIECE_SIZE", 1):
        error = fault([tmp_path / "x.txt", tmp_path / "y.txt"])
    assert error.line == 4 and error.__traceback__
    assert set(threading.enumerate()) <= before


def test_a_fault_ends_the_threads_that_read(tmp_path):
    """Not the reader finds this one, but who takes the rows."""
    (tmp_path / "train.txt").write_text("3 5 4\n0 0:1\n1 1:1\n2 2:-1\n")
    before = set(threading.enumerate())
    with mock.patch.object(lines, "PIECE_SIZE", 1), pytest.raises(DataError) as caught:
        convert(open_source([tmp_path / "train.txt"], jobs=2), tmp_path / "train", tfidf=True)
    assert caught.value.__traceback__
    assert set(threading.enumerate()) <= before


@pytest.mark.parametrize(
    "suffix, name", [(".gz", "gzip"), (".xz", "xz"), (".bz2", "bzip2"), (".zst", "Zstandard")]
)
def test_cut_off_and_damaged_streams(tmp_path, suffix, name):
    path = tmp_path / f"data.txt{suffix}"
    rng = np.random.default_rng(1)
    rows = "".join(f"{a} {b}:0.{c}\n" for a, b, c in rng.integers(0, 1000, (20000, 3)))
    whole = COMPRESS[suffix](f"20000 1000 1000\n{rows}".encode())
    for size in (len(whole) // 2, len(whole) - 5):
        path.write_bytes(whole[:size])
        assert str(fault(path)) == f"{path}: cut off: the {name} data ends too early"
    path.write_bytes(b"1 5 5\n0 1:1\n")
    assert str(fault(path)).startswith(f"{path}: damaged, or no {name} file: ")
    damaged = bytearray(whole)
    damaged[len(whole) // 2] ^= 0xFF
    path.write_bytes(damaged)
    fault(path)
    path.write_bytes(COMPRESS[suffix](b""))
    assert str(fault(path)) == f"{path}: the file is empty"


def test_files_that_are_none(tmp_path):
    assert str(fault(tmp_path / "absent")) == f"{tmp_path / 'absent'}: no such file"
    assert str(fault(tmp_path)).startswith(f"{tmp_path}: not a data set, and no folder with features as ")
    os.mkfifo(tmp_path / "pipe")
    assert str(fault(tmp_path / "pipe")) == f"{tmp_path / 'pipe'}: a pipe or device, where a file is expected"
    for name in ("empty.txt", "empty.xz", "empty.npz"):
        (tmp_path / name).touch()
        assert str(fault(tmp_path / name)) == f"{tmp_path / name}: the file is empty"


@pytest.mark.parametrize("name", ["a.zip", "a.TGZ", "a.tar", "a.txt.tar.gz", "a.tar.XZ", "a.7z"])
def test_archives_are_to_be_unpacked(tmp_path, name):
    (tmp_path / name).write_bytes(b"PK\x03\x04")
    assert str(fault(tmp_path / name)).startswith(f"{tmp_path / name}: an archive; unpack it")
    (tmp_path / "a.txt").write_text("0 1:1\n")
    with pytest.raises(DataError, match="an archive; unpack it"):
        convert(open_source(tmp_path / "a.txt"), tmp_path / "made", label_names=tmp_path / name)


@pytest.mark.parametrize("line", ["2,3,2", "2,3,5", " 2 , 3", "2,3\r"])
def test_a_header_with_commas_is_not_taken_for_labels(tmp_path, line):
    path = tmp_path / "data.txt"
    path.write_text(f"{line}\n0 1:1\n1 1:2\n", newline="")
    said = str(fault(path))
    assert said.startswith(
        f"{path}:1: {line.rstrip()!r}: a header, or labels without features? expected blanks"
    )
    if line == "2,3,5":  # what it is as well
        assert read_source(path, "svmlight").labels.indptr.tolist() == [0, 3, 4, 5]


@pytest.mark.parametrize("name", ["X.npy", "X.npz", "data.txt.gz", "data.txt.xz"])
def test_bytes_are_not_shown_as_python_writes_them(tmp_path, name):
    (tmp_path / name).write_bytes(b"PK\x03\x04 what this is nobody knows")
    assert not re.search(r"""\bb['"]""", str(fault(tmp_path / name)))


def test_binary_files(tmp_path):
    path = tmp_path / "data.txt"
    for content in (bytes(range(256)) * 100, lzma.compress(b"1 2 3\n"), np.arange(1000).tobytes()):
        path.write_bytes(content)
        assert str(fault(path)).startswith(f"{path}:1: ")
    path.write_bytes(b"\0" * 1000)
    assert str(fault(path)) == f"{path}:1: byte 0x00: not a text file"


def test_formats_and_numbers_of_files(tmp_path):
    path = tmp_path / "data.txt"
    path.write_text("1 5 5\n0 1:1\n")
    with pytest.raises(ConfigError, match="format 'abc'; expected one of auto, xmc, xmc-pair, svmlight, npz"):
        open_source(path, "abc")
    with pytest.raises(ConfigError, match=r"2 files .* format xmc takes 1 at most"):
        open_source([path, path], "xmc")
    with pytest.raises(ConfigError, match=r"3 files .* format xmc-pair takes 2 at most"):
        open_source([path, path, path])
    with pytest.raises(ConfigError, match="no file"):
        open_source([])


MATRIX = sp.csr_matrix(([1.0, 2.0], ([0, 1], [1, 2])), shape=(2, 4))


@pytest.mark.parametrize("x, y, at, message", [
    (MATRIX * np.nan, MATRIX, "x", "row 1, feature 1: nan; expected a finite number"),
    (MATRIX * 3e38, MATRIX, "x", "row 2, feature 2: 6e+38; expected a finite number"),
    (MATRIX, MATRIX - 2 * MATRIX, "y", "row 1, label 1: -1.0; expected a value above zero"),
    (MATRIX, MATRIX[:1], "y", "1 rows, but"),
    (MATRIX.astype(complex), MATRIX, "x", "complex128; expected a matrix of real numbers"),
])  # fmt: skip
def test_npz(tmp_path, x, y, at, message):
    files = {"x": tmp_path / "x.npz", "y": tmp_path / "y.npz"}
    sp.save_npz(files["x"], x)
    sp.save_npz(files["y"], y)
    error = fault(list(files.values()))
    assert error.path == files[at] and message in str(error)


def test_npz_ids_start_at_one_or_fit(tmp_path):
    path = tmp_path / "x.npz"
    sp.save_npz(path, sp.csr_matrix(np.eye(3)))
    assert str(fault(path, one_based=True)) == f"{path}: row 1, feature 0: ids start at one"
    assert "3 features; expected 4" in str(fault(path, n_features=4))


def test_npz_that_is_none(tmp_path):
    path = tmp_path / "x.npz"
    sp.save_npz(path, sp.random(50, 50, 0.3))
    whole = path.read_bytes()
    np.savez(path, foo=np.ones(3))
    others = [path.read_bytes()]
    np.savez(
        path, format=b"csr", shape=(2, 2), data=np.ones(4), indices=np.array([0, 1, 0, 9]), indptr=[0, 2, 4]
    )
    others.append(path.read_bytes())
    for content in (whole[:-40], whole[:100], b"1 5 5\n0 1:1\n"):
        path.write_bytes(content)
        assert str(fault(path)) == f"{path}: damaged, or no .npz file"
    for content in others:
        path.write_bytes(content)
        assert "not a sparse matrix as scipy.sparse.save_npz writes it" in str(fault(path))


@pytest.mark.parametrize("header", ["2 x 3", "2 3", "2 3 4 5", "x 3 3", "2 3 -3"])
def test_a_header_is_whole_numbers_as_many_as_the_format_has(tmp_path, header):
    path = tmp_path / "data.txt"
    path.write_text(f"{header}\n0 1:1\n0 1:1\n")
    with pytest.raises(DataError) as caught:
        read_source(path, "xmc")
    assert str(caught.value) == f"{path}:1: {header!r}; expected a header of 3 numbers, rows features labels"
