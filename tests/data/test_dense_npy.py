"""Reading .npy features: every type and order that is promised, and what is refused."""

import tracemalloc

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from pwdismec import Dense, convert, open_source
from pwdismec.data.formats import dense_npy, npy_array, read_source
from pwdismec.errors import ConfigError, DataError


@pytest.fixture
def pair(tmp_path):
    """Writes features and labels to X.npy and Y.npz."""
    paths = tmp_path / "X.npy", tmp_path / "Y.npz"

    def write(X, Y=None):
        np.save(paths[0], X)
        sp.save_npz(paths[1], sp.csr_matrix(np.eye(len(X), 4) if Y is None else Y))
        return paths

    return write


@settings(deadline=None, max_examples=40)
@given(
    dtype=st.sampled_from(["<f2", "<f4", "<f8", ">f2", ">f4", ">f8", "i1", "<u8", ">i4", "?"]),
    order=st.sampled_from("CF"),
    shape=st.tuples(st.integers(0, 9), st.integers(1, 7)),
    values=st.integers(1, 20),
    seed=st.integers(0, 99),
)
def test_every_type_and_order_is_read_in_any_cut(tmp_path_factory, dtype, order, shape, values, seed):
    rng, folder = np.random.default_rng(seed), tmp_path_factory.mktemp("pair")
    X = np.asarray(rng.normal(size=shape), dtype, order=order)
    Y = sp.csr_matrix(rng.random((shape[0], 5)) < 0.4)
    np.save(folder / "X.npy", X)
    sp.save_npz(folder / "Y.npz", Y)
    files = [folder / "X.npy", folder / "Y.npz"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dense_npy, "_VALUES", values)
        source = open_source(files)
        blocks = list(source)
        whole = read_source(files)
    assert (source.format, source.n_instances, source.n_features, source.n_labels) == ("npy", *shape, 5)
    assert all(isinstance(block.features, Dense) for block in blocks)
    expected = X.astype(np.float32)
    for features in (np.concatenate([block.features.values for block in blocks]), whole.features.values):
        assert features.dtype == np.float32 and features.flags.c_contiguous
        np.testing.assert_array_equal(features, expected)
    np.testing.assert_array_equal(whole.labels.to_scipy().toarray(), Y.toarray())
    assert all(len(block.features.values) * shape[1] <= max(values, shape[1]) for block in blocks)
    assert all(block.labels.indptr[0] == 0 for block in blocks)


def test_the_labels_may_be_left_out(pair):
    X, _ = pair(np.ones((3, 2)))
    source = open_source(X, n_labels=9)
    assert source.n_labels == 9
    assert [block.labels.nnz for block in source] == [0]


def test_one_based_is_about_the_labels(pair):
    source = open_source(pair(np.ones((3, 2)), np.eye(3, 4, 1)), one_based=True)
    (block,) = source
    assert (source.n_features, source.n_labels) == (2, 3)
    assert block.labels.indices.tolist() == [0, 1, 2]


def with_value(value, dtype=np.float64):
    X = np.ones((5, 3), dtype)
    X[3, 1] = value
    return X


@pytest.mark.parametrize(
    ("X", "found"),
    [
        (with_value(np.nan), "nan"),
        (with_value(np.inf, np.float16), "inf"),
        (with_value(-np.inf, np.float32), "-inf"),
        (with_value(1e300), "1e+300"),
    ],
)
@pytest.mark.parametrize("values", [1, 1 << 22])
def test_a_value_that_is_no_finite_float32_is_named(pair, monkeypatch, X, found, values):
    monkeypatch.setattr(dense_npy, "_VALUES", values)
    paths = pair(X)
    with pytest.raises(DataError) as caught:
        list(open_source(paths))
    expected = f"row 4, feature 1: {found}; expected a finite number, at most 3.4e38"
    assert str(caught.value) == f"{paths[0]}: {expected}"


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.ones(4), "1 dimension of float64; expected a matrix of integers, float16, float32 or float64"),
        (np.ones((2, 3, 4)), "3 dimensions of float64"),
        (np.ones((2, 3), "M8[s]"), "2 dimensions of datetime64[s]; expected a matrix of integers"),
        (np.ones((2, 3), complex), "2 dimensions of complex128"),
        (np.ones((2, 0)), "0 features; expected 1 to 2^31 - 1"),
        (np.array([[{}]], object), "damaged, or no .npy array of numbers: Array can't be memory-mapped"),
    ],
)
def test_an_array_that_is_no_matrix_of_real_numbers_is_refused(tmp_path, X, message):
    path = tmp_path / "X.npy"
    np.save(path, X, allow_pickle=True)
    with pytest.raises(DataError) as caught:
        open_source(path)
    assert str(caught.value).startswith(f"{path}: {message}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("values", "rows"), [(1, 1), (8, 2), (11, 2), (1 << 22, 7)])
def test_a_block_has_as_many_rows_as_its_size_allows(tmp_path, monkeypatch, values, rows):
    monkeypatch.setattr("pwdismec.data.formats.dense_npy._VALUES", values)
    X = np.arange(28, dtype=np.float32).reshape(7, 4)
    np.save(tmp_path / "X.npy", X)
    blocks = [block.features.values for block in open_source([tmp_path / "X.npy"])]
    np.testing.assert_array_equal(np.concatenate(blocks), X)
    assert max(map(len, blocks)) == rows and len(blocks) == -(-7 // rows)


@pytest.mark.parametrize("size", [5, 9, 60, 130, 300])
def test_a_file_cut_off_is_refused(tmp_path, size):
    path = tmp_path / "X.npy"
    np.save(path, np.ones((10, 10)))
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(DataError, match=r"X\.npy: damaged, or no \.npy array of numbers: "):
        open_source(path)


def test_what_is_no_npy_is_refused(tmp_path):
    path = tmp_path / "X.npy"
    for content, message in (
        (b"2 3 2\n0 0:1\n1 1:2\n", "magic string"),
        (b"\x80\x04N.", "EOF"),
        (b"\x93NUMPY\x01\x00\xff\xff" + b" " * 0xFFFF, "Header info length"),  # said in two lines
        (b"\x93NUMPY\x01\x00\x04\x00{1:\n", "EOF in multi-line"),
    ):
        path.write_bytes(content)
        with pytest.raises(DataError, match=rf"X\.npy: damaged, or no \.npy array .*{message}") as caught:
            open_source(path)
        assert "\n" not in str(caught.value)


def test_files_that_do_not_fit_are_refused(pair):
    with pytest.raises(DataError, match=r"Y\.npz: 3 rows, but .*X\.npy has 5"):
        open_source(pair(np.ones((5, 2)), np.eye(3)))
    paths = pair(np.ones((5, 2)))
    with pytest.raises(DataError, match=r"X\.npy: 2 features; expected 3"):
        open_source(paths, n_features=3)
    with pytest.raises(DataError, match=r"Y\.npz: 4 labels; expected 5"):
        open_source(paths, n_labels=5)
    message = r"X\.txt: damaged, or no \.npz file; expected labels as scipy\.sparse\.save_npz writes them"
    other = paths[0].with_suffix(".txt")
    other.write_text("0\n")
    with pytest.raises(DataError, match=message):
        open_source([paths[0], other])
    with pytest.raises(ConfigError, match=r"3 files .* format npy takes 2 at most"):
        open_source([*paths, paths[1]])


@settings(deadline=None, max_examples=30)
@given(
    dtype=st.sampled_from(["?", "i1", "<i8", ">u2", "<f4", ">f8"]),
    shape=st.tuples(st.integers(0, 9), st.integers(1, 7)),
    values=st.integers(1, 20),
    sparse=st.booleans(),
    one_based=st.booleans(),
    seed=st.integers(0, 99),
)
def test_zeros_and_ones_are_labels(tmp_path_factory, dtype, shape, values, sparse, one_based, seed):
    rng, folder = np.random.default_rng(seed), tmp_path_factory.mktemp("pair")
    Y = (rng.random(shape) < 0.4).astype(dtype)
    np.save(folder / "Y.npy", Y)
    np.save(folder / "X.npy", np.ones((shape[0], 2)))
    sp.save_npz(folder / "X.npz", sp.csr_matrix((shape[0], 2)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(npy_array, "_VALUES", values)
        files = [folder / ("X.npz" if sparse else "X.npy"), folder / "Y.npy"]
        _, labels = read_source(files, one_based=one_based)
    np.testing.assert_array_equal(labels.to_scipy().toarray(), Y)


@pytest.mark.parametrize(
    "Y, message",
    [
        ([[0, 1], [2, 0]], "row 2, label 0: 2; expected 0 or 1"),
        ([[0, 1], [0, np.nan]], "row 2, label 1: nan; expected 0 or 1"),
        ([[1, 0.5], [-1, 0]], "row 1, label 1: 0.5; expected 0 or 1"),
        ([[0], [1], [1]], "3 rows, but"),
        ([0, 1], "1 dimension of int64; expected a matrix"),
        (np.zeros((2, 0)), "0 labels; expected 1 to"),
    ],
)
@pytest.mark.parametrize("values", [1, 1 << 22])
def test_other_labels_are_refused(tmp_path, monkeypatch, Y, message, values):
    monkeypatch.setattr(npy_array, "_VALUES", values)
    np.save(tmp_path / "X.npy", np.ones((2, 2)))
    np.save(tmp_path / "Y.npy", np.array(Y))
    with pytest.raises(DataError) as caught:
        open_source([tmp_path / "X.npy", tmp_path / "Y.npy"])
    assert str(caught.value).startswith(f"{tmp_path / 'Y.npy'}: {message}")


def test_memory_does_not_grow_with_the_data(tmp_path, monkeypatch):
    monkeypatch.setattr(dense_npy, "_VALUES", 1 << 14)
    peaks = []
    for n in (2_000, 16_000):
        np.save(tmp_path / "X.npy", np.ones((n, 64)))
        tracemalloc.start()
        convert(open_source(tmp_path / "X.npy"), tmp_path / "set", overwrite=True)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 16 * 14_000 + 100_000  # offsets of the labels, and nothing of 8 MB
