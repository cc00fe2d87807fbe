"""Slices hold what their labels had; slices merged are the original, to the bit."""

import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
from helpers.models import dense, model_of
from helpers.small_data import small_dataset
from hypothesis import given, settings
from hypothesis import strategies as st

from pwdismec import Predictor
from pwdismec.data.transforms import Transforms
from pwdismec.errors import ConfigError, DataError, ModelError
from pwdismec.model import slicing
from pwdismec.model.merging import merge_models
from pwdismec.model.shard import tensors_of
from pwdismec.model.slicing import read_labels, slice_model
from pwdismec.pruning import prune_model
from pwdismec.training import TrainingConfig, train

NAMES = [f"name {41 if i == 42 else i}" for i in range(45)]  # two labels have one
URIS = [f"http://example.org/{i}" for i in range(45)]
CALLED = {"label_names": NAMES, "label_uris": URIS}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model") / "m"
    return train(small_dataset(**CALLED), folder, TrainingConfig(shard_size=10))


def contents(model):
    """Of each shard that is not empty its tensors, and its entry but for the file's bytes."""
    return [
        (
            [array.tobytes() for array in tensors_of(model.shard(entry)).values()],
            entry.model_dump(exclude={"sha256", "bytes"}),
        )
        for entry in model.manifest.shards
        if entry.n_trained
    ]


@given(st.lists(st.integers(0, 3), min_size=45, max_size=45), st.randoms())
@settings(max_examples=12, deadline=None)
def test_slices_merged_are_the_original_to_the_bit(trained, owners, random):
    owners = np.array(owners)
    features = small_dataset(3).features
    with tempfile.TemporaryDirectory() as folder:
        parts = []
        for owner in set(owners[:40].tolist()):  # who owns the last five is nothing: they have no weights
            labels = np.flatnonzero(owners == owner)
            parts.append(slice_model(trained, Path(folder) / f"{owner}", labels))
            np.testing.assert_array_equal(parts[-1].weights()[0], labels[labels < 40])
        random.shuffle(parts)
        if len(parts) > 1:
            merged = merge_models(parts, Path(folder) / "merged")
            assert contents(merged) == contents(trained)
            assert (merged.label_names, merged.label_uris, merged.n_labels) == (NAMES, URIS, 45)
            for found, expected in zip(
                Predictor(merged).predict(features, 7), Predictor(trained).predict(features, 7), strict=True
            ):
                np.testing.assert_array_equal(found, expected)


def test_a_slice_predicts_what_the_model_does_without_the_other_labels(trained, tmp_path):
    labels = np.array([44, 3, 17, 31, 30])
    made = slice_model(trained, tmp_path / "s", labels)
    features = small_dataset(5).features
    whole = Predictor(trained).predict(features, 40)
    found = Predictor(made).predict(features, 5)
    for row in range(features.n_rows):
        held = np.isin(whole.labels[row], labels)
        np.testing.assert_array_equal(found.labels[row, :4], whole.labels[row, held])
        np.testing.assert_array_equal(found.scores[row, :4], whole.scores[row, held])
    assert (found.labels[:, 4] == -1).all()  # label 44 was not trained
    assert (made.label_names, made.label_uris, made.n_labels) == (NAMES, URIS, 45)
    assert made.manifest.run.history == ["cut to 5 labels"]
    assert made.manifest.run.id != trained.manifest.run.id


def test_training_does_not_take_a_slice_for_its_model(trained, tmp_path):
    slice_model(trained, tmp_path / "s", np.arange(10))
    with pytest.raises(ModelError, match=r"holds a finished model with other settings or data .*history"):
        train(small_dataset(**CALLED), tmp_path / "s", TrainingConfig(shard_size=10), resume=True)


def test_labels_out_of_range_or_untrained(trained, tmp_path):
    for labels in ([45], [-1, 2]):
        with pytest.raises(ConfigError, match="expected ids from 0 to 44"):
            slice_model(trained, tmp_path / "s", np.array(labels))
    with pytest.raises(ConfigError, match="labels: none"):
        slice_model(trained, tmp_path / "s", np.zeros(0, int))
    with pytest.raises(ModelError, match="none of the 2 labels was trained"):
        slice_model(trained, tmp_path / "s", np.array([40, 44]))
    assert not list(tmp_path.iterdir())


def test_label_lists(trained, tmp_path):
    path = tmp_path / "labels.txt"
    for text in ("3\n44\n0\n", "3\r\n44\r\n0", "name 3\nname 44\nname 0\n", f"{URIS[3]}\nname 44\n{URIS[0]}"):
        for encoding in ("utf-8", "utf-8-sig"):  # with a byte order mark
            path.write_text(text, encoding, newline="")
            np.testing.assert_array_equal(read_labels(path, trained), [3, 44, 0])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"txt:1: ''; expected a label id from 0 to 44 or, in every line, a URI or name"),
        ("3\n\n", r"txt:2: ''; expected a label id"),
        ("3\n45\n", r"txt:2: '45'; expected a label id from 0 to 44"),
        ("3\n-1\n", r"txt:2: '-1'; expected a label id"),
        ("3\nname 4\n", r"txt:2: 'name 4'; expected a label id"),
        ("name 4\n3\n", r"txt:2: '3'; expected a URI or name of a label"),
        ("3\n4\n3\n", r"txt:3: '3': the same label as in line 1"),
        ("nome 4\n", r"txt:1: 'nome 4'; expected a label id"),
        (f"3\n{'9' * 5000}\n", r"txt:2: '9{90,}….*; expected a label id"),
        ("3\n\u0663\n", r"txt:2: '\u0663'; expected a label id"),
        ("3\n4294967299\n", r"txt:2: '4294967299'; expected a label id"),
        ("3\n1.5\n", r"txt:2: '1.5'; expected a label id"),
        ("3\n1_0\n", r"txt:2: '1_0'; expected a label id"),
        ("3\n\udcff\n", r"txt:2: not UTF-8"),
        (f"{URIS[42]}\nname 41\n", r"txt:2: 'name 41': several labels have this name; list URIs"),
    ],
)
def test_bad_label_lists_are_told_by_their_line(trained, tmp_path, text, message):
    path = tmp_path / "labels.txt"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(DataError, match=message):
        read_labels(path, trained)
    with pytest.raises(DataError, match="0-3: no such file; expected a file of labels"):
        read_labels(tmp_path / "0-3", trained)


def test_a_list_of_labels_has_a_limit(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(slicing, "MAX_NAMES", 10)
    path = tmp_path / "labels.txt"
    path.write_text("3\n44\n1\n2\n0")
    np.testing.assert_array_equal(read_labels(path, trained), [3, 44, 1, 2, 0])
    path.write_text("3\n44\n1\n2\n0\n")
    with pytest.raises(DataError, match=r"labels\.txt: more than 0\.01 kB; expected a smaller file"):
        read_labels(path, trained)


def test_names_that_are_numbers_or_shared(tmp_path):
    model = model_of(tmp_path / "m", np.eye(4), names=["7", "1", "0", "7"])
    path = tmp_path / "labels.txt"
    path.write_text("7\n")
    with pytest.raises(DataError, match=r"txt:1: '7': several labels have this name; list ids"):
        read_labels(path, model)
    path.write_text("0\n")
    with pytest.raises(DataError, match=r"txt:1: '0' is the id of one label and what another is called"):
        read_labels(path, model)
    path.write_text("1\n0\n")
    np.testing.assert_array_equal(read_labels(path, model), [1, 2])
    path.write_text("3\n0\n")
    np.testing.assert_array_equal(read_labels(path, model), [3, 0])


@given(
    st.lists(st.integers(1, 8), min_size=2, max_size=4), st.lists(st.integers(1, 5), min_size=4, max_size=4)
)
@settings(max_examples=25, deadline=None)
def test_appended_models_stand_one_behind_the_other(sizes, shard_sizes):
    rng = np.random.default_rng(sum(sizes))
    parts = [rng.integers(-2, 3, (n, 6)) for n in sizes]
    with tempfile.TemporaryDirectory() as folder:
        models = [
            model_of(
                Path(folder) / f"{i}", part, shard_size=size, names=[f"{i}.{j}" for j in range(len(part))]
            )
            for i, (part, size) in enumerate(zip(parts, shard_sizes, strict=False))
        ]
        made = merge_models(models, Path(folder) / "all", append=True)
        np.testing.assert_array_equal(dense(made), np.concatenate(parts))
        np.testing.assert_array_equal(made.weights()[2], np.concatenate([m.weights()[2] for m in models]))
        assert made.label_names == [name for model in models for name in model.label_names]
        for shard in made.shards():
            assert (np.diff(shard.label_ids) > 0).all()


def test_parts_of_a_data_set_trained_apart_are_appended(tmp_path):
    whole = small_dataset(**CALLED)
    ranges = np.arange(0, 12), np.arange(12, 45)
    models = [
        train(whole.select_labels(ids), tmp_path / f"{i}", TrainingConfig(shard_size=10, tolerance=1e-7))
        for i, ids in enumerate(ranges)
    ]
    together = train(whole, tmp_path / "whole", TrainingConfig(shard_size=10, tolerance=1e-7))
    made = merge_models(models, tmp_path / "made", append=True)
    assert (made.label_names, made.label_uris) == (NAMES, URIS)
    np.testing.assert_allclose(dense(made), dense(together), atol=0.011)  # where one is cut at 0.01


@pytest.mark.parametrize("append", [False, True])
def test_models_of_other_uris_are_not_merged(tmp_path, append):
    uris = {"a": [*"abc"], "b": [*"cde"], "none": None}
    models = {
        name: model_of(tmp_path / name, np.eye(3, 4), trained=[i], uris=uris[name])
        for i, name in enumerate(uris)
    }
    refused = r"label 'c' is in .*/a, too" if append else "URIs of labels: not those of"
    with pytest.raises(ModelError, match=f"/b: {refused}"):
        merge_models([models["a"], models["b"]], tmp_path / "made", append=append)
    with pytest.raises(ModelError, match="/none: URIs of labels: "):
        merge_models([models["a"], models["none"]], tmp_path / "made", append=append)


def test_a_label_in_two_models_is_named(tmp_path):
    weights = np.eye(9, 4)
    a = model_of(tmp_path / "a", weights, trained=[0, 1, 5])
    b = model_of(tmp_path / "b", weights, trained=[2, 5, 8], shard_size=4)
    with pytest.raises(ModelError, match=r"label 5 is trained in two models: .*/a and .*/b"):
        merge_models([a, b], tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"weights": np.eye(9, 5)}, "b: features: 5; .*a has 4"),
        ({"weights": np.eye(8, 4)}, "b: labels: 8; .*a has 9"),
        ({"transforms": Transforms(None, False)}, "b: transforms: none; .*a has L2 norm"),
        ({"transforms": Transforms(np.ones(4), True)}, r"b: transforms: TF-IDF \+ L2 norm; .*a has L2 norm"),
        ({"bias": 2.0}, "b: bias: 2.0; .*a has 1.0"),
        ({"names": list("abcdefghi")}, "b: names of labels: not those of .*a"),
    ],
)
def test_models_that_do_not_fit_are_refused(tmp_path, other, message):
    settings = {"weights": np.eye(9, 4), "trained": [2]} | other
    models = [model_of(tmp_path / "a", np.eye(9, 4), trained=[1]), model_of(tmp_path / "b", **settings)]
    with pytest.raises(ModelError, match=message):
        merge_models(models, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    with pytest.raises(ConfigError, match="1 model; expected two or more"):
        merge_models(models[:1], tmp_path / "out")


def test_idf_values_must_agree(tmp_path):
    a = model_of(tmp_path / "a", np.eye(3), trained=[0], transforms=Transforms(np.ones(3), True))
    b = model_of(tmp_path / "b", np.eye(3), trained=[1], transforms=Transforms(np.arange(3.0), True))
    with pytest.raises(ModelError, match=r"b: idf values: not those of .*a"):
        merge_models([a, b], tmp_path / "out")


def test_what_models_have_in_common_stays(tmp_path):
    a = model_of(tmp_path / "a", np.eye(3), trained=[0], C=1.0, prune=0.01)
    b = model_of(tmp_path / "b", np.eye(3), trained=[2], C=2.0, prune=0.01)
    half = prune_model(b, tmp_path / "half", threshold=0, dtype="float16")
    run = merge_models([a, b], tmp_path / "ab").manifest.run
    assert {k: run.config[k] for k in ("C", "prune", "bias")} == {"C": [1.0, 2.0], "prune": 0.01, "bias": 1.0}
    assert run.history == ["merged from 2 models"] and run.dataset_fingerprint == "f" * 64
    assert merge_models([a, half], tmp_path / "mixed").manifest.run.dtype == "float32"
    halves = half, prune_model(a, tmp_path / "half a", threshold=0, dtype="float16")
    made = merge_models(halves, tmp_path / "halves")
    assert made.manifest.run.dtype == "float16"
    assert json.loads((made.path / "manifest.json").read_text())["run"]["config"]["dtype"] == "float16"
    assert slice_model(made, tmp_path / "s", np.array([0])).manifest.run.dtype == "float16"
