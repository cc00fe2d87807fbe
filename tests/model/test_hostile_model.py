"""A stranger's model, its checksums right: whatever it holds, using it ends in one clear error."""

import hashlib
import json
import shutil

import numpy as np
import pytest
from helpers.hostile import JSON_VALUES as VALUES
from helpers.hostile import (
    NAMES,
    array_changes,
    fields_of,
    file_changes,
    json_with,
    read_safetensors,
    safetensors_header_changes,
    with_tensor,
    write_safetensors,
)
from helpers.small_data import small_dataset

from pwdismec.data import CSR
from pwdismec.diagnosis.inspection import describe
from pwdismec.errors import ModelError, PwdismecError
from pwdismec.model import Model
from pwdismec.model.slicing import slice_model
from pwdismec.prediction import Predictor
from pwdismec.training import TrainingConfig, train

NAMES_OF_LABELS = [f"label {j}" for j in range(45)]
X = small_dataset(3).features
ARRAYS = ["label_ids", "positives", "indptr", "indices", "values", "bias", "primal", "dual", "epochs"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "whole"
    dataset = small_dataset(label_names=NAMES_OF_LABELS, label_uris=[f"uri:{j}" for j in range(45)])
    train(dataset, folder, TrainingConfig(shard_size=20), jobs=1)
    return folder


@pytest.fixture
def model(whole, tmp_path):
    shutil.copytree(whole, tmp_path / "model")
    return tmp_path / "model"


def shard_of(model):
    return model / "shards" / "00001.safetensors"


def content_hash(tensors) -> str:
    digest = hashlib.sha256()
    for name in ARRAYS:
        if name in tensors:
            digest.update(f"{name} {len(tensors[name])};".encode())
            digest.update(np.ascontiguousarray(tensors[name]).data)
    return digest.hexdigest()


def make_right(model, **entry):
    """Give the shard and the manifest the checksums and sizes that they should have."""
    path = shard_of(model)
    tensors, metadata = read_safetensors(path)
    header = json.loads(metadata["pwdismec"]) | {"content_sha256": content_hash(tensors)}
    write_safetensors(path, tensors, {"pwdismec": json.dumps(header)})
    set_file(model, path.read_bytes(), **entry)


def set_file(model, content: bytes, **entry):
    manifest = json.loads((model / "manifest.json").read_text())
    shard_of(model).write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    manifest["shards"][1] |= {"bytes": len(content), "sha256": sha256} | entry
    (model / "manifest.json").write_text(json.dumps(manifest))


def use(path) -> None:
    """Everything that is done with a model: no label out of range, no score that is not finite."""
    opened = Model.open(path)
    top = Predictor(opened).predict(X, 3)
    assert top.labels.max() < opened.n_labels and top.labels.min() >= -1
    assert not np.isnan(top.scores).any()
    list(opened.shards())
    opened.weights()
    assert opened.transforms is not None and opened.bytes
    assert opened.label_names is None or len(opened.label_names) == opened.n_labels
    assert opened.label_uris is None or len(set(opened.label_uris)) == opened.n_labels
    describe(path)
    for label in (0, opened.n_labels - 1):
        try:
            opened.explain(CSR.from_scipy(X.to_scipy()[0]), label)
        except ModelError as error:
            assert "no classifier" in str(error)


def check(path, *, may_pass=False, what="") -> None:
    try:
        use(path)
    except PwdismecError as error:
        assert "\n" not in str(error) and len(str(error)) < 2500
    else:
        assert may_pass, what


# Numbers that nothing else tells of: any weight, and how many passes a label took.
FREE = {
    ("values", "huge"),
    ("values", "negative"),
    ("bias", "huge"),
    ("bias", "negative"),
    ("epochs", "greatest"),
}


def changes_of_arrays():
    shapes = {"label_ids": np.int32, "positives": np.int64, "indptr": np.int64, "indices": np.int32}
    shapes |= {"values": np.float32, "bias": np.float32, "primal": np.float64, "dual": np.float64}
    for name, dtype in (shapes | {"epochs": np.int32}).items():
        for what in array_changes(np.arange(1, 20, dtype=dtype)):
            yield name, what


@pytest.mark.parametrize(("name", "what"), list(changes_of_arrays()))
def test_every_array_of_a_shard(model, name, what):
    before = read_safetensors(shard_of(model))[0][name]
    changed = array_changes(before)
    if what not in changed:
        pytest.skip("the array is like that")
    with_tensor(shard_of(model), name, changed[what])
    n = len(read_safetensors(shard_of(model))[0].get("label_ids", ()))
    make_right(model, n_trained=n)
    check(model, may_pass=(name, what.split(" at ")[0]) in FREE)


@pytest.mark.parametrize("change", [np.flip, lambda ids: ids + 20, lambda ids: ids - 20])
def test_the_ids_of_a_shard_ascend_in_its_range(model, change):
    before = read_safetensors(shard_of(model))[0]["label_ids"]
    with_tensor(shard_of(model), "label_ids", change(before))
    make_right(model)
    with pytest.raises(ModelError, match="label_ids: expected ascending ids from 20 to 39"):
        use(model)


@pytest.mark.parametrize("name", ["label_ids", "indices"])
@pytest.mark.parametrize("change", [np.flip, lambda a: np.repeat(a[:1], len(a))])
def test_ids_that_do_not_ascend(model, name, change):
    before = read_safetensors(shard_of(model))[0][name]
    with_tensor(shard_of(model), name, change(before))
    make_right(model)
    with pytest.raises(ModelError, match=f"{name}|weights: row"):
        use(model)


def test_every_field_of_a_shards_header(model):
    tensors, metadata = read_safetensors(shard_of(model))
    header = json.loads(metadata["pwdismec"])
    for place in fields_of(header):
        for what, text in VALUES.items():
            write_safetensors(shard_of(model), tensors, {"pwdismec": json_with(header, place, text)})
            set_file(model, shard_of(model).read_bytes())
            check(model, what=(place, what), may_pass=place[0] in ("run", "gap_tolerance"))


def test_every_field_of_the_header_of_the_file(model):
    for _, content in safetensors_header_changes(shard_of(model)):
        set_file(model, content)
        check(model)


# What only people read, and what another model could have as well.
TOLD = {
    "written_by",
    "config",
    "dataset_fingerprint",
    "positive_weights_sha256",
    "l2_normalize",
    "n_instances",
}
OTHERS = {
    ("run", name) for name in ("label_names", "label_uris", "vectorizer", "format", "version", "model_kind")
}


def test_every_field_of_the_manifest(model):
    manifest = json.loads((model / "manifest.json").read_text())
    for place in fields_of(manifest):
        for what, text in VALUES.items():
            (model / "manifest.json").write_text(json_with(manifest, place, text))
            free = place in OTHERS or (place[0] == "run" and place[1:2] and place[1] in TOLD)
            check(
                model,
                what=(place, what),
                may_pass=free
                or (place[-1] == "beyond_tolerance" and what == "list")
                or (place[-1] == "sampled_gaps" and what in ("list", "missing")),
            )


def test_a_number_of_features_that_no_memory_could_hold_is_refused_before_it_is_asked_for(model):
    manifest = json.loads((model / "manifest.json").read_text())
    manifest["run"]["n_features"] = 2**31 - 1
    for number, entry in enumerate(manifest["shards"]):
        path = model / entry["file"]
        tensors, metadata = read_safetensors(path)
        header = json.loads(metadata["pwdismec"]) | {"n_features": 2**31 - 1}
        write_safetensors(path, tensors, {"pwdismec": json.dumps(header)})
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        manifest["shards"][number] |= {"bytes": path.stat().st_size, "sha256": sha256}
    (model / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(PwdismecError, match="weights in the order of 2,147,483,647 features would take"):
        Predictor(Model.open(model))


@pytest.mark.parametrize("name", NAMES)
def test_names_that_are_no_names(model, name, tmp_path):
    (tmp_path / "x").write_text("precious")
    (model.parent / "b").write_text("precious")
    manifest = json.loads((model / "manifest.json").read_text())
    for holder in (manifest["run"]["plan"][1], manifest["shards"][1]):
        holder["file"] = name
    (model / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelError, match=r"file: .*should match pattern|file: .*should"):
        slice_model(Model.open(model), tmp_path / "out", np.arange(10))
    assert (tmp_path / "x").read_text() == "precious"


@pytest.mark.parametrize("change", file_changes)
@pytest.mark.parametrize(
    "name", ["manifest.json", "shards/00001.safetensors", "label_names.txt", "label_uris.txt"]
)
def test_every_file(model, name, change):
    if (name, change) == ("shards/00001.safetensors", "a link"):
        pytest.skip("leads to another file of the model")
    file_changes[change](model / name)
    with pytest.raises(PwdismecError) as caught:
        use(model)
    assert name.rpartition("/")[2] in str(caught.value)


@pytest.mark.parametrize("uris", [["", "b"], ["b", "b"]])
def test_uris_of_labels_that_do_not_tell_them_apart(model, uris):
    others = [f"uri:{j}" for j in range(43)]
    (model / "label_uris.txt").write_text("".join(f"{uri}\n" for uri in [*others, *uris]))
    with pytest.raises(ModelError, match=r"label_uris\.txt: .*label"):
        use(model)


def test_idf_values(model):
    manifest = json.loads((model / "manifest.json").read_text())
    manifest["run"]["tfidf"] = True
    (model / "manifest.json").write_text(json.dumps(manifest))
    path, right = model / "idf.safetensors", np.ones(40)
    with pytest.raises(ModelError, match=r"idf\.safetensors: is missing"):
        use(model)
    for changed in array_changes(right).values():
        write_safetensors(path, {} if changed is None else {"idf": changed}, {})
        if changed is None or changed.shape != right.shape or not np.isfinite(changed).all():
            with pytest.raises(ModelError, match=r"idf\.safetensors: "):
                use(model)


def test_a_link_to_a_folder_outside_is_refused(model, tmp_path):
    (model / "shards").rename(tmp_path / "elsewhere")
    (model / "shards").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ModelError, match=r"is a link to .*elsewhere.*; expected a file inside"):
        use(model)


def test_a_link_inside_and_a_model_reached_through_a_link_are_fine(model, tmp_path):
    shard_of(model).rename(model / "shards" / "kept")
    shard_of(model).symlink_to("kept")
    (tmp_path / "link").symlink_to(model)
    use(tmp_path / "link")


def test_what_came_with_the_folder_is_not_believed(model):
    """Version 0.1.0 kept its record of what is intact beside the shards."""
    with_tensor(shard_of(model), "values", np.full(3, np.nan, np.float32))
    stat = shard_of(model).stat()
    manifest = json.loads((model / "manifest.json").read_text())
    found = {e["file"]: [e["sha256"], (model / e["file"]).stat().st_mtime_ns] for e in manifest["shards"]}
    (model / "verified.json").write_text(json.dumps(found))
    assert found["shards/00001.safetensors"][1] == stat.st_mtime_ns
    with pytest.raises(ModelError, match=r"00001\.safetensors"):
        use(model)
