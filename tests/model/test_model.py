"""The model on disk: what is damaged or missing is said, import and export agree with LIBLINEAR and SciPy."""

import json
import shutil
from dataclasses import replace

import liblinear.liblinearutil as lu
import numpy as np
import pytest
import scipy.sparse as sp
from helpers.models import model_of
from helpers.small_data import files_of, small_dataset

from pwdismec import machine
from pwdismec.errors import ConfigError, DataError, ModelError, PwdismecError
from pwdismec.model import Model, Shard, text_format
from pwdismec.model.npz_format import export_npz
from pwdismec.model.shard import write_shard
from pwdismec.model.slicing import slice_model
from pwdismec.model.text_format import export_text, import_text
from pwdismec.training import TrainingConfig, train


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model") / "m"
    return train(small_dataset(), folder, TrainingConfig(shard_size=10))


@pytest.fixture
def copy(trained, tmp_path):
    shutil.copytree(trained.path, tmp_path / "m")
    return tmp_path / "m"


def test_shards_carry_their_labels(trained):
    ids, weights, bias = trained.weights()
    np.testing.assert_array_equal(ids, np.arange(40))
    assert weights.n_rows == len(bias) == 40
    assert trained.nnz == weights.nnz
    assert [entry.n_trained for entry in trained.manifest.shards] == [10, 10, 10, 10, 0]


def test_a_label_whose_gap_is_no_number_misses_every_tolerance(trained, tmp_path):
    plan, shard = trained.manifest.run.plan[1], list(trained.shards())[1]
    primal = shard.certificate.primal.copy()
    primal[3] = np.nan
    unknown = replace(shard, certificate=replace(shard.certificate, primal=primal))
    (tmp_path / plan.file).parent.mkdir()
    promised, unpromised = replace(unknown, gap_tolerance=0.1), replace(unknown, gap_tolerance=None)
    assert write_shard(tmp_path, plan, "run", promised).beyond_tolerance == (13,)
    assert write_shard(tmp_path, plan, "run", unpromised).beyond_tolerance == ()


def test_shards_together_promise_what_the_loosest_solver_promised(trained):
    shards = [
        replace(shard, gap_tolerance=t) for shard, t in zip(trained.shards(), (1e-3, 0.1, 1e-2), strict=False)
    ]
    assert Shard.concatenate(shards).gap_tolerance == 0.1
    assert Shard.concatenate([*shards, replace(shards[0], gap_tolerance=None)]).gap_tolerance is None


def test_no_folder_and_no_model(tmp_path):
    with pytest.raises(ModelError, match="no such folder"):
        Model.open(tmp_path / "none")
    with pytest.raises(ModelError, match=r"not a model: it has no manifest\.json"):
        Model.open(tmp_path)


def test_a_missing_shard_is_named(copy):
    (copy / "shards" / "00002.safetensors").unlink()
    with pytest.raises(
        ModelError,
        match=r"00002\.safetensors: is missing: .*; train labels 20 to 29 again: `pwdismec train .* --resume",
    ):
        Model.open(copy)


def test_a_truncated_shard_is_named(copy):
    shard = copy / "shards" / "00002.safetensors"
    shard.write_bytes(shard.read_bytes()[:-1])
    with pytest.raises(ModelError, match=r"00002\.safetensors: shard has \d+ bytes; its manifest says \d+"):
        Model.open(copy)


@pytest.mark.parametrize("place", [0, 9, 200, -1])
def test_a_changed_byte_is_found(copy, place):
    shard = copy / "shards" / "00001.safetensors"
    content = bytearray(shard.read_bytes())
    content[place] ^= 0x40
    shard.write_bytes(content)
    with pytest.raises(ModelError, match=r"00001\.safetensors: shard changed since it was written"):
        list(Model.open(copy).shards())


def test_another_version_and_another_format(copy):
    manifest = json.loads((copy / "manifest.json").read_text())
    for field, value, message in [("version", 2, "model of version 2"), ("format", "x", "format is 'x'")]:
        changed = json.loads(json.dumps(manifest))
        changed["run"][field] = value
        (copy / "manifest.json").write_text(json.dumps(changed))
        with pytest.raises(ModelError, match=message):
            Model.open(copy)
    (copy / "manifest.json").write_text("{")
    with pytest.raises(ModelError, match=r"manifest\.json: Invalid JSON"):
        Model.open(copy)
    del manifest["shards"]
    (copy / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelError, match=r"manifest\.json: shards: is missing"):
        Model.open(copy)


@pytest.mark.parametrize("constant", [1.0, 2.0, 0.5, 0.0])
def test_liblinear_reads_the_export_and_scores_alike(tmp_path, constant):
    """The constant feature's weight is the bias over its value, 2 or ½ as well as 1."""
    trained = train(small_dataset(), tmp_path / "m", TrainingConfig(bias=constant))
    export_text(trained, tmp_path / "model.txt")
    peer = lu.load_model(str(tmp_path / "model.txt"))
    X = small_dataset(7).features.to_scipy()
    _, _, scores = lu.predict(
        [], [dict(zip(row.indices + 1, map(float, row.data), strict=True)) for row in X], peer, "-q"
    )
    ids, weights, bias = trained.weights()
    expected = (X @ weights.to_scipy().T).toarray() + bias
    np.testing.assert_array_equal(peer.get_labels(), ids)
    np.testing.assert_allclose(scores, expected, atol=1e-5)
    back = import_text([tmp_path / "model.txt"], tmp_path / "back", n_labels=45)
    np.testing.assert_array_equal(back.weights()[2], bias)


def test_text_round_trip_in_several_shards(trained, tmp_path, monkeypatch):
    monkeypatch.setattr("pwdismec.model.text_format._SHARD_SIZE", 10)
    export_text(trained, tmp_path / "model.txt")
    back = import_text([tmp_path / "model.txt"], tmp_path / "back", n_labels=45)
    assert len(back.manifest.shards) == 4  # one would be empty
    for found, expected in zip(back.shards(), trained.shards(), strict=False):
        np.testing.assert_array_equal(found.label_ids, expected.label_ids)
        np.testing.assert_array_equal(found.bias, expected.bias)
        np.testing.assert_array_equal(
            found.weights.to_scipy().toarray(), expected.weights.to_scipy().toarray()
        )


def test_text_round_trip_in_one_file_and_in_batches(trained, tmp_path):
    export_text(trained, tmp_path / "model.txt")
    back = import_text([tmp_path / "model.txt"], tmp_path / "back", n_labels=45)
    for found, expected in zip(back.weights(), trained.weights(), strict=True):
        if isinstance(found, np.ndarray):
            np.testing.assert_array_equal(found, expected)
        else:
            np.testing.assert_array_equal(found.to_scipy().toarray(), expected.to_scipy().toarray())
    lines = (tmp_path / "model.txt").read_text().splitlines()
    labels, rows = lines[2].split()[1:], [line.split() for line in lines[6:]]
    batches = []
    for name, picked in [("odd", slice(1, None, 2)), ("even", slice(0, None, 2))]:
        header = [lines[0], f"nr_class {len(labels[picked])}", "label " + " ".join(labels[picked])]
        body = [" ".join(row[picked]) for row in rows]
        batches.append(tmp_path / name)
        batches[-1].write_text("\n".join([*header, *lines[3:6], *body]) + "\n")
    merged = import_text(batches, tmp_path / "merged", n_labels=45)
    assert files_of(merged.path / "shards").keys() == files_of(back.path / "shards").keys()
    np.testing.assert_array_equal(
        merged.weights()[1].to_scipy().toarray(), trained.weights()[1].to_scipy().toarray()
    )


def test_progress_begins_with_nothing_and_ends_with_all(trained, tmp_path):
    lines, files = [], []
    export_text(trained, tmp_path / "model.txt", lambda *told: lines.append(told))
    assert lines == [(done, 40) for done in range(41)]
    import_text([tmp_path / "model.txt"], tmp_path / "back", on_file=lambda *told: files.append(told))
    assert files == [(0, 1), (1, 1)]


def test_two_classes_of_liblinear_are_one_column(tmp_path):
    dataset = small_dataset()
    y = np.zeros(dataset.n_instances)
    y[dataset.label_instances.rows(3, 4).indices[: int(dataset.label_counts[3])]] = 1
    X = dataset.features.to_scipy().astype(np.float64)
    peer = lu.train(y, X, "-s 2 -B 1 -q")
    lu.save_model(str(tmp_path / "two.txt"), peer)
    model = import_text([tmp_path / "two.txt"], tmp_path / "m")
    ids, weights, bias = model.weights()
    np.testing.assert_array_equal(ids, [0, 1])
    scores = X @ weights.to_scipy().T.toarray() + bias
    np.testing.assert_allclose(scores[:, 0], -scores[:, 1], atol=1e-6)
    _, _, expected = lu.predict([], X, peer, "-q")
    first = peer.get_labels()[0]
    np.testing.assert_allclose(scores[:, first], np.ravel(expected), atol=1e-4)


TEXT = "solver_type L2R_L2LOSS_SVC\nnr_class 3\nlabel 0 4 2\nnr_feature 2\nbias 1\nw\n1 2 3\n4 5 6\n7 8 9\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (TEXT.replace("nr_class", "classes"), r"m\.txt:2: 'classes 3'"),
        (TEXT.replace("4 5 6", "4 5"), r"m\.txt:8: 2 weights; expected 3"),
        (TEXT.replace("4 5 6", "4 x 6"), r"m\.txt:8: .*'x'"),
        (TEXT.replace("4 5 6", "4 nan 6"), r"m\.txt:8: .*finite"),
        (TEXT + "1 2 3\n", r"m\.txt:10: more lines than features"),
        (TEXT.replace("7 8 9\n", ""), r"m\.txt: ends after 2 lines"),
        (TEXT.replace("label 0 4 2", "label 0 4 4"), r"m\.txt:3: label: an id twice; expected distinct ids"),
        (TEXT.replace("label 0 4 2", "label 0 4"), r"m\.txt:3: 2 labels; nr_class says 3"),
        (TEXT.split("w\n")[0], r"m\.txt: ends before the line 'w'"),
        ("\0\1\2ü", r"m\.txt"),
    ],
)
def test_a_bad_text_model_is_named_by_file_and_line(tmp_path, text, message):
    (tmp_path / "m.txt").write_text(text)
    with pytest.raises(DataError, match=message):
        import_text([tmp_path / "m.txt"], tmp_path / "out")
    assert [p.name for p in tmp_path.iterdir()] == ["m.txt"]


def test_labels_twice_or_beyond_the_number_said(tmp_path):
    (tmp_path / "m.txt").write_text(TEXT)
    with pytest.raises(DataError, match="label 0 has weights twice"):
        import_text([tmp_path / "m.txt", tmp_path / "m.txt"], tmp_path / "out")
    with pytest.raises(ConfigError, match="n_labels: 4; the files hold label 4"):
        import_text([tmp_path / "m.txt"], tmp_path / "out", n_labels=4)
    model = import_text([tmp_path / "m.txt"], tmp_path / "out")
    assert model.n_labels == 5
    np.testing.assert_array_equal(model.weights()[0], [0, 2, 4])
    np.testing.assert_array_equal(model.weights()[1].to_scipy().toarray(), [[1, 4], [3, 6], [2, 5]])
    np.testing.assert_array_equal(model.weights()[2], [7, 9, 8])


def test_scipy_reads_the_npz_export(trained, tmp_path):
    export_npz(trained, tmp_path / "m.npz")
    matrix = sp.load_npz(tmp_path / "m.npz")
    ids, weights, bias = trained.weights()
    assert matrix.shape == (45, 40)
    np.testing.assert_array_equal(matrix.toarray()[ids], weights.to_scipy().toarray())
    assert matrix[40:].nnz == 0
    with np.load(tmp_path / "m.npz") as file:
        np.testing.assert_array_equal(file["bias"][ids], bias)
        assert np.isnan(file["bias"][40:]).all()
    written = (tmp_path / "m.npz").read_bytes()
    (tmp_path / "m.npz").write_bytes(b"mine")
    with pytest.raises(PwdismecError, match="exists"):
        export_npz(trained, tmp_path / "m.npz")
    assert (tmp_path / "m.npz").read_bytes() == b"mine"
    export_npz(trained, tmp_path / "m.npz", overwrite=True)
    assert (tmp_path / "m.npz").read_bytes() == written


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("bias 1", "bias inf", "5: bias: 'inf'; expected a finite number"),
        ("bias 1", "bias nan", "5: bias: 'nan'; expected a finite number"),
        ("bias 1", "bias 1_0", "5: bias: '1_0'; expected a finite number"),
        ("bias 1", "bias 1e39", "5: bias: '1e39'; expected a finite number"),
        ("bias 1", "bias", "5: bias: ''; expected a finite number"),
        ("bias 1", "bias 1 1", "5: bias: '1 1'; expected a finite number"),
        ("bias 1", "bias 3e38", "9: weight times bias is beyond float32"),
        ("bias 1", "bias 1\nbias 1", "6: 'bias 1' once more; expected a line of a LIBLINEAR model's header"),
        ("bias 1\n", "", ": header: no line 'bias'"),
        ("nr_feature 2", "nr_feature 0", "4: nr_feature: '0'; expected a whole number from 1 to 2147483647"),
        ("nr_feature 2", "nr_feature -2", "4: nr_feature: '-2'"),
        ("nr_feature 2", "nr_feature 2.0", "4: nr_feature: '2.0'"),
        ("nr_feature 2", "nr_feature 2147483648", "4: nr_feature: '2147483648'"),
        ("nr_feature 2", f"nr_feature {'9' * 5000}", f"4: nr_feature: '{'9' * 40}'"),
        ("nr_feature 2", "nr_feature 2147483647", ": ends after 3 lines of weights; expected 2147483648"),
        ("nr_class 3", "nr_class 4", "3: 3 labels; nr_class says 4"),
        ("nr_class 3", "nr_class 0", "2: nr_class: '0'; expected a whole number from 1"),
        ("label 0 4 2", "label 0 4 2147483647", "3: label: '2147483647'; expected ids from 0 to 2147483646"),
        ("label 0 4 2", "label 0 4 4294967298", "3: label: '4294967298'; expected ids"),
        ("label 0 4 2", f"label 0 4 {'9' * 5000}", f"3: label: '{'9' * 40}'; expected ids"),
        ("label 0 4 2", "label 0 4 -1", "3: label: '-1'; expected ids"),
        ("label 0 4 2", "label 0 4 +1", "3: label: '+1'; expected ids"),
        ("label 0 4 2", "label 0 4 1.5", "3: label: '1.5'; expected ids"),
        ("label 0 4 2", "label 0 4 1e3", "3: label: '1e3'; expected ids"),
        ("label 0 4 2", "label 0 4 1_0", "3: label: '1_0'; expected ids"),
        ("label 0 4 2", "label 0 4 \u0663", "3: not a text model: it holds bytes that are no ASCII text"),
        ("1 2 3", "1 2 1e39", "7: a weight is no finite number"),
        ("1 2 3", "1 2 -inf", "7: a weight is no finite number"),
        ("1 2 3", "1 2 1_0", "7: a weight is no finite number"),
        ("1 2 3", "1 2 0x3", "7: could not convert string to float: '0x3'"),
        ("1 2 3", f"1 2 {'z' * 10**6}", "7: could not convert string to float: 'zzz"),
        ("1 2 3", "", "7: 0 weights; expected 3"),
    ],
)
def test_numbers_of_a_text_model_are_taken_as_they_stand_or_not_at_all(tmp_path, old, new, message):
    (tmp_path / "m.txt").write_text(TEXT.replace(old, new))
    with pytest.raises(DataError) as caught:
        import_text([tmp_path / "m.txt"], tmp_path / "out")
    assert f"m.txt:{message}".replace("::", ":") in str(caught.value)
    assert len(str(caught.value)) < 300
    assert [p.name for p in tmp_path.iterdir()] == ["m.txt"]


def test_a_large_label_costs_no_more_than_a_small_one(tmp_path, monkeypatch):
    largest = 2**31 - 2
    (tmp_path / "m.txt").write_text(TEXT.replace("label 0 4 2", f"label 0 {largest} 2"))
    model = import_text([tmp_path / "m.txt"], tmp_path / "out")
    assert model.n_labels == largest + 1
    assert [(place.first, place.stop) for place in model.manifest.run.plan] == [
        (0, 1000),
        (2147483000, largest + 1),
    ]
    np.testing.assert_array_equal(model.weights()[0], [0, 2, largest])
    with pytest.raises(ConfigError, match="n_labels: 2147483648; expected at most 2147483647"):
        import_text([tmp_path / "m.txt"], tmp_path / "more", n_labels=2**31)
    monkeypatch.setattr(machine, "memory", lambda: 10**9)
    with pytest.raises(DataError, match=r"out: a matrix of 2147483647 rows would take 68\.7 GB"):
        export_npz(model, tmp_path / "out.npz")
    cut = slice_model(model, tmp_path / "cut", np.array([largest]))
    np.testing.assert_array_equal(cut.weights()[0], [largest])


def test_a_line_of_a_text_model_has_a_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(text_format, "_LONGEST_LINE", 1000)
    for length, expected in ((1000, "label: "), (1001, "a line of more than 1 kB; expected shorter lines")):
        (tmp_path / "m.txt").write_text(TEXT.replace("0 4 2", "0 4 2".ljust(length - len("label "), "x")))
        with pytest.raises(DataError, match=rf"m\.txt:3: {expected}"):
            import_text([tmp_path / "m.txt"], tmp_path / "out")


def test_lines_without_weights_take_no_memory(tmp_path):
    (tmp_path / "m.txt").write_text(TEXT.replace("nr_feature 2", "nr_feature 200000").split("1 2 3")[0])
    with (tmp_path / "m.txt").open("a") as file:
        file.write("0 0 0\n" * 200_000 + "1 1 1\n")
    model = import_text([tmp_path / "m.txt"], tmp_path / "out")
    assert (model.n_features, model.nnz) == (200_000, 0)
    np.testing.assert_array_equal(model.weights()[2], [1, 1, 1])


def test_a_label_is_found_by_its_id_its_uri_or_its_name(tmp_path):
    names, uris = ["a", "b", "b", "", "u:0"], ["u:0", "u:1", "u:2", "b", "3"]
    model = model_of(tmp_path / "m", np.eye(5), names=names, uris=uris)
    found = {label: model.label_id(label) for label in (2, *uris, "a", "")}
    assert found == {
        2: 2,
        "u:0": 0,
        "u:1": 1,
        "u:2": 2,
        "b": 3,
        "3": 4,
        "a": 0,
        "": 3,
    }  # URIs go before names
    for label in ("c", "2"):
        with pytest.raises(ModelError, match=f"label '{label}' is not in the model"):
            model.label_id(label)


def test_a_name_of_several_labels_is_told_with_their_ids_and_uris(tmp_path):
    uris = [f"u:{i}" for i in range(9)]
    with_uris = model_of(tmp_path / "with", np.eye(9), names=["a", *"b" * 8], uris=uris)
    with pytest.raises(ModelError, match=r"'b' is the name of 8 labels \(1 u:1, .*, 5 u:5, 3 more\); .* URI"):
        with_uris.label_id("b")
    without = model_of(tmp_path / "without", np.eye(9), names=["a", "a", *"b" * 7])
    with pytest.raises(ModelError, match=r"'a' is the name of 2 labels \(0, 1\); give an id$"):
        without.label_id("a")
