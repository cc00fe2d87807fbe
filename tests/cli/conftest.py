"""A small data set in files, converted, trained on and predicted for, once for all tests of the command."""

import shutil
import subprocess
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse as sp
from helpers.command_line import output
from helpers.small_data import small_dataset

from pwdismec.data.formats import write_xmc


@pytest.fixture(scope="session")
def job(tmp_path_factory):
    """Paths: raw files train_txt, test_txt, names; data sets train, test; model; predictions."""
    folder = tmp_path_factory.mktemp("job")
    whole = small_dataset(n=200)
    paths = SimpleNamespace(folder=folder, whole=whole)
    for name, rows in (("train", slice(0, 150)), ("test", slice(150, 200))):
        part = whole.select_instances(rows)
        write_xmc(folder / f"{name}.txt", part.features, part.labels)
        setattr(paths, f"{name}_txt", folder / f"{name}.txt")
        setattr(paths, name, folder / name)
    paths.names, paths.model, paths.predictions = folder / "names.txt", folder / "model", folder / "p.txt"
    paths.names.write_text("".join(f"label-{i}\n" for i in range(whole.n_labels)))
    output("convert", paths.train_txt, paths.train, "--label-names", paths.names)
    output("convert", paths.test_txt, paths.test, "--like", paths.train)
    output("train", paths.train, paths.model, "--shard-size", 10)
    output("predict", paths.model, paths.test, paths.predictions)
    return paths


@pytest.fixture(scope="session")
def counts(tmp_path_factory):
    """A set of term counts, raw in files and converted with TF-IDF, and a model of it."""
    folder = tmp_path_factory.mktemp("counts")
    rng = np.random.default_rng(1)
    X = sp.csr_matrix(rng.poisson(0.4, (120, 30)).astype(np.float32))
    Y = sp.csr_matrix(rng.random((120, 12)) < 0.15).astype(np.float32)
    sp.save_npz(folder / "X.npz", X)
    sp.save_npz(folder / "Y.npz", Y)
    output("convert", folder / "X.npz", folder / "Y.npz", folder / "set", "--tfidf")
    output("train", folder / "set", folder / "model", "--weighting", "vanilla", "--shard-size", 5)
    return SimpleNamespace(folder=folder, X=X, Y=Y, set=folder / "set", model=folder / "model")


@pytest.fixture(scope="session")
def delicious(real_data, tmp_path_factory):
    """A data set `train`, `options` of a training that takes a while, and the model `one` of one process."""
    folder = tmp_path_factory.mktemp("delicious")
    paths = SimpleNamespace(folder=folder, train=folder / "train", one=folder / "one")
    paths.options = ["--shard-size", "50", "--C", "10", "--tolerance", "1e-6"]
    output("convert", real_data / "delicious" / "delicious_train.txt.xz", paths.train)
    output("train", paths.train, paths.one, *paths.options)
    return paths


@pytest.fixture
def disk_of(tmp_path):
    """A function that makes a file system of some size ("16k"); the test is skipped where it cannot."""
    folder = tmp_path / "disk"

    def mounted(size):
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
        if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
            folder.rmdir()
            pytest.skip("cannot mount a small file system here")
        return folder

    yield mounted
    if folder.exists():
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
