"""Data sets of dense features, in memory and on disk."""

import itertools
import json

import numpy as np
import pytest
from helpers.dense_data import as_sparse, dense_dataset, labels_of
from helpers.random_matrices import finite
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.preprocessing import normalize

from pwdismec import CSR, Dataset, Dense, Transforms, convert
from pwdismec.data import transforms
from pwdismec.errors import DataError

matrices = hnp.arrays(
    np.float32, hnp.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=9), elements=finite
)


def with_labels(X) -> Dataset:
    Y = np.arange(len(X))[:, None] % 3 == np.arange(3)
    return Dataset.from_arrays(Dense(X), labels_of(Y))


@settings(deadline=None, max_examples=40)
@given(matrices)
def test_what_is_saved_is_what_is_opened(tmp_path_factory, X):
    dataset = with_labels(X)
    opened = dataset.save(tmp_path_factory.mktemp("sets") / "set")
    assert isinstance(opened.features, Dense)
    assert (opened.n_instances, opened.n_features, opened.n_labels) == (*X.shape, 3)
    np.testing.assert_array_equal(opened.features.values, X)
    np.testing.assert_array_equal(opened.labels.indices, dataset.labels.indices)
    assert opened.fingerprint == dataset.fingerprint
    opened.verify()


def test_the_array_is_mapped_read_only_and_plain_numpy_reads_it(tmp_path):
    opened = dense_dataset().save(tmp_path / "set")
    values = opened.features.values
    assert type(values) is np.ndarray and isinstance(values.base, np.memmap)
    assert not values.flags.writeable and values.flags.c_contiguous
    np.testing.assert_array_equal(np.load(tmp_path / "set" / "features.npy"), values)
    manifest = json.loads((tmp_path / "set" / "manifest.json").read_text())
    assert (manifest["arrays"]["features"]["length"], manifest["arrays"]["features"]["columns"]) == (150, 12)
    assert manifest["nnz"] == 150 * 12


def test_the_fingerprint_is_of_values_shape_labels_and_transforms():
    X = np.arange(24, dtype=np.float32).reshape(4, 6)
    labels = labels_of(np.eye(4))
    seen = {
        Dataset.from_arrays(Dense(X), labels).fingerprint,
        Dataset.from_arrays(Dense(X), labels_of(np.eye(4)[::-1])).fingerprint,
        Dataset.from_arrays(Dense(X), labels, transforms=Transforms(None, True)).fingerprint,
        Dataset.from_arrays(Dense(X + 1), labels).fingerprint,
        Dataset.from_arrays(Dense(X).to_csr(), labels).fingerprint,
    }
    assert len(seen) == 5
    assert Dataset.from_arrays(Dense(X.copy()), labels).fingerprint in seen


@pytest.mark.parametrize(
    "ids", [slice(3, 9), slice(9, 3), slice(None, None, 2), [5, 5, 0], np.arange(150) % 7 == 0]
)
def test_selections_are_numpys(ids):
    dataset = dense_dataset()
    part = dataset.select_instances(ids)
    np.testing.assert_array_equal(part.features.values, dataset.features.values[ids])
    np.testing.assert_array_equal(part.labels.to_scipy().toarray(), dataset.labels.to_scipy().toarray()[ids])
    assert part.fingerprint != dataset.fingerprint


def test_a_range_of_rows_is_a_view():
    dataset = dense_dataset()
    assert np.shares_memory(dataset.select_instances(slice(2, 5)).features.values, dataset.features.values)


def test_a_saved_selection_has_the_fingerprint_of_its_content(tmp_path):
    part = dense_dataset().select_instances([7, 3, 3]).select_labels([1, 0])
    saved = part.save(tmp_path / "part")
    assert saved.fingerprint == Dataset.from_arrays(part.features, part.labels).fingerprint
    saved.verify()


@settings(deadline=None, max_examples=40)
@given(matrices, st.integers(1, 20))
def test_l2_norms_are_those_of_the_sparse_form(X, chunk):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transforms, "_CHUNK", chunk)
        got = Transforms(None, True).apply(Dense(X))
    assert got.values.shape == X.shape and got.values.dtype == np.float32
    np.testing.assert_array_equal(got.values.ravel(), Transforms(None, True).apply(Dense(X).to_csr()).data)


def test_l2_norms_are_scikit_learns_and_a_zero_row_stays():
    X = dense_dataset().features.values.copy()
    X[3] = 0
    got = Transforms.fit(Dense(X)).apply(Dense(X)).values
    np.testing.assert_allclose(got, normalize(X.astype(np.float64)), rtol=1e-6)


def test_tf_idf_of_dense_features_is_refused(tmp_path):
    dataset, message = dense_dataset(), "dense features; TF-IDF takes term counts"
    with pytest.raises(DataError, match=message):
        Transforms.fit(dataset.features, tfidf=True)
    with pytest.raises(DataError, match=message):
        Transforms(np.ones(12)).apply(dataset.features)
    with pytest.raises(DataError, match=message):
        convert([dataset], tmp_path / "set", tfidf=True)
    assert list(tmp_path.iterdir()) == []


GOOD = np.ones((4, 3), np.float32)


def with_value(value):
    values = GOOD.copy()
    values[2, 1] = value
    return values


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (GOOD[0], "float32 of 1 dimension; expected 2-D float32, C-contiguous"),
        (GOOD[None], "float32 of 3 dimensions"),
        (GOOD.astype(np.float64), "values are float64 of 2 dimensions"),
        (GOOD.astype(">f4"), "values are >f4"),
        (np.asfortranarray(GOOD), "float32 of 2 dimensions, not C-contiguous; expected"),
        (GOOD[:, :2], "not C-contiguous"),
        (with_value(np.nan), "row 2, column 1: value nan; expected a finite number"),
        (with_value(-np.inf), "row 2, column 1: value -inf"),
    ],
)
def test_from_arrays_names_what_is_wrong(values, message):
    labels = labels_of(np.eye(4))
    Dataset.from_arrays(Dense(GOOD), labels)
    with pytest.raises(DataError, match=r"features: (values are|row 2)") as caught:
        Dataset.from_arrays(Dense(values), labels)
    assert message in str(caught.value)


def test_from_arrays_checks_that_labels_and_names_fit():
    with pytest.raises(DataError, match="labels: 3 rows, but the features have 4"):
        Dataset.from_arrays(Dense(GOOD), labels_of(np.eye(3)))
    with pytest.raises(DataError, match="names of features: 2 names"):
        Dataset.from_arrays(Dense(GOOD), labels_of(np.eye(4)), feature_names=["a", "b"])


def test_from_scipy_keeps_to_the_sparse_form():
    assert isinstance(Dataset.from_scipy(GOOD, np.eye(4)).features, CSR)


def test_statistics_count_every_value():
    dataset = dense_dataset()
    assert dataset.statistics() == as_sparse(dataset).statistics()
    assert dataset.statistics().nnz == 150 * 12


@settings(deadline=None, max_examples=20)
@given(cuts=st.lists(st.integers(0, 30), max_size=4), l2=st.booleans())
def test_any_cut_is_converted_to_what_one_block_in_memory_gives(tmp_path_factory, cuts, l2):
    raw = dense_dataset(n=30)
    ends = [0, *sorted(cuts), 30]
    blocks = [raw.select_instances(slice(a, b)) for a, b in itertools.pairwise(ends)]
    got = convert(blocks, tmp_path_factory.mktemp("sets") / "set", normalize=l2)
    expected = raw.transformed(Transforms.fit(raw.features, normalize=l2))
    assert got.fingerprint == expected.fingerprint
    np.testing.assert_array_equal(got.features.values, expected.features.values)
    got.verify()


def test_a_block_of_another_width_is_refused(tmp_path):
    with pytest.raises(DataError, match="7 features; expected 12"):
        convert([dense_dataset(), dense_dataset(d=7)], tmp_path / "set")
    train = convert([dense_dataset()], tmp_path / "train")
    with pytest.raises(DataError, match="7 features; expected 12"):
        convert([dense_dataset(d=7)], tmp_path / "test", like=train)
    assert [path.name for path in tmp_path.iterdir()] == ["train"]


def test_a_test_set_is_normalised_like_its_training_set(tmp_path):
    train = convert([dense_dataset()], tmp_path / "train", normalize=True)
    test = convert([dense_dataset(seed=1)], tmp_path / "test", normalize=False, like=train)
    np.testing.assert_allclose(np.linalg.norm(test.features.values, axis=1), 1, rtol=1e-6)


def edited(folder, **changes):
    path = folder / "manifest.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, **changes}))
    return record


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_features": 11}, "features has 150 x 12 values; expected 150 x 11"),
        ({"n_instances": 149}, "features has 150 x 12 values; expected 149 x 12"),
        ({"nnz": 5}, "nnz is 5; expected 1800"),
        ({"transforms": {"tfidf": True, "l2_normalize": True}}, "arrays are .*; expected"),
    ],
)
def test_a_damaged_manifest(tmp_path, changes, message):
    folder = dense_dataset().save(tmp_path / "set").path
    edited(folder, **changes)
    with pytest.raises(DataError, match=rf"manifest\.json: damaged: .*{message}"):
        Dataset.open(folder)


def test_a_damaged_array(tmp_path):
    folder = dense_dataset().save(tmp_path / "set").path
    path, opened = folder / "features.npy", Dataset.open(folder)
    content = bytearray(path.read_bytes())
    content[-2] ^= 1
    with path.open("r+b") as file:
        file.write(content)
    with pytest.raises(DataError, match=r"features\.npy: changed since it was written"):
        opened.verify()
    np.save(path, np.load(path).reshape(12, 150))
    with pytest.raises(
        DataError, match=r"features\.npy: damaged: not the header of 150 x 12 values of type float32"
    ):
        Dataset.open(folder)
    path.unlink()
    with pytest.raises(DataError, match=r"features\.npy: damaged: is missing"):
        Dataset.open(folder)
