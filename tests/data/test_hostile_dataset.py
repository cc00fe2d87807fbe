"""A stranger's data set, its checksums right: whatever it holds, opening it ends in one clear error."""

import hashlib
import json
import shutil

import numpy as np
import pytest
from helpers.hostile import JSON_VALUES, NAMES, array_changes, fields_of, file_changes, json_with

from pwdismec.data import CSR, Dataset, Dense
from pwdismec.data.dataset_manifest import fingerprint_of
from pwdismec.errors import DataError, PwdismecError
from pwdismec.text import TextVectorizer
from pwdismec.text.settings import TextSettings

SPARSE = ["features_indptr", "features_indices", "features_data", "labels_indptr", "labels_indices"]
SPARSE += ["label_instances_indptr", "label_instances_indices", "idf"]
SPARSE += ["record_ids_indptr", "record_ids_utf8"]


def sparse(folder):
    rng = np.random.default_rng(0)
    X, Y = rng.random((30, 9)), rng.random((30, 6)) < 0.3
    terms = [f"title:{j}" for j in range(9)]
    vectorizer = TextVectorizer.of(TextSettings.of("title"), terms, np.ones(9), 30, ["a", "b"])
    vectorizer.save(folder.parent / "vectorizer")
    made = Dataset.from_scipy(
        np.where(X < 0.5, np.ceil(9 * X), 0),
        Y.astype(float),
        label_names=[f"label {j}" for j in range(6)],
        feature_names=[f"feature {j}" for j in range(9)],
        label_uris=[f"http://example.org/{j}" for j in range(6)],
        record_ids=["ä\n", *(f"record {i}" for i in range(28)), ""],
    )
    made = made.transformed(vectorizer.transforms)
    object.__setattr__(made, "vectorizer", folder.parent / "vectorizer")
    made.save(folder)


def dense(folder):
    values = np.random.default_rng(0).random((30, 9), np.float32)
    labels = CSR.from_scipy(np.eye(30, 6), binary=True)
    Dataset.from_arrays(Dense(values), labels).save(folder)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sets")
    sparse(folder / "sparse")
    dense(folder / "dense")
    return folder


@pytest.fixture
def sets(whole, tmp_path):
    shutil.copytree(whole, tmp_path / "sets")
    return tmp_path / "sets"


def rewrite(folder, name, array, whole):
    """Put an array in another's place; the manifest agrees, as far as it can say so."""
    manifest = json.loads((folder / "manifest.json").read_text())
    np.save(folder / f"{name}.npy", array)
    entry = {"bytes": array.nbytes, "sha256": hashlib.sha256(array.tobytes()).hexdigest()}
    entry |= {"dtype": array.dtype.name, "length": len(array)}
    if array.ndim > 1:
        entry["columns"] = array.shape[1]
    manifest["arrays"][name] = entry
    hashes = {key: entry["sha256"] for key, entry in manifest["arrays"].items()}
    transforms = Dataset.open(whole).transforms
    if name == "idf" and array.dtype == np.float64 and array.ndim == 1:
        transforms = type(transforms)(array, transforms.l2_normalize)
    sizes = manifest["n_features"], manifest["n_labels"]
    manifest["fingerprint"] = fingerprint_of(*sizes, transforms, hashes)
    (folder / "manifest.json").write_text(json.dumps(manifest))


def check(folder, *, may_pass=False, what=""):
    try:
        Dataset.open(folder)
    except PwdismecError as error:
        assert "\n" not in str(error) and len(str(error)) < 2500
    else:
        assert may_pass, what


# Nothing tells these numbers from right ones.
FREE = {(name, what) for name in ("features_data", "features", "idf") for what in ("huge", "negative")}
FREE |= {("record_ids_utf8", "least")}  # NUL is a character


@pytest.mark.parametrize(("kind", "name"), [*(("sparse", name) for name in SPARSE), ("dense", "features")])
def test_every_array(whole, tmp_path, kind, name):
    before = np.load(whole / kind / f"{name}.npy")
    for number, (what, changed) in enumerate(array_changes(before).items()):
        folder = tmp_path / str(number)
        shutil.copytree(whole / kind, folder)
        if changed is None:
            (folder / f"{name}.npy").unlink()
        else:
            rewrite(folder, name, changed, whole / kind)
        check(folder, may_pass=(name, what.split(" at ")[0]) in FREE, what=what)


@pytest.mark.parametrize("name", ["features_indices", "labels_indices"])
@pytest.mark.parametrize("change", [np.flip, lambda a: np.repeat(a[:1], len(a))])
def test_ids_that_do_not_ascend(sets, whole, name, change):
    before = np.load(sets / "sparse" / f"{name}.npy")
    rewrite(sets / "sparse", name, np.ascontiguousarray(change(before)), whole / "sparse")
    with pytest.raises(DataError, match=r"row \d+, column \d+: (given twice|not in ascending order)"):
        Dataset.open(sets / "sparse")


def test_instances_of_labels_that_are_not_those_of_the_labels(sets, whole):
    folder = sets / "sparse"
    indptr = np.load(folder / "label_instances_indptr.npy")
    ids = np.load(folder / "label_instances_indices.npy")
    first = ids[: indptr[1]]
    missing = np.setdiff1d(np.arange(30), first)[0]
    ids[: indptr[1]] = np.sort(np.r_[first[1:], missing])
    rewrite(folder, "label_instances_indices", ids, whole / "sparse")
    with pytest.raises(DataError, match=r"label_instances_indices\.npy: .*does not follow from the labels"):
        Dataset.open(folder)


@pytest.mark.parametrize("kind", ["sparse", "dense"])
def test_every_field_of_the_manifest(sets, kind):
    path = sets / kind / "manifest.json"
    manifest = json.loads(path.read_text())
    free = {"sources", "source_format", "names", "vectorizer", "dtype", "format", "version"}
    for place in fields_of(manifest):
        for what, text in JSON_VALUES.items():
            path.write_text(json_with(manifest, place, text))
            may_pass = place[0] in free or (place[0] == "transforms" and what == "true")
            check(sets / kind, may_pass=may_pass, what=(place, what))


@pytest.mark.parametrize("name", NAMES)
def test_names_that_are_no_names(sets, name):
    path = sets / "sparse" / "manifest.json"
    manifest = json.loads(path.read_text())
    for holder in ("arrays", "names", "vectorizer"):
        changed = json.loads(json.dumps(manifest))
        changed[holder][name] = next(iter(changed[holder].values()))
        path.write_text(json.dumps(changed))
        with pytest.raises(DataError):
            Dataset.open(sets / "sparse")


@pytest.mark.parametrize("change", file_changes)
def test_every_file(whole, tmp_path, change):
    names = [path.relative_to(whole / "sparse") for path in (whole / "sparse").rglob("*") if path.is_file()]
    assert len(names) == 1 + len(SPARSE) + 3 + 3
    for number, name in enumerate(names):
        folder = tmp_path / str(number) / "set"
        shutil.copytree(whole / "sparse", folder)
        if change == "a link" and name.parent.name:
            continue  # it leads to another file of the data set
        file_changes[change](folder / name)
        with pytest.raises(PwdismecError) as caught:
            Dataset.open(folder)
        assert name.name in str(caught.value)


@pytest.mark.parametrize(
    "utf8, indptr, message",
    [
        (b"\xc3\xa4" * 30, np.arange(31), "string 0: not UTF-8"),
        (b"\xc3\xa4" * 30, 2 * np.arange(31) - (np.arange(31) == 7), "string 6: not UTF-8"),
        (b"ab" * 30, np.r_[0, 1 + np.arange(30)], "text outside them"),
        (b"ab" * 30, 31 + np.arange(31), "indptr ends at 61"),
        (b"ab" * 30, np.r_[0, 60, np.arange(29)], "indptr falls"),
    ],
)
def test_ids_of_records_that_are_none(sets, whole, utf8, indptr, message):
    folder = sets / "sparse"
    rewrite(folder, "record_ids_utf8", np.frombuffer(utf8, np.uint8), whole / "sparse")
    rewrite(folder, "record_ids_indptr", indptr.astype(np.int64), whole / "sparse")
    with pytest.raises(DataError, match=message):
        Dataset.open(folder)


@pytest.mark.parametrize("uris", [["", *"bcdef"], ["b", *"bcdef"], ["\xff", *"bcdef"], [*"bcdef"]])
def test_uris_of_labels_that_do_not_tell_them_apart(sets, uris):
    folder = sets / "sparse"
    manifest = json.loads((folder / "manifest.json").read_text())
    content = "".join(f"{uri}\n" for uri in uris).encode("latin-1")
    (folder / "label_uris.txt").write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    manifest["names"]["label_uris"] = {"bytes": len(content), "sha256": sha256}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(DataError, match=r"label_uris\.txt"):
        Dataset.open(folder)


def test_saving_a_strangers_data_set_copies_nothing_from_elsewhere(sets, tmp_path):
    opened = Dataset.open(sets / "sparse")
    (tmp_path / "secret").write_text("secret")
    for path in (sets / "sparse" / "vectorizer").iterdir():
        path.unlink()
        path.symlink_to(tmp_path / "secret")
    with pytest.raises(DataError, match="is a link to"):
        opened.save(tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_a_data_set_is_checked_once_and_again_when_a_file_was_written_to(sets, monkeypatch):
    checked = []
    monkeypatch.setattr(Dataset, "verify", lambda self: checked.append(self.path.name))
    for _ in range(3):
        Dataset.open(sets / "dense")
    assert checked == ["dense"]
    path = sets / "dense" / "features.npy"
    path.write_bytes(path.read_bytes())
    Dataset.open(sets / "dense")
    assert checked == ["dense", "dense"]
