"""The whole job on .npy files, and what is refused of them."""

from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse as sp
from helpers.command_line import output, refusal
from helpers.dense_data import dense_dataset

from pwdismec import Dataset, Dense


@pytest.fixture(scope="module")
def dense(tmp_path_factory):
    """Files X-train.npy, Y-train.npz, …, data sets and a model of them."""
    folder, whole = tmp_path_factory.mktemp("dense"), dense_dataset(n=260)
    for name, rows in (("train", slice(0, 200)), ("test", slice(200, 260))):
        part = whole.select_instances(rows)
        np.save(folder / f"X-{name}.npy", part.features.values.astype(np.float64))
        sp.save_npz(folder / f"Y-{name}.npz", part.labels.to_scipy())
    output("convert", folder / "X-train.npy", folder / "Y-train.npz", folder / "train")
    output(
        "convert", folder / "X-test.npy", folder / "Y-test.npz", folder / "test", "--like", folder / "train"
    )
    output("train", folder / "train", folder / "model", "--shard-size", 10)
    return SimpleNamespace(folder=folder, whole=whole, model=folder / "model")


def test_convert_and_inspect(dense):
    train = Dataset.open(dense.folder / "train")
    assert isinstance(train.features, Dense)
    np.testing.assert_allclose(np.linalg.norm(train.features.values, axis=1), 1, rtol=1e-6)
    train.verify()
    said = output("inspect", dense.folder / "train")
    assert "X-train.npy, Y-train.npz" in said and "12.00" in said and "2,400" in said


def test_predictions_are_the_same_for_a_data_set_and_a_raw_file(dense, tmp_path):
    for name, source in (("a", dense.folder / "test"), ("b", dense.folder / "X-test.npy")):
        output("predict", dense.model, source, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    said = output("evaluate", tmp_path / "a", dense.folder / "test", "--train", dense.folder / "train")
    assert said == output(
        "evaluate", tmp_path / "a", dense.folder / "Y-test.npz", "--train", dense.folder / "train"
    )
    precision = next(line for line in said.splitlines() if line.startswith("P "))
    assert float(precision.split()[1]) > 25  # by chance 5


def test_liblinear_trains_on_dense_data(dense, tmp_path):
    said = output("train", dense.folder / "train", tmp_path / "m", "--solver", "liblinear")
    assert "18" in said


def test_settings_are_tuned_on_dense_data(dense, tmp_path):
    options = "--C", "0.3,3", "--weighting", "vanilla", "--shard-size", 10
    said = output("tune", dense.folder / "train", tmp_path / "t", *options)
    assert "best settings written to" in said


def test_a_whole_experiment(dense, tmp_path):
    config = tmp_path / "dense.yaml"
    config.write_text(
        f"name: dense\ndata: {dense.folder}\ntrain: [X-train.npy, Y-train.npz]\n"
        "test: [X-test.npy, Y-test.npz]\nweightings: [vanilla]\n"
    )
    said = output("run", config, "--out", tmp_path / "work")
    assert "dense, vanilla" in said
    assert isinstance(Dataset.open(tmp_path / "work" / "test").features, Dense)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.ones((2, 3, 4)), "3 dimensions of float64; expected a matrix"),
        (np.array([[1, 2], [3, np.nan]]), "row 2, feature 1: nan; expected a finite number"),
        (np.array([[object()]]), "damaged, or no .npy array of numbers"),
        (np.ones((3, 2)), "Y.npz: 2 rows, but"),
    ],
)
def test_a_bad_file_is_refused_and_leaves_nothing(tmp_path, X, message):
    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "pwned"), "w"))

    X = np.array([[Evil()]]) if X.dtype == object else X
    np.save(tmp_path / "X.npy", X, allow_pickle=True)
    sp.save_npz(tmp_path / "Y.npz", sp.csr_matrix(np.eye(2)))
    assert message in refusal("convert", tmp_path / "X.npy", tmp_path / "Y.npz", tmp_path / "set")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["X.npy", "Y.npz"]


def test_what_does_not_fit_is_refused(dense, tmp_path):
    X, train = dense.folder / "X-train.npy", dense.folder / "train"
    assert "dense features; TF-IDF takes term counts" in refusal("convert", X, tmp_path / "set", "--tfidf")
    np.save(tmp_path / "narrow.npy", np.ones((4, 11)))
    message = f"{tmp_path / 'narrow.npy'}: 11 features; expected 12"
    assert message in refusal("convert", tmp_path / "narrow.npy", tmp_path / "set", "--like", train)
    assert message in refusal("predict", dense.model, tmp_path / "narrow.npy", tmp_path / "p")
    output("predict", dense.model, dense.folder / "test", tmp_path / "p")
    assert "expected 0 or 1" in refusal("evaluate", tmp_path / "p", dense.folder / "X-test.npy")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["narrow.npy", "p"]
