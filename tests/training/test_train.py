"""Training: the same bits however it is run, and nothing finished is ever lost."""

import shutil
import subprocess
import sys
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from helpers.killing import ends_at_rename
from helpers.small_data import files_of, small_dataset
from helpers.waiting import wait_until

from pwdismec import files
from pwdismec.data import Dataset
from pwdismec.errors import ConfigError, DataError, ModelError, OutputError, StorageError
from pwdismec.model import Model
from pwdismec.solvers import BlockDualCD, Problem
from pwdismec.training import TrainingConfig, train
from pwdismec.training.runs import begin, run_of
from pwdismec.weighting import Weighting, positive_weights

CONFIG = TrainingConfig(shard_size=10)


@pytest.fixture(scope="module")
def dataset():
    return small_dataset()


@pytest.fixture(scope="module")
def whole(dataset, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "whole"
    train(dataset, folder, CONFIG, jobs=1)
    return folder


def test_the_model_holds_what_the_solver_gives(dataset, whole):
    weights = positive_weights(Weighting("pw"), dataset.label_counts, dataset.n_instances)
    problem = Problem(dataset.features, dataset.label_instances, weights)
    solver = BlockDualCD()
    prepared = solver.prepare(problem)
    model = Model.open(whole)
    for entry, shard in zip(model.manifest.shards, model.shards(), strict=True):
        assert entry.first == 10 * (entry.first // 10)
        trained = np.flatnonzero(dataset.label_counts[entry.first : entry.stop]) + entry.first
        np.testing.assert_array_equal(shard.label_ids, trained)
        np.testing.assert_array_equal(shard.positives, dataset.label_counts[trained])
        if len(trained):
            expected = prepared.solve(trained, CONFIG.prune)
            np.testing.assert_array_equal(
                shard.weights.to_scipy().toarray(), expected.weights.to_scipy().toarray()
            )
            np.testing.assert_array_equal(shard.bias, expected.bias)
            assert entry.worst_gap == expected.certificate.gap.max() <= CONFIG.tolerance
    assert sum(entry.n_trained for entry in model.manifest.shards) == 40
    assert not (whole / "run.json").exists()


@pytest.mark.parametrize("jobs", [2, 4, -1])
def test_threads_do_not_change_a_bit(dataset, whole, tmp_path, jobs):
    train(dataset, tmp_path / "m", CONFIG, jobs=jobs)
    assert files_of(tmp_path / "m") == files_of(whole)


class Broken(Exception):
    pass


@pytest.mark.parametrize("step", [0, 1, 2, 5, 8])
def test_a_broken_off_training_goes_on_to_the_same_bits(dataset, whole, tmp_path, step):
    calls = []

    def break_off(progress):
        calls.append(progress)
        if len(calls) > step:
            raise Broken

    with pytest.raises(Broken):
        train(dataset, tmp_path / "m", CONFIG, jobs=2, on_progress=break_off)
    with pytest.raises(ModelError, match=r"not finished: \d of 5 shards"):
        Model.open(tmp_path / "m")
    seen = []
    train(dataset, tmp_path / "m", CONFIG, jobs=2, resume=True, on_progress=seen.append)
    assert files_of(tmp_path / "m") == files_of(whole)
    assert seen[0].labels_resumed == seen[0].labels_done == 10 * (calls[-1].shards_done)
    assert seen[-1].labels_done == seen[-1].labels_total == 40
    assert seen[-1].shards_done == seen[-1].shards_total == 5


def test_a_killed_training_goes_on_to_the_same_bits(dataset, tmp_path):
    dataset.save(tmp_path / "data")
    script = (
        "import sys\n"
        "from pwdismec.data import Dataset\n"
        "from pwdismec.training import TrainingConfig, train\n"
        "config = TrainingConfig(shard_size=2, tolerance=1e-6)\n"
        "train(Dataset.open(sys.argv[1]), sys.argv[2], config, resume=True)\n"
    )

    def start(model):
        command = [sys.executable, "-c", script, str(tmp_path / "data"), str(model)]
        return subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE)

    expected = tmp_path / "expected"
    assert start(expected).wait() == 0
    killed = tmp_path / "killed"
    for shards in (1, 4, 9):
        process = start(killed)
        wait_until(lambda shards=shards: len(list((killed / "shards").glob("0*"))) >= shards, process)
        process.kill()
        process.wait()
    process = start(killed)
    assert process.wait() == 0, process.stderr.read()
    assert files_of(killed) == files_of(expected)


@pytest.mark.parametrize("done", [False, True], ids=["before a rename", "after a rename"])
def test_a_kill_at_any_rename_loses_nothing(tmp_path, done):
    """The process ends without any cleaning up around each of its renames in turn; then training goes on."""
    dataset = small_dataset(label_names=["name"] * 45, label_uris=[f"uri:{i}" for i in range(45)])
    train(dataset, tmp_path / "whole", CONFIG, jobs=1)
    kills = 0
    while True:
        folder = tmp_path / f"killed-{kills}"
        if not ends_at_rename(kills, done, partial(train, dataset, folder, CONFIG, jobs=1)):
            break
        train(dataset, folder, CONFIG, jobs=1, resume=True)
        assert files_of(folder) == files_of(tmp_path / "whole")
        kills += 1
    assert kills == 15  # run.json, names, URIs, five shards, the manifest, and claims on these six


def test_resuming_a_whole_model_changes_nothing(dataset, whole):
    before = files_of(whole)
    train(dataset, whole, CONFIG, resume=True)
    assert files_of(whole) == before


def test_what_is_there_is_never_overwritten(dataset, whole, tmp_path):
    with pytest.raises(ModelError, match=r"holds a finished model; train into another folder"):
        train(dataset, whole, CONFIG)
    with pytest.raises(ModelError, match=r"other settings or data \(C was 1.0, now 2.0\)"):
        train(dataset, whole, TrainingConfig(shard_size=10, C=2), resume=True)
    with pytest.raises(ModelError, match=r"other settings or data \(.*another data set"):
        train(small_dataset(1), whole, CONFIG, resume=True)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("…")
    with pytest.raises(ModelError, match="exists and is not a model"):
        train(dataset, tmp_path / "mine", CONFIG)
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match="exists and is not a model"):
        train(dataset, tmp_path / "file", CONFIG)


OTHER = TrainingConfig(shard_size=10, C=2)


def break_off_after(shards):
    def on_progress(progress):
        if progress.shards_done == shards:
            raise Broken

    return on_progress


def test_an_older_model_stays_until_the_new_one_is_whole(dataset, whole, tmp_path):
    folder = shutil.copytree(whole, tmp_path / "m")
    with pytest.raises(Broken):
        train(dataset, folder, OTHER, overwrite=True, on_progress=break_off_after(3))
    assert files_of(folder) == files_of(whole)
    seen = []
    train(dataset, folder, OTHER, overwrite=True, resume=True, on_progress=seen.append)
    assert seen[0].shards_done == 3
    train(dataset, tmp_path / "expected", OTHER)
    assert files_of(folder) == files_of(tmp_path / "expected")
    seen.clear()
    train(dataset, folder, OTHER, overwrite=True, resume=True, on_progress=seen.append)
    assert seen == [], "it is there"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["expected", "m"]


def test_what_was_begun_by_overwriting_nothing_goes_on_in_its_place(dataset, whole, tmp_path):
    with pytest.raises(Broken):
        train(dataset, tmp_path / "m", CONFIG, overwrite=True, on_progress=break_off_after(3))
    seen = []
    train(dataset, tmp_path / "m", CONFIG, overwrite=True, resume=True, on_progress=seen.append)
    assert seen[0].shards_done == 3 and files_of(tmp_path / "m") == files_of(whole)
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_a_training_that_was_broken_off_is_replaced_by_another(dataset, whole, tmp_path):
    with pytest.raises(Broken):
        train(dataset, tmp_path / "m", OTHER, on_progress=break_off_after(3))
    with pytest.raises(
        ModelError, match=r"an interrupted training with other .* or replace it with --overwrite"
    ):
        train(dataset, tmp_path / "m", CONFIG)
    train(dataset, tmp_path / "m", CONFIG, overwrite=True)
    assert files_of(tmp_path / "m") == files_of(whole)


def test_overwriting_without_resuming_begins_anew(dataset, whole, tmp_path):
    folder = shutil.copytree(whole, tmp_path / "m")
    with pytest.raises(Broken):
        train(dataset, folder, OTHER, overwrite=True, on_progress=break_off_after(3))
    seen = []
    train(dataset, folder, OTHER, overwrite=True, on_progress=seen.append)
    assert seen[0].shards_done == 0
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_a_training_that_runs_is_not_replaced(dataset, tmp_path):
    def replace_it(progress):
        with pytest.raises(OutputError, match="holds a training that runs"):
            train(dataset, tmp_path / "m", OTHER, overwrite=True)
        raise Broken

    with pytest.raises(Broken):
        train(dataset, tmp_path / "m", CONFIG, on_progress=lambda at: replace_it(at) if at.shards_done else 0)


def flip_a_byte(path, place=-5):
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def test_a_damaged_shard_of_a_broken_off_training_is_told_and_trained_again(dataset, whole, tmp_path, caplog):
    def break_off(progress):
        if progress.shards_done == 3:
            raise Broken

    with pytest.raises(Broken):
        train(dataset, tmp_path / "m", CONFIG, on_progress=break_off)
    flip_a_byte(tmp_path / "m" / "shards" / "00001.safetensors")
    train(dataset, tmp_path / "m", CONFIG, resume=True)
    assert files_of(tmp_path / "m") == files_of(whole)
    [said] = [record.getMessage() for record in caplog.records]
    assert "00001.safetensors: shard is damaged" in said and said.endswith("training labels 10 to 19 again")


@pytest.mark.parametrize(
    "damage",
    [
        lambda m: flip_a_byte(m / "shards" / "00001.safetensors"),
        lambda m: (m / "shards" / "00001.safetensors").write_bytes(b""),
        lambda m: (m / "shards" / "00001.safetensors").unlink(),
        lambda m: (m / "manifest.json").write_text("{"),
        lambda m: (m / "manifest.json").write_text("[" * 10**5),
    ],
)
def test_a_damaged_model_says_how_to_mend_it_and_is_mended_to_the_same_bits(dataset, whole, tmp_path, damage):
    shutil.copytree(whole, tmp_path / "m")
    damage(tmp_path / "m")
    with pytest.raises(ModelError, match="--resume"):
        list(Model.open(tmp_path / "m").shards())
    with pytest.raises(ModelError, match="--resume"):
        train(dataset, tmp_path / "m", CONFIG)
    seen = []
    train(dataset, tmp_path / "m", CONFIG, resume=True, on_progress=seen.append)
    assert files_of(tmp_path / "m") == files_of(whole)
    assert seen[0].shards_done >= 4  # the others are kept


def test_a_damaged_model_of_other_settings_is_left_as_it_is(dataset, whole, tmp_path):
    shutil.copytree(whole, tmp_path / "m")
    flip_a_byte(tmp_path / "m" / "shards" / "00001.safetensors")
    before = files_of(tmp_path / "m")
    with pytest.raises(ModelError, match="other settings or data"):
        train(dataset, tmp_path / "m", TrainingConfig(shard_size=10, C=2), resume=True)
    assert files_of(tmp_path / "m") == before


def test_leftovers_of_a_kill_are_swept(dataset, whole, tmp_path):
    def break_off(progress):
        if progress.shards_done == 1:
            raise Broken

    with pytest.raises(Broken):
        train(dataset, tmp_path / "m", CONFIG, on_progress=break_off)
    (tmp_path / "m" / "shards" / ".00001.safetensors.0123abcd.part").write_bytes(b"half")
    train(dataset, tmp_path / "m", CONFIG, resume=True)
    assert files_of(tmp_path / "m") == files_of(whole)


def test_a_full_disk_loses_nothing_that_was_finished(dataset, whole, tmp_path, monkeypatch):
    write, calls = files.write_part, []

    def full(path, content):
        calls.append(path)
        if len(calls) == 4:  # run.json, two shards
            write(path, b"half a sha")
            raise OSError(28, "No space left on device")
        write(path, content)

    message = r"00002\.safetensors: cannot write: No space left on device"
    with monkeypatch.context() as patch, pytest.raises(StorageError, match=message):
        patch.setattr(files, "write_part", full)
        train(dataset, tmp_path / "m", CONFIG)
    assert sorted(p.name for p in (tmp_path / "m" / "shards").iterdir()) == [
        "00000.safetensors",
        "00001.safetensors",
    ]
    train(dataset, tmp_path / "m", CONFIG, resume=True)
    assert files_of(tmp_path / "m") == files_of(whole)


def test_names_and_transforms_travel_with_the_model(tmp_path):
    names, uris = [f"näme {i}" for i in range(45)], [f"üri {i}" for i in range(45)]
    raw = small_dataset(label_names=names)
    counts = Dataset.from_arrays(
        type(raw.features)(
            raw.features.indptr,
            raw.features.indices,
            np.ceil(raw.features.data * 5).astype(np.float32),
            raw.n_features,
        ),
        raw.labels,
        label_names=names,
        label_uris=uris,
    )
    transforms = type(raw.transforms).fit(counts.features, tfidf=True)
    model = train(counts.transformed(transforms), tmp_path / "m", CONFIG)
    assert model.transforms == transforms
    assert (model.label_names, model.label_uris) == (names, uris)


def test_weights_from_a_file_are_part_of_the_run(dataset, tmp_path):
    path = tmp_path / "weights.txt"
    path.write_text("2.5\n" * 45)
    config = TrainingConfig(Weighting(f"file:{path}"), shard_size=10)
    train(dataset, tmp_path / "m", config)
    path.write_text("2.6\n" * 45)
    with pytest.raises(ModelError, match=r"\(other label weights\)"):
        train(dataset, tmp_path / "m", config, resume=True)


def test_liblinear_trains_the_same_model_within_its_tolerance(dataset, whole, tmp_path):
    config = TrainingConfig(solver="liblinear", tolerance=1e-6, shard_size=10)
    reference = train(dataset, tmp_path / "m", config, jobs=2)
    assert not any(entry.beyond_tolerance for entry in reference.manifest.shards)  # -e is no gap
    ids, _, _ = reference.weights()
    np.testing.assert_array_equal(ids, Model.open(whole).weights()[0])


def test_two_solvers_weights_are_as_near_as_their_certificates_say(dataset, tmp_path):
    """P is strongly convex: ½‖w − w*‖² ≤ P(w) − P* ≤ gap · P for either."""

    def found(name, **settings):
        model = train(dataset, tmp_path / name, TrainingConfig(prune=0.0, **settings))
        _, weights, bias = model.weights()
        certificates = [shard.certificate for shard in model.shards()]
        primal, gap = (np.concatenate([getattr(c, name) for c in certificates]) for name in ("primal", "gap"))
        return np.column_stack([weights.to_scipy().toarray(), bias]), np.sqrt(2 * gap.clip(0) * primal)

    ours, our_radius = found("ours", tolerance=1e-5)
    theirs, their_radius = found("theirs", tolerance=1e-7, solver="liblinear")
    distance = np.linalg.norm(ours - theirs, axis=1)
    assert np.all(distance <= our_radius + their_radius + 1e-5)
    assert our_radius.max() < 0.02 and their_radius.max() < 0.005  # so that this says something


def test_labels_that_miss_the_tolerance_are_in_the_manifest(dataset, tmp_path):
    config = TrainingConfig(tolerance=1e-9, max_epochs=2, C=100, shard_size=10)
    model = train(dataset, tmp_path / "m", config)
    for entry, shard in zip(model.manifest.shards, model.shards(), strict=True):
        missed = shard.label_ids[shard.certificate.gap > 1e-9]
        assert entry.beyond_tolerance == tuple(missed)
        assert np.all(shard.weights.row_lengths > 0)  # they are kept as far as they came
    assert model.manifest.shards[0].beyond_tolerance


def test_nothing_to_train_is_said(tmp_path):
    dataset = small_dataset().select_labels(np.arange(40, 45))
    with pytest.raises(DataError, match="no positive of any label"):
        train(dataset, tmp_path / "m")
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize(
    "setting",
    [
        {"C": 0},
        {"C": float("nan")},
        {"tolerance": 1.0},
        {"tolerance": -1},
        {"bias": -1},
        {"prune": -0.1},
        {"prune": float("inf")},
        {"shard_size": 0},
        {"max_epochs": 0},
        {"solver": "sgd"},
        {"seed": -1},
    ],
)
def test_settings_out_of_range_are_named(setting):
    with pytest.raises(ConfigError, match=f"{next(iter(setting))}: .*expected"):
        TrainingConfig(**setting)


def test_who_begins_another_run_where_one_has_just_begun_is_told(dataset, tmp_path):
    first, second = run_of(dataset, CONFIG), run_of(dataset, replace(CONFIG, C=2.0))
    assert begin(tmp_path / "m", first, dataset) == begin(tmp_path / "m", first, dataset)
    with pytest.raises(ModelError, match="another training has just begun there, with other settings"):
        begin(tmp_path / "m", second, dataset)


def test_a_kill_behind_the_exchange_leaves_no_older_model(dataset, whole, tmp_path):
    train(dataset, tmp_path / "m", TrainingConfig(shard_size=10, C=2))

    def overwrite():
        train(dataset, tmp_path / "m", CONFIG, overwrite=True, jobs=1)

    number = 0
    while (tmp_path / "m" / "manifest.json").read_bytes() != (whole / "manifest.json").read_bytes():
        assert ends_at_rename(number, True, overwrite)
        number += 1
    train(dataset, tmp_path / "m", CONFIG, overwrite=True, resume=True)
    assert [path.name for path in tmp_path.iterdir()] == ["m"]
    assert files_of(tmp_path / "m") == files_of(whole)
