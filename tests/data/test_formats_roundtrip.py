"""What is written is read back to the bit, in every format and compression."""

import bz2
import gzip
import io
import lzma
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import numpy as np
import pytest
import scipy.sparse as sp
import zstandard
from helpers.format_reference import Rows, parse, rows_of, same_bits
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import dump_svmlight_file, load_svmlight_file

from pwdismec import Dataset, native
from pwdismec.data.csr import CSR
from pwdismec.data.formats import lines, open_source, read_source, write_xmc, xmc_writer
from pwdismec.errors import DataError, PwdismecError

SUFFIXES = ["", ".gz", ".xz", ".bz2", ".zst"]
N_FEATURES, N_LABELS = 30, 12
VALUES = st.floats(allow_nan=False, allow_infinity=False, width=32).map(np.float32)
ROWS = st.builds(
    lambda rows: Rows([sorted(f.items()) for f, _ in rows], [sorted(labels) for _, labels in rows]),
    st.lists(
        st.tuples(
            st.dictionaries(st.integers(0, N_FEATURES - 1), VALUES, max_size=5),
            st.sets(st.integers(0, N_LABELS - 1), max_size=4),
        ),
        max_size=15,
    ),
)
PIECES = st.sampled_from([1, 30, 1 << 20])


def csr(rows: list, n_columns: int, with_values: bool) -> CSR:
    """Lists of (id, value), or of ids, as CSR."""
    indptr = np.cumsum([0, *map(len, rows)]).astype(np.int64)
    entries = [entry for row in rows for entry in row]
    if with_values:
        ids = np.array([i for i, _ in entries], np.int32)
        return CSR(indptr, ids, np.array([v for _, v in entries], np.float32), n_columns)
    return CSR(indptr, np.array(entries, np.int32), None, n_columns)


def matrices(rows: Rows) -> tuple[CSR, CSR]:
    return csr(rows.features, N_FEATURES, True), csr(rows.labels, N_LABELS, False)


def read(paths, piece_size=1 << 20, **settings) -> Rows:
    with mock.patch.object(lines, "PIECE_SIZE", piece_size):
        block = read_source(paths, jobs=2, **settings)
    assert (block.features.n_columns, block.labels.n_columns) == (N_FEATURES, N_LABELS)
    assert block.features.indptr[0] == block.labels.indptr[0] == 0
    return rows_of(*block)


def compressed(suffix: str, content: bytes) -> bytes:
    """By the libraries themselves, in two members or frames."""
    half = len(content) // 2
    compress = {
        "": bytes,
        ".gz": gzip.compress,
        ".xz": lzma.compress,
        ".bz2": bz2.compress,
        ".zst": zstandard.compress,
    }[suffix]
    return compress(content[:half]) + compress(content[half:])


@settings(deadline=None, max_examples=150)
@given(ROWS, PIECES, st.sampled_from(SUFFIXES), st.integers(1, 40))
def test_xmc(rows, piece_size, suffix, entries_at_once):
    with TemporaryDirectory() as folder, mock.patch.object(xmc_writer, "_ENTRIES_AT_ONCE", entries_at_once):
        path = Path(folder) / f"data.txt{suffix}"
        write_xmc(path, *matrices(rows), jobs=2)
        assert same_bits(read(path, piece_size), rows)
        assert [file.name for file in Path(folder).iterdir()] == [path.name]


@settings(deadline=None, max_examples=50)
@given(ROWS)
def test_xmc_text_is_what_the_reference_reads(rows):
    with TemporaryDirectory() as folder:
        path = Path(folder) / "data.txt"
        write_xmc(path, *matrices(rows))
        header, text = path.read_bytes().split(b"\n", 1)
    assert header.split() == [b"%d" % n for n in (len(rows.features), N_FEATURES, N_LABELS)]
    parsed = parse(text, n_features=N_FEATURES, n_labels=N_LABELS, labels=True)
    assert same_bits(parsed, rows)


@settings(deadline=None, max_examples=100)
@given(ROWS, PIECES, st.sampled_from(SUFFIXES), st.integers(0, 1))
def test_pair(rows, piece_size, suffix, first_id):
    features = "".join(
        " ".join(f"{i + first_id}:{v!r}" for i, v in zip_floats(row)) + "\n" for row in rows.features
    )
    labels = "".join(" ".join(f"{label + first_id}:1" for label in row) + "\n" for row in rows.labels)
    n = len(rows.features)
    with TemporaryDirectory() as folder:
        x, y = Path(folder) / f"trn_X_Xf.txt{suffix}", Path(folder) / f"trn_X_Y.txt{suffix}"
        x.write_bytes(compressed(suffix, f"{n} {N_FEATURES}\n{features}".encode()))
        y.write_bytes(compressed(suffix, f"{n} {N_LABELS}\n{labels}".encode()))
        assert same_bits(read([x, y], piece_size, one_based=bool(first_id)), rows)
        alone = read(x, piece_size, one_based=bool(first_id), n_labels=N_LABELS)
        assert same_bits(alone, Rows(rows.features, [[] for _ in rows.labels]))


def zip_floats(row):
    """Values as Python floats: their repr is a number."""
    return [(i, float(v)) for i, v in row]


@settings(deadline=None, max_examples=100)
@given(ROWS.filter(lambda rows: len(rows.features) > 0), PIECES, st.sampled_from(SUFFIXES), st.booleans())
def test_svmlight_written_by_sklearn(rows, piece_size, suffix, zero_based):
    features, labels = matrices(rows)
    buffer = io.BytesIO()
    dump_svmlight_file(
        features.to_scipy().astype(np.float64),
        labels.to_scipy(),
        buffer,
        zero_based=zero_based,
        comment="made by a test",
        multilabel=True,
    )
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"data.svm{suffix}"
        content = buffer.getvalue()
        if not zero_based:  # the labels too
            content = shift_labels(content)
        path.write_bytes(compressed(suffix, content))
        sizes = {"n_features": N_FEATURES, "n_labels": N_LABELS}
        assert same_bits(read(path, piece_size, one_based=not zero_based, **sizes), rows)


def shift_labels(content: bytes) -> bytes:
    def shifted(line: bytes) -> bytes:
        labels, blank, rest = line.partition(b" ")
        if labels.startswith(b"#") or not labels:
            return line
        return b",".join(b"%d" % (int(label) + 1) for label in labels.split(b",")) + blank + rest

    return b"\n".join(map(shifted, content.split(b"\n")))


@settings(deadline=None, max_examples=50)
@given(ROWS.filter(lambda rows: any(map(len, rows.features))))
def test_sklearn_reads_what_we_write(rows):
    # scikit-learn takes a line without labels and features for no row at all.
    kept = [(f, y) for f, y in zip(rows.features, rows.labels, strict=True) if f or y]
    rows = Rows([f for f, _ in kept], [y for _, y in kept])
    with TemporaryDirectory() as folder:
        path = Path(folder) / "data.txt"
        write_xmc(path, *matrices(rows))
        body = io.BytesIO(path.read_bytes().split(b"\n", 1)[1])
    X, Y = load_svmlight_file(body, n_features=N_FEATURES, dtype=np.float64, multilabel=True, zero_based=True)
    assert [list(map(int, labels)) for labels in Y] == rows.labels
    found = CSR(X.indptr.astype(np.int64), X.indices.astype(np.int32), X.data.astype(np.float32), N_FEATURES)
    assert same_bits(rows_of(found, csr(rows.labels, N_LABELS, False)), rows)


@settings(deadline=None, max_examples=60)
@given(ROWS, st.sampled_from(["csr", "csc", "coo"]), st.integers(0, 1))
def test_npz(rows, layout, first_id):
    features, labels = (matrix.to_scipy() for matrix in matrices(rows))
    rows = Rows([[(i, v) for i, v in row if v != 0] for row in rows.features], rows.labels)
    if first_id:
        empty = sp.csr_matrix((features.shape[0], 1), dtype=np.float32)
        features, labels = sp.hstack([empty, features]), sp.hstack([empty, labels])
    with TemporaryDirectory() as folder:
        x, y = Path(folder) / "x.npz", Path(folder) / "y.npz"
        sp.save_npz(x, features.asformat(layout))
        sp.save_npz(y, labels.asformat(layout).astype(np.int64))
        found = read([x, y], one_based=bool(first_id))
        assert same_bits(found, rows)
        alone = read([x], one_based=bool(first_id), n_labels=N_LABELS)
        assert same_bits(alone, Rows(rows.features, [[] for _ in rows.labels]))


ENTRIES = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4), st.integers(0, 2)), max_size=20)


@settings(deadline=None, max_examples=60)
@given(ENTRIES, ENTRIES, st.sampled_from(["csr", "csc", "coo"]))
def test_what_scipy_stores_twice_or_as_zero_is_what_scipy_means(features, labels, layout):
    X, Y = (stored(entries, layout) for entries in (features, labels))
    before = [(matrix.data.tobytes(), matrix.nnz) for matrix in (X, Y)]
    with TemporaryDirectory() as folder:
        x, y = Path(folder) / "x.npz", Path(folder) / "y.npz"
        sp.save_npz(x, X)
        sp.save_npz(y, Y)
        of_files = read_source([x, y])
    of_matrices = Dataset.from_scipy(X, Y.astype(bool))
    for found in (of_files, of_matrices):
        np.testing.assert_array_equal(found.features.to_scipy().toarray(), X.toarray())
        np.testing.assert_array_equal(found.labels.to_scipy().toarray(), Y.toarray() > 0)
        assert (found.features.nnz, found.labels.nnz) == ((X.toarray() > 0).sum(), (Y.toarray() > 0).sum())
    assert [(matrix.data.tobytes(), matrix.nnz) for matrix in (X, Y)] == before


def stored(entries, layout):
    """A matrix that stores each (row, column, value), though it may be zero or another of its place."""
    rows, columns, values = np.array(entries, np.int64).reshape(-1, 3).T
    if layout == "coo":
        return sp.coo_matrix((values, (rows, columns)), shape=(4, 5))
    major, minor = (rows, columns) if layout == "csr" else (columns, rows)
    order = np.argsort(major, kind="stable")
    offsets = np.searchsorted(major[order], np.arange((4 if layout == "csr" else 5) + 1))
    kind = sp.csr_matrix if layout == "csr" else sp.csc_matrix
    return kind((values[order], minor[order], offsets), shape=(4, 5))


@settings(deadline=None, max_examples=100)
@given(
    st.lists(
        st.dictionaries(st.integers(0, 30), VALUES, max_size=6).map(lambda d: list(d.items())), max_size=9
    )
)
def test_ranked_rows_keep_their_order(rows):
    ranked = csr(rows, 31, True)
    text = native.format_ranked_rows(ranked.indptr, ranked.indices, ranked.data)
    ids = [[int(pair.split(b":")[0]) for pair in line.split()] for line in text.tobytes().splitlines()]
    assert ids == [[i for i, _ in row] for row in rows]
    indptr, labels, scores, n_lines, fault = native.parse_ranked_rows(text, 31)
    assert fault is None and n_lines == len(rows)
    assert (indptr == ranked.indptr).all() and (labels == ranked.indices).all()
    assert scores.tobytes() == ranked.data.tobytes()


def test_ranked_rows_refuse_a_label_twice():
    text = np.frombuffer(b"1:1 2:0.5\n5:3 1:2 5:1\n", np.uint8)
    *_, n_lines, fault = native.parse_ranked_rows(text, 6)
    assert n_lines == 1 and fault[2] == 5


@pytest.mark.parametrize(
    "name, n_rows, n_features, n_labels",
    [
        ("bibtex_train", 4880, 1836, 159),
        ("bibtex_test", 2515, 1836, 159),
        ("delicious_train", 12920, 500, 983),
        ("delicious_test", 3185, 500, 983),
    ],
)
def test_real_data_as_sklearn_reads_it(real_data, tmp_path, name, n_rows, n_features, n_labels):
    path = real_data / name.split("_")[0] / f"{name}.txt.xz"
    with mock.patch.object(lines, "PIECE_SIZE", 10_000):
        features, labels = read_source(path)
    assert (features.n_rows, features.n_columns, labels.n_columns) == (n_rows, n_features, n_labels)
    body = io.BytesIO(lzma.decompress(path.read_bytes()).split(b"\n", 1)[1])
    X, Y = load_svmlight_file(body, n_features=n_features, multilabel=True, zero_based=True)
    assert (features.to_scipy() != X).nnz == 0
    assert [list(map(int, row)) for row in Y] == rows_of(features, labels).labels
    copy = tmp_path / "copy.txt.zst"
    write_xmc(copy, features, labels)
    assert same_bits(rows_of(*read_source(copy)), rows_of(features, labels))


def test_the_same_bytes_every_time(tmp_path):
    rows = Rows([[(1, np.float32(0.1))]], [[2]])
    for suffix in SUFFIXES:
        first, second = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
        for path in (first, second):
            write_xmc(path, *matrices(rows))
        assert first.read_bytes() == second.read_bytes()


def test_a_view_of_rows_is_written_as_it_is(tmp_path):
    rows = Rows([[(i, np.float32(i))] for i in range(9)], [[i] for i in range(9)])
    features, labels = matrices(rows)
    write_xmc(tmp_path / "a.txt", features.rows(3, 7), labels.rows(3, 7))
    assert same_bits(read(tmp_path / "a.txt"), Rows(rows.features[3:7], rows.labels[3:7]))


def test_what_cannot_be_written_leaves_nothing(tmp_path):
    features, labels = matrices(Rows([[(1, np.float32(1))]], [[2]]))
    target = tmp_path / "data.txt"
    with pytest.raises(DataError, match=r"data\.txt: cannot write a feature value that is not finite"):
        write_xmc(
            target, CSR(features.indptr, features.indices, features.data * np.float32(np.nan), 30), labels
        )
    with pytest.raises(DataError, match=r"data\.txt: cannot write 1 rows of features with 0 of labels"):
        write_xmc(target, features, labels.rows(0, 0))
    with pytest.raises(PwdismecError, match=r"data\.txt: cannot write: No such file or directory"):
        write_xmc(tmp_path / "absent" / "data.txt", features, labels)
    assert list(tmp_path.iterdir()) == []


def test_formats_are_told_apart(tmp_path):
    contents = {"xmc": "1 2 3\n0 1:1\n", "xmc-pair": "1 2\n1:1\n", "svmlight": "0 1:1\n"}
    for format, content in contents.items():
        path = tmp_path / "data.txt"
        path.write_text(content)
        assert open_source(path).format == format
        path.write_text(content.replace("\n", "\r\n"))
        assert open_source(str(path)).format == format
