"""Data sets on disk: what is written, what is found when something is wrong."""

import json
import shutil
import stat
import sys

import numpy as np
import pytest
from helpers.random_matrices import problems
from hypothesis import given, settings

from pwdismec.data.csr import CSR
from pwdismec.data.dataset import Dataset
from pwdismec.data.transforms import Transforms
from pwdismec.errors import DataError, OutputError, PwdismecError

ARRAYS = [
    "features_indptr",
    "features_indices",
    "features_data",
    "labels_indptr",
    "labels_indices",
    "label_instances_indptr",
    "label_instances_indices",
    "idf",
    "record_ids_indptr",
    "record_ids_utf8",
]


def example() -> Dataset:
    rng = np.random.default_rng(0)
    raw = Dataset.from_scipy(
        rng.poisson(0.5, (20, 9)),
        rng.random((20, 6)) < 0.3,
        label_names=["plain", "", "with space ", "ünï → ", "\u2028\x0b", "last"],
        feature_names=[str(i) for i in range(9)],
        label_uris=["plain", "http://example.org/1", "with space ", "ünï → ", "\u2028\x0b", "5"],
        record_ids=["", "a", "a", "x\ny\r\n", "\0", "\ufeff\u202e", "𝔘̈" * 5000, *map(str, range(13))],
    )
    return raw.transformed(Transforms.fit(raw.features, tfidf=True))


@pytest.fixture
def folder(tmp_path):
    return example().save(tmp_path / "set").path


@settings(deadline=None, max_examples=30)
@given(problems())
def test_what_is_saved_is_what_is_opened(tmp_path_factory, problem):
    dataset = Dataset.from_scipy(*problem)
    opened = dataset.save(tmp_path_factory.mktemp("sets") / "set")
    for name in ("features", "labels", "label_instances"):
        before, after = getattr(dataset, name), getattr(opened, name)
        assert (after.n_rows, after.n_columns) == (before.n_rows, before.n_columns)
        np.testing.assert_array_equal(after.indptr, before.indptr)
        np.testing.assert_array_equal(after.indices, before.indices)
        assert (after.indptr.dtype, after.indices.dtype) == (np.int64, np.int32)
    np.testing.assert_array_equal(opened.features.data, dataset.features.data)
    assert opened.fingerprint == dataset.fingerprint
    opened.verify()


def test_names_and_transforms_come_back(folder):
    opened, original = Dataset.open(folder), example()
    assert opened.transforms == original.transforms
    assert opened.label_names == original.label_names
    assert opened.feature_names == original.feature_names
    assert opened.label_uris == original.label_uris
    assert opened.record_ids == original.record_ids and opened.record_ids.is_mapped
    assert opened.fingerprint == original.fingerprint


def test_arrays_are_mapped_and_read_only_and_plain_numpy_reads_them(folder):
    opened = Dataset.open(folder)
    assert type(opened.features.data) is np.ndarray
    assert isinstance(opened.features.data.base, np.memmap)
    assert not opened.features.data.flags.writeable
    np.testing.assert_array_equal(np.load(folder / "features_data.npy"), opened.features.data)


def test_the_same_input_gives_the_same_bytes(tmp_path):
    one, two = example().save(tmp_path / "a").path, example().save(tmp_path / "elsewhere").path
    files = sorted(file.name for file in one.iterdir())
    assert files == sorted(file.name for file in two.iterdir())
    assert len(files) == len(ARRAYS) + 4
    for name in files:
        assert (one / name).read_bytes() == (two / name).read_bytes()


def test_a_saved_selection_has_the_fingerprint_of_its_content(tmp_path):
    part = example().select_instances(slice(5, 12)).select_labels([3, 1])
    saved = part.save(tmp_path / "part")
    again = Dataset.from_arrays(part.features, part.labels, transforms=part.transforms)
    assert saved.fingerprint == again.fingerprint
    assert saved.label_names == ["ünï → ", ""]
    assert saved.label_uris == ["ünï → ", "http://example.org/1"]
    assert list(saved.record_ids) == list(example().record_ids)[5:12]


def test_not_a_folder(tmp_path):
    with pytest.raises(DataError, match="none: no such folder"):
        Dataset.open(tmp_path / "none")
    (tmp_path / "file").write_text("text")
    with pytest.raises(DataError, match="file: not a folder"):
        Dataset.open(tmp_path / "file")


@pytest.mark.parametrize("content", [None, "", "not JSON", "[]", '{"format": "another"}', "\xff"])
def test_a_folder_that_is_not_a_data_set(tmp_path, content):
    if content is not None:
        (tmp_path / "manifest.json").write_text(content, "latin-1")
    with pytest.raises(DataError, match=r"not a data set: no manifest\.json"):
        Dataset.open(tmp_path)


def edit_manifest(folder, **changes):
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_another_version(folder):
    edit_manifest(folder, version=2, something="new")
    with pytest.raises(DataError, match="version 2; this pwdismec reads version 1"):
        Dataset.open(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_labels": -1}, "n_labels: -1: should be greater"),
        ({"n_labels": 7}, "label_instances_indptr has 7 values; expected 8"),
        ({"nnz": 7}, "features_indices has .* values; expected 7"),
        ({"n_features": 7}, "idf has 9 values; expected 7"),
        ({"arrays": {}}, "arrays are {}; expected"),
        ({"transforms": {"tfidf": False, "l2_normalize": True}}, "expected"),
        ({"surprise": 1}, "surprise: unknown field"),
    ],
)
def test_a_damaged_manifest(folder, changes, message):
    edit_manifest(folder, **changes)
    with pytest.raises(DataError, match=rf"manifest\.json: damaged: .*{message}") as caught:
        Dataset.open(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ARRAYS)
def test_a_missing_array(folder, name):
    (folder / f"{name}.npy").unlink()
    with pytest.raises(
        DataError, match=rf"{name}\.npy: damaged: is missing: No such file.*; convert it again"
    ):
        Dataset.open(folder)


@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_of_the_wrong_size(folder, name):
    path = folder / f"{name}.npy"
    size = path.stat().st_size
    with path.open("ab") as file:
        file.write(b"1234")
    with pytest.raises(DataError, match=rf"{name}\.npy: damaged: {size + 4} bytes; the manifest says {size}"):
        Dataset.open(folder)
    with path.open("r+b") as file:
        file.truncate(60)
    with pytest.raises(DataError, match=rf"{name}\.npy: damaged: 60 bytes; the manifest says {size}"):
        Dataset.open(folder)


def test_an_array_of_another_type(folder):
    path = folder / "features_data.npy"
    np.save(path, np.load(path).view(np.int32))
    with pytest.raises(DataError, match=r"not the header of .* values of type float32"):
        Dataset.open(folder)


def test_offsets_that_end_elsewhere_are_found_on_opening(folder):
    path = folder / "labels_indptr.npy"
    indptr = np.load(path)
    indptr[-1] += 1
    np.save(path, indptr)
    with pytest.raises(DataError, match=r"labels_indptr\.npy: damaged: changed since it was written"):
        Dataset.open(folder)


@pytest.mark.parametrize("name", ["label_names", "label_uris", "feature_names"])
def test_names_missing_or_too_few(folder, name):
    path = folder / f"{name}.txt"
    count = len(path.read_bytes().split(b"\n")) - 1
    path.write_bytes(b"one\ntwo")
    with pytest.raises(DataError, match=rf"{name}\.txt: damaged: 7 bytes; the manifest says \d+"):
        Dataset.open(folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    edit_manifest(folder, names=manifest["names"] | {name: manifest["names"][name] | {"bytes": 7}})
    with pytest.raises(DataError, match=rf"{name}\.txt: 2 lines; expected one for each of {count}"):
        Dataset.open(folder)
    path.unlink()
    with pytest.raises(DataError, match=rf"{name}\.txt: damaged: is missing"):
        Dataset.open(folder)


@pytest.mark.parametrize(
    "name", [*(f"{array}.npy" for array in ARRAYS), "label_names.txt", "label_uris.txt", "feature_names.txt"]
)
def test_a_flipped_byte_is_found(folder, name):
    opened = Dataset.open(folder)
    opened.verify()
    path = folder / name
    content = bytearray(path.read_bytes())
    content[-2] ^= 1  # the arrays are mapped from this very file
    with path.open("r+b") as file:
        file.write(content)
    with pytest.raises(DataError, match=f"{name}: changed since it was written"):
        opened.verify()


def test_another_fingerprint_in_the_manifest_is_found(folder):
    edit_manifest(folder, fingerprint="0" * 64)
    with pytest.raises(DataError, match=r"manifest\.json: damaged: changed since"):
        Dataset.open(folder).verify()


def test_only_a_data_set_is_replaced(tmp_path, folder):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_text("precious")
    with pytest.raises(OutputError, match="precious: exists and is not a pwdismec data set"):
        example().save(tmp_path / "precious", overwrite=True)
    with pytest.raises(OutputError, match="file: cannot write: a file is there"):
        example().save(tmp_path / "precious" / "file", overwrite=True)
    assert (tmp_path / "precious" / "file").read_text() == "precious"
    edit_manifest(folder, version=99)
    other = example().select_labels([1])
    with pytest.raises(OutputError, match="exists; --overwrite replaces it"):
        other.save(folder)
    other.save(folder, overwrite=True)
    assert Dataset.open(folder).n_labels == 1


def test_a_data_set_may_be_saved_over_itself(folder):
    opened = Dataset.open(folder)
    opened.save(folder, overwrite=True).verify()
    assert Dataset.open(folder).fingerprint == opened.fingerprint == example().fingerprint


def test_an_unwritable_target(tmp_path):
    target = tmp_path / "sets"
    target.mkdir()
    target.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        (target / "probe").mkdir()
    except OSError:
        with pytest.raises(PwdismecError, match=r"cannot write: Permission denied"):
            example().save(target / "set")
    else:
        pytest.skip("this user may write anywhere")
    finally:
        target.chmod(stat.S_IRWXU)


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_a_folder_that_not_even_root_may_write_in():
    with pytest.raises(PwdismecError, match=r"^/proc/set: cannot write: "):
        example().save("/proc/set")


def test_a_target_inside_a_file(tmp_path):
    (tmp_path / "file").write_text("text")
    with pytest.raises(PwdismecError, match="cannot write"):
        example().save(tmp_path / "file" / "set")


def test_a_moved_folder_opens(tmp_path, folder):
    moved = shutil.move(folder, tmp_path / "moved")
    assert Dataset.open(moved).fingerprint == example().fingerprint


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x.indptr.__setitem__(5, 1 << 40),
        lambda x: x.indptr.__setitem__(-1, 1 << 40),
        lambda x: x.indices.__setitem__(2, -5),
        lambda x: x.indices.__setitem__(2, 2**31 - 1),
        lambda x: x.data.__setitem__(3, np.nan),
    ],
    ids=["offset", "last offset", "id below 0", "id past the end", "NaN"],
)
def test_what_is_no_data_set_is_not_saved_as_one(tmp_path, change):
    """The constructor looks at types and shapes alone; what is saved counts as checked."""
    n = 30
    offsets = np.arange(n + 1, dtype=np.int64)
    labels = CSR(offsets.copy(), np.arange(n, dtype=np.int32) % 5, None, 5)
    features = CSR(offsets.copy(), np.zeros(n, np.int32), np.ones(n, np.float32), 50)
    change(features)
    with pytest.raises(DataError, match="features"):
        Dataset(features, labels).save(tmp_path / "d")
    assert not (tmp_path / "d").exists()
