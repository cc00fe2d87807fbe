"""Data sets in memory: validation, both ways round, selections, fingerprints."""

import numpy as np
import pytest
import scipy.sparse as sp
from helpers.random_matrices import problems, sparse
from hypothesis import given, settings
from hypothesis import strategies as st

from pwdismec.data import transpose as transposing
from pwdismec.data.csr import CSR, row_chunks
from pwdismec.data.dataset import Dataset
from pwdismec.data.transforms import Transforms
from pwdismec.data.transpose import column_offsets, rows_of_columns, transpose
from pwdismec.errors import DataError


def int32(*values: int) -> np.ndarray:
    return np.array(values, np.int32)


def float32(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def int64(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


@settings(deadline=None)
@given(problems())
def test_from_scipy_holds_what_the_matrices_hold(problem):
    X, Y = problem
    dataset = Dataset.from_scipy(X, Y)
    assert (dataset.n_instances, dataset.n_features, dataset.n_labels) == (*X.shape, Y.shape[1])
    np.testing.assert_array_equal(dataset.features.to_scipy().toarray(), X.toarray())
    np.testing.assert_array_equal(dataset.labels.to_scipy().toarray(), Y.toarray())
    np.testing.assert_array_equal(dataset.label_instances.to_scipy().toarray(), Y.toarray().T)
    np.testing.assert_array_equal(dataset.label_counts, (Y.toarray() > 0).sum(axis=0))


def test_from_scipy_takes_dense_and_unsorted_matrices():
    X = sp.csr_matrix((float32(1, 2), int32(2, 0), int32(0, 2)), shape=(1, 3))
    dataset = Dataset.from_scipy(X, np.array([[True, False]]))
    assert dataset.features.indices.tolist() == [0, 2]
    assert dataset.features.data.tolist() == [2, 1]
    assert dataset.labels.indices.tolist() == [0]


def test_from_scipy_takes_a_stored_zero_for_no_label_and_leaves_the_matrix_alone():
    Y = sp.csr_matrix((float32(0, 1), int32(0, 1), int32(0, 2)), shape=(1, 2))
    assert Dataset.from_scipy(np.ones((1, 1)), Y).labels.indices.tolist() == [1]
    assert Y.nnz == 2


def test_from_scipy_refuses_weights_for_labels():
    with pytest.raises(DataError, match="Y: holds a value that is neither 0 nor 1"):
        Dataset.from_scipy(np.ones((1, 1)), [[2]])


GOOD = (int64(0, 1, 3), int32(0, 0, 1), float32(1, 2, 3), 2)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        (0, np.array([0, 1, 3], np.int32), "indptr is int32"),
        (0, int64(0, 2, 1), "indptr falls"),
        (0, int64(-1, 1, 3), "indptr falls or is negative"),
        (0, int64(), "indptr is empty"),
        (0, int64(0, 1, 4), "indices has 3 values, but indptr ends at 4"),
        (0, int64(0, 0, 1, 1, 3, 3)[::2], "indptr has gaps or is misaligned in memory"),
        (1, int64(0, 0, 1), "indices is int64"),
        (1, int32(0, 9, 0, 9, 1, 9)[::2], "indices has gaps or is misaligned in memory"),
        (1, int32(0, 0, 2), "row 1, column 2: out of range; expected 0 to 1"),
        (1, int32(0, -1, 1), "row 1, column -1: out of range"),
        (1, int32(0, 1, 1), "row 1, column 1: given twice"),
        (1, int32(0, 1, 0), "row 1, column 0: not in ascending order"),
        (2, float32(1, 2), "data has 2 values, but indptr ends at 3"),
        (2, np.ones(3), "data is float64"),
        (2, np.frombuffer(bytes(13), np.float32, 3, offset=1), "data has gaps or is misaligned in memory"),
        (2, float32(1, np.nan, 3), "row 1, column 0: value nan; expected a finite number"),
        (2, float32(1, 2, -np.inf), "row 1, column 1: value -inf"),
        (2, None, "have no values"),
        (3, 2**31, "shape 2 x 2147483648; expected less than 2\\^31"),
    ],
)
def test_from_arrays_names_what_is_wrong(field, value, message):
    arrays = list(GOOD)
    arrays[field] = value
    labels = CSR(int64(0, 0, 0), int32(), None, 1)
    Dataset.from_arrays(CSR(*GOOD), labels)
    with pytest.raises(DataError, match=f"features: {message}"):
        Dataset.from_arrays(CSR(*arrays), labels)


def test_from_arrays_checks_that_labels_and_names_fit():
    features, labels = CSR(*GOOD), CSR(int64(0, 0, 0), int32(), None, 1)
    with pytest.raises(DataError, match="labels: 1 rows, but the features have 2"):
        Dataset.from_arrays(features, labels.rows(0, 1))
    with pytest.raises(DataError, match="names of labels: 2 names; expected one for each of 1 labels"):
        Dataset.from_arrays(features, labels, label_names=["a", "b"])
    with pytest.raises(DataError, match=r"names of features: name 1 .* line break"):
        Dataset.from_arrays(features, labels, feature_names=["a", "b\nc"])


@pytest.mark.parametrize(
    "names, problem",
    [
        ("ab", "of type str; expected a list of strings"),
        (b"ab", "of type bytes; expected a list"),
        ({"a", "b"}, "of type set; expected a list"),
        ({"a": 0, "b": 1}, "of type dict; expected a list"),
        (3, "of type int; expected a list"),
        ([1, 2], "name 0 .* is of type int; expected a string: 1"),
        (["a", None], "name 1 .* is of type NoneType; expected a string: None"),
        (["a", b"b"], "name 1 .* is of type bytes; expected a string"),
        (["a", "\ud800"], r"name 1 .* half a surrogate pair, .*: '\\ud800'"),
        (["a", "b\r"], "name 1 .* holds a line break"),
    ],
)
def test_names_are_text_of_one_line_each(names, problem):
    matrix = CSR(int64(0, 1), int32(0), float32(1), 2)
    for field in ("label_names", "feature_names"):
        with pytest.raises(DataError, match=f"names of {field.removesuffix('_names')}s: {problem}"):
            Dataset.from_arrays(matrix, matrix, **{field: names})


def test_names_may_come_in_any_ordered_form():
    matrix = CSR(int64(0, 1), int32(0), float32(1), 2)
    for names in (("a", "ä"), np.array(["a", "ä"]), iter(["a", "ä"])):
        assert Dataset.from_arrays(matrix, matrix, label_names=names).label_names == ["a", "ä"]


@pytest.mark.parametrize("transforms", [3, False, {}, "l2"])
def test_transforms_are_transforms(transforms):
    matrix = CSR(int64(0, 1), int32(0), float32(1), 2)
    with pytest.raises(DataError, match=r"transforms: of type .*; expected Transforms"):
        Dataset.from_arrays(matrix, matrix, transforms=transforms)


def test_a_view_of_rows_is_checked_by_its_own_rows():
    wrong_before = CSR(int64(2, 3), int32(9, 9, 0), float32(np.nan, np.nan, 1), 1)
    dataset = Dataset.from_arrays(wrong_before, CSR(int64(0, 0), int32(), None, 1))
    assert dataset.features.nnz == 1


@settings(deadline=None)
@given(sparse(st.just(1.0)), st.integers(1, 30), st.data())
def test_transposing_in_chunks_and_ranges(Y, chunk, data):
    labels = CSR.from_scipy(Y, binary=True)
    expected = CSR.from_scipy(Y.T, binary=True)
    start = data.draw(st.integers(0, Y.shape[1]))
    stop = data.draw(st.integers(start, Y.shape[1]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transposing, "_CHUNK", chunk)
        got = transpose(labels)
        part = rows_of_columns(labels, column_offsets(labels), start, stop)
    np.testing.assert_array_equal(got.indptr, expected.indptr)
    np.testing.assert_array_equal(got.indices, expected.indices)
    np.testing.assert_array_equal(part, expected.rows(start, stop).stored().indices)


@settings(deadline=None)
@given(sparse(), st.integers(0, 20))
def test_row_chunks_cover_all_rows_within_the_limit(X, limit):
    indptr = CSR.from_scipy(X).indptr
    chunks = list(row_chunks(indptr, limit))
    assert [row for start, stop in chunks for row in range(start, stop)] == list(range(X.shape[0]))
    assert all(stop - start == 1 or indptr[stop] - indptr[start] <= limit for start, stop in chunks)


@settings(deadline=None)
@given(st.lists(sparse(n_columns=5), max_size=4), st.integers(0, 3))
def test_concatenated_rows(matrices, skip):
    parts = [CSR.from_scipy(X).rows(min(skip, X.shape[0]), X.shape[0]) for X in matrices]
    got = CSR.concatenate(parts, 5)
    dense = [X.toarray()[min(skip, X.shape[0]) :] for X in matrices]
    np.testing.assert_array_equal(got.to_scipy().toarray(), np.concatenate([np.zeros((0, 5)), *dense]))


@settings(deadline=None)
@given(sparse(n_columns=5), st.booleans(), st.data())
def test_some_values_of_a_view_of_rows(matrix, binary, data):
    start = data.draw(st.integers(0, matrix.shape[0]))
    stop = data.draw(st.integers(start, matrix.shape[0]))
    view = CSR.from_scipy(matrix, binary=binary).rows(start, stop)
    kept = np.array(data.draw(st.lists(st.booleans(), min_size=view.nnz, max_size=view.nnz)), bool)
    own = view.to_scipy()
    rows = np.repeat(np.arange(view.n_rows), np.diff(own.indptr))[kept]
    expected = sp.csr_matrix((own.data[kept], (rows, own.indices[kept])), own.shape)
    found = view.where(kept)
    assert found.nnz == kept.sum() and (found.data is None) == binary
    np.testing.assert_array_equal(found.to_scipy().toarray(), expected.toarray())


@settings(deadline=None)
@given(problems(), st.data())
def test_selected_instances(problem, data):
    X, Y = problem
    dataset = Dataset.from_scipy(X, Y)
    n = X.shape[0]
    ids = data.draw(
        st.one_of(
            st.slices(n),
            st.lists(st.integers(0, n - 1)) if n else st.just([]),
            st.lists(st.booleans(), min_size=n, max_size=n).map(lambda mask: np.array(mask, bool)),
        )
    )
    got = dataset.select_instances(ids)
    rows = np.arange(n)[ids if isinstance(ids, slice) else np.asarray(ids, None if len(ids) else np.int64)]
    np.testing.assert_array_equal(got.features.to_scipy().toarray(), X.toarray()[rows])
    np.testing.assert_array_equal(got.labels.to_scipy().toarray(), Y.toarray()[rows])
    np.testing.assert_array_equal(got.label_instances.to_scipy().toarray(), Y.toarray()[rows].T)


@settings(deadline=None)
@given(problems(), st.data())
def test_selected_labels(problem, data):
    X, Y = problem
    n_labels = Y.shape[1]
    names = [f"label {i}" for i in range(n_labels)]
    dataset = Dataset.from_scipy(X, Y, label_names=names)
    ids = data.draw(st.lists(st.integers(0, n_labels - 1)) if n_labels else st.just([]))
    got = dataset.select_labels(ids)
    expected = Y.toarray()[:, np.array(ids, np.int64)]
    np.testing.assert_array_equal(got.labels.to_scipy().toarray(), expected)
    np.testing.assert_array_equal(got.label_instances.to_scipy().toarray(), expected.T)
    assert got.features is dataset.features
    assert got.label_names == [names[i] for i in ids]


def example(seed: int = 0) -> Dataset:
    rng = np.random.default_rng(seed)
    return Dataset.from_scipy(rng.poisson(0.5, (20, 9)), rng.random((20, 6)) < 0.3)


def test_a_slice_of_instances_is_a_view():
    dataset = example()
    part = dataset.select_instances(slice(3, 11))
    assert np.shares_memory(part.features.data, dataset.features.data)
    assert np.shares_memory(part.features.indptr, dataset.features.indptr)
    assert np.shares_memory(part.labels.indices, dataset.labels.indices)


@pytest.mark.parametrize("ids", [[20], [-1], [[0, 1]]])
def test_ids_out_of_range(ids):
    with pytest.raises(IndexError, match=r"instance ids: .*; expected a list of ids"):
        example().select_instances(ids)


def test_fingerprints_are_of_content_and_selection():
    dataset = example()
    assert dataset.fingerprint == example().fingerprint != example(seed=1).fingerprint
    named = Dataset.from_arrays(dataset.features, dataset.labels, label_names=list("abcdef"))
    assert named.fingerprint == dataset.fingerprint
    others = [
        dataset,
        dataset.transformed(Transforms(None, True)),
        Dataset.from_arrays(dataset.features, dataset.labels, transforms=Transforms(None, True)),
        dataset.select_labels([0, 1, 2]),
        dataset.select_labels([1, 0, 2]),
        dataset.select_instances(slice(0, 5)),
        dataset.select_instances(slice(5, 10)),
        dataset.select_instances([0, 1, 2]),
        dataset.select_instances(slice(0, 5)).select_labels([0]),
    ]
    assert len({other.fingerprint for other in others}) == len(others)
    assert dataset.select_labels([0]).fingerprint == example().select_labels([0]).fingerprint


def test_a_view_and_a_copy_have_one_fingerprint():
    dataset = example()
    view = Dataset.from_arrays(dataset.features.rows(4, 9), dataset.labels.rows(4, 9))
    copy = Dataset.from_arrays(dataset.features.take(np.arange(4, 9)), dataset.labels.take(np.arange(4, 9)))
    assert view.fingerprint == copy.fingerprint


def test_transforms_are_not_applied_twice():
    done = example().transformed(Transforms(None, True))
    assert done.transforms.l2_normalize
    with pytest.raises(DataError, match=r"already transformed \(L2 norm\)"):
        done.transformed(Transforms(None, True))
