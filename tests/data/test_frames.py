"""Frames of pandas, Polars and Arrow, and SciPy's arrays, as features, labels and records."""

import numpy as np
import pyarrow
import pytest
import scipy.sparse as sp

from pwdismec.data import Dataset
from pwdismec.errors import DataError
from pwdismec.steps.convert import convert_files
from pwdismec.steps.convert_texts import convert_texts
from pwdismec.text import TextSettings

X = np.array([[1.5, 0, 2], [0, 3, 0], [0, 0, 1]], np.float32)
Y = np.array([[1, 0], [0, 1], [1, 1]])
TEXTS = {
    "title": ["Der Wald", "Das Meer", "Wald am Meer"],
    "labels": [["a", "b"], [], ["b"]],
    "id": [7, 8, 9],
}


def pandas_frame(columns):
    pandas = pytest.importorskip("pandas")
    return pandas.DataFrame(columns, index=[30, 10, 20])  # an index that is no range is no column


def polars_frame(columns):
    return pytest.importorskip("polars").DataFrame(columns)


FRAMES = pytest.mark.parametrize("frame_of", [pandas_frame, polars_frame, pyarrow.table])


def columns_of(matrix, names):
    return {name: column.tolist() for name, column in zip(names, matrix.T, strict=True)}


@FRAMES
def test_columns_of_a_frame_are_features_and_labels(frame_of):
    made = Dataset.from_scipy(frame_of(columns_of(X, "xyz")), frame_of(columns_of(Y, ["Wald", "Meer"])))
    assert (made.feature_names, made.label_names) == ([*"xyz"], ["Wald", "Meer"])
    assert made.fingerprint == Dataset.from_scipy(X, Y).fingerprint
    other = Dataset.from_scipy(frame_of(columns_of(X, "xyz")), sp.csr_array(Y), feature_names=[*"abc"])
    assert other.fingerprint == made.fingerprint
    assert (other.feature_names, other.label_names) == ([*"abc"], None)


@pytest.mark.parametrize(
    "array", [sp.csr_array, sp.csc_array, sp.coo_array, sp.lil_array, sp.dok_array, sp.bsr_array]
)
def test_arrays_of_scipy_are_as_its_matrices(array):
    assert Dataset.from_scipy(array(X), array(Y)).fingerprint == Dataset.from_scipy(X, Y).fingerprint


@pytest.mark.parametrize(
    "column, said",
    [
        (["a", "b", "c"], "X: column 'x' of .*string.*; expected numbers"),
        ([1, None, 2], "X: column 'x': a missing"),
    ],
)
@FRAMES
def test_what_is_no_number_is_refused(frame_of, column, said):
    with pytest.raises(DataError, match=said):
        Dataset.from_scipy(frame_of({"x": column}), Y)


@FRAMES
def test_frames_of_records_are_as_files_of_records(frame_of, tmp_path):
    settings = TextSettings.of("title", label_field="labels", min_df=1)
    frame = frame_of(TEXTS)
    (made,) = convert_texts(frame, tmp_path / "frame", settings)
    pyarrow.parquet = pytest.importorskip("pyarrow.parquet")
    pyarrow.parquet.write_table(pyarrow.table(TEXTS), tmp_path / "a.parquet")
    (expected,) = convert_texts([tmp_path / "a.parquet"], tmp_path / "file", settings)
    assert made.dataset.fingerprint == expected.dataset.fingerprint
    assert [*made.dataset.record_ids] == ["7", "8", "9"]
    assert made.dataset.label_names == ["a", "b"]
    like = convert_files(frame, tmp_path / "like", like=made.dataset)
    assert like.fingerprint == made.dataset.fingerprint


@FRAMES
def test_a_record_in_a_frame_is_named_by_its_row(frame_of, tmp_path):
    settings = TextSettings.of("title", label_field="labels", min_df=1)
    with pytest.raises(DataError, match=r"frame:2: .*field 'labels': label 'x' twice"):
        convert_texts(frame_of({**TEXTS, "labels": [["a"], ["x", "x"], []]}), tmp_path / "a", settings)
    with pytest.raises(DataError, match="frame: no column 'text'; expected it beside 'title'"):
        convert_texts(frame_of(TEXTS), tmp_path / "a", TextSettings.of("text"))
    assert not (tmp_path / "a").exists()


def test_a_stream_that_is_read_once_is_enough(tmp_path):
    reader = pyarrow.RecordBatchReader.from_batches(
        pyarrow.table(TEXTS).schema, pyarrow.table(TEXTS).to_batches()
    )
    (made,) = convert_texts(
        reader, tmp_path / "made", TextSettings.of("title", label_field="labels", min_df=1)
    )
    assert made.dataset.n_instances == 3
