"""Tuning: each row of the table is what training, predicting and evaluating by hand gives."""

import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from helpers.killing import ends_at_rename
from helpers.random_matrices import sparse
from helpers.small_data import files_of, small_dataset
from hypothesis import given, settings
from hypothesis import strategies as st

from pwdismec import files
from pwdismec.data import CSR, Dataset
from pwdismec.errors import ConfigError, DataError, ModelError, PwdismecError
from pwdismec.metrics import evaluate
from pwdismec.prediction import Predictor
from pwdismec.prediction.dense_features import DenseFeatures
from pwdismec.steps.calibrate import check_share
from pwdismec.training import TrainingConfig, train
from pwdismec.tuning import Grid, split, tune
from pwdismec.tuning.standings import cut

GRID = Grid.of(("vanilla", "pw-cb"), C=(0.3, 3.0), beta=(0.5, 0.9), prune=(0.01, 0.2))
CONFIG = TrainingConfig(shard_size=10, seed=3)
SHARDS = 5


@pytest.fixture(scope="module")
def dataset():
    return small_dataset(n=200)


@pytest.fixture(scope="module")
def whole(dataset, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tunings") / "whole"
    tune(dataset, folder, GRID, CONFIG, jobs=1)
    return folder


def test_settings_tried_in_few_passes_are_certified_in_the_end(dataset, tmp_path):
    tuning = tune(dataset, tmp_path / "tuned", GRID, replace(CONFIG, passes=1), jobs=1)
    assert len(tuning.outcomes) == 12 and tuning.run.config["passes"] == 1
    assert tuning.best == replace(
        CONFIG, weighting=tuning.best.weighting, C=tuning.best.C, prune=tuning.best.prune
    )
    assert tuning.best.passes is None and all(outcome.beyond_tolerance == 0 for outcome in tuning.outcomes)


@pytest.mark.parametrize("solver, tolerance", [("block-dcd", 1e-6), ("liblinear", 1e-8)])
def test_every_row_is_what_the_steps_by_hand_give(dataset, tmp_path, solver, tolerance):
    base = replace(CONFIG, solver=solver, tolerance=tolerance)
    tuning = tune(dataset, tmp_path / "tuned", GRID, base, holdout=0.25, a=0.6, b=2.0, jobs=2)
    training, held_out = split(dataset, 0.25, 3)
    found = {(o.weighting, o.a, o.b, o.beta, o.C, o.prune): (o.percent, o.weights) for o in tuning.outcomes}
    assert len(found) == len(tuning.outcomes) == 12
    for i, config in enumerate(GRID.configs(base)):
        for prune in GRID.prunes:
            model = train(training, tmp_path / f"{i} {prune}", replace(config, prune=prune))
            report = evaluate(
                Predictor(model).predict(held_out.features, 5),
                held_out.labels,
                label_counts=dataset.label_counts,
                n_train=dataset.n_instances,
                a=0.6,
                b=2.0,
            )
            scheme = config.weighting
            used = [getattr(scheme, n) if n in scheme.parameters else None for n in ("a", "b", "beta")]
            percent, weights = found[(scheme.scheme, *used, config.C, prune)]
            # Both solutions are certified at the tolerance and start from elsewhere: two nearly equal scores
            # of one of the 50 held-out instances may change places.
            assert percent == pytest.approx(report.percent, abs=0.5 if solver == "block-dcd" else 1e-9)
            assert abs(weights - model.nnz) <= 2  # one may lie at the threshold


def test_the_split_is_of_all_instances_at_random(dataset):
    training, held_out = split(dataset, 0.2, 3)
    assert (training.n_instances, held_out.n_instances) == (160, 40)
    rows = [row.tobytes() for part in (training, held_out) for row in part.features.to_scipy().toarray()]
    assert sorted(rows) == sorted(row.tobytes() for row in dataset.features.to_scipy().toarray())
    assert [part.n_instances for part in split(dataset, 0.005, 3)] == [199, 1]
    assert [part.n_instances for part in split(dataset, 0.995, 3)] == [1, 199]
    again, other = (split(dataset, 0.2, seed)[1].fingerprint for seed in (3, 4))
    assert again == held_out.fingerprint != other


def test_the_weights_see_the_training_part_alone(dataset, tmp_path):
    """A label all of whose positives are held out is not trained, and counts in the metrics all the same."""
    _, held_out = split(dataset, 0.2, 3)
    order = np.random.default_rng(3).permutation(200)[:40]
    only = np.zeros((200, 46), np.float32)
    only[:, :45] = dataset.labels.to_scipy().toarray()
    only[np.sort(order)[:3], 45] = 1
    more = Dataset.from_scipy(dataset.features.to_scipy(), only)
    seen = []
    grid = Grid.of(("pw",), C=(1,), prune=(0.01,))
    tune(more, tmp_path / "t", grid, CONFIG, on_progress=seen.append)
    assert seen[-1].labels_done == seen[-1].labels_total == 40
    assert split(more, 0.2, 3)[1].labels.nnz == held_out.labels.nnz + 3


@pytest.mark.parametrize("jobs", [2, 4, -1])
def test_threads_do_not_change_a_bit(dataset, whole, tmp_path, jobs):
    tune(dataset, tmp_path / "t", GRID, CONFIG, jobs=jobs)
    assert files_of(tmp_path / "t") == files_of(whole)


class Broken(Exception):
    pass


def breaking_off(shards):
    def on_progress(progress):
        if progress.shards_done == shards:
            raise Broken

    return on_progress


@pytest.mark.parametrize("shards", [0, 1, 3, 5])
def test_a_broken_off_tuning_goes_on_to_the_same_bits(dataset, whole, tmp_path, shards):
    folder = tmp_path / "t"
    with pytest.raises(Broken):
        tune(dataset, folder, GRID, CONFIG, jobs=2, on_progress=breaking_off(shards))
    with pytest.raises(ModelError, match="holds an interrupted tuning; resume with --resume"):
        tune(dataset, folder, GRID, CONFIG)
    seen = []
    tune(dataset, folder, GRID, CONFIG, jobs=2, resume=True, on_progress=seen.append)
    assert files_of(folder) == files_of(whole)
    assert (seen[0].shards_done, seen[0].labels_resumed) == (shards, min(10 * shards, 40))
    assert (seen[-1].shards_done, seen[-1].labels_done) == (SHARDS, 40)


@pytest.mark.parametrize("done", [False, True], ids=["before a rename", "after a rename"])
def test_a_kill_at_any_rename_loses_nothing(dataset, whole, tmp_path, done):
    """The process ends without any cleaning up around each of its renames in turn; then tuning goes on."""
    kills = 0
    while True:
        folder = tmp_path / f"killed-{kills}"
        if not ends_at_rename(kills, done, partial(tune, dataset, folder, GRID, CONFIG, jobs=1)):
            break
        tune(dataset, folder, GRID, CONFIG, jobs=1, resume=True)
        assert files_of(folder) == files_of(whole)
        kills += 1
    assert kills == 1 + SHARDS + 1  # tuning.json, the standings after each shard, the results


def test_a_tuning_is_gone_on_with_in_its_place_whatever_may_be_replaced(dataset, whole, tmp_path):
    folder, shards = tmp_path / "t", []

    def break_off(progress):
        if progress.shards_done == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        tune(dataset, folder, GRID, CONFIG, jobs=1, on_progress=break_off)
    begun = folder.stat().st_ino
    tune(dataset, folder, GRID, CONFIG, jobs=1, overwrite=True, resume=True, on_progress=shards.append)
    assert shards[0].shards_done == 3 and folder.stat().st_ino == begun
    assert files_of(folder) == files_of(whole)


def test_an_older_tuning_stays_until_the_new_one_is_whole(dataset, whole, tmp_path):
    folder, other = tmp_path / "t", replace(CONFIG, seed=4)
    tune(dataset, folder, GRID, other, jobs=1)
    older, shards = files_of(folder), []

    def break_off(progress):
        if progress.shards_done == 3:
            raise InterruptedError

    with pytest.raises(ModelError, match="or replace it with --overwrite"):
        tune(dataset, folder, GRID, CONFIG, jobs=1)
    with pytest.raises(PwdismecError):
        tune(dataset, folder, GRID, CONFIG, jobs=1, overwrite=True, on_progress=break_off)
    assert files_of(folder) == older
    for _ in range(2):  # the second time it is there
        tune(dataset, folder, GRID, CONFIG, jobs=1, overwrite=True, resume=True, on_progress=shards.append)
    assert files_of(folder) == files_of(whole) and shards[0].shards_done == 3
    assert [path.name for path in tmp_path.iterdir()] == ["t"]


def test_a_full_disk_loses_nothing_that_was_finished(dataset, whole, tmp_path, monkeypatch):
    write, calls = files.write_part, []

    def full(path, content):
        calls.append(path)
        if len(calls) == 4:  # tuning.json, two shards
            write(path, content[:100])
            raise OSError(28, "No space left on device")
        write(path, content)

    message = r"standings\.safetensors: cannot write: No space left on device"
    with monkeypatch.context() as patch, pytest.raises(PwdismecError, match=message):
        patch.setattr(files, "write_part", full)
        tune(dataset, tmp_path / "t", GRID, CONFIG)
    seen = []
    tune(dataset, tmp_path / "t", GRID, CONFIG, resume=True, on_progress=seen.append)
    assert seen[0].shards_done == 2
    assert files_of(tmp_path / "t") == files_of(whole)


def test_damage_is_not_built_upon(dataset, tmp_path):
    folder = tmp_path / "t"
    with pytest.raises(Broken):
        tune(dataset, folder, GRID, CONFIG, on_progress=breaking_off(2))
    path = folder / "standings.safetensors"
    whole = path.read_bytes()
    for content in (whole[:-1], whole[:-7] + bytes([whole[-7] ^ 1]) + whole[-6:], b""):
        path.write_bytes(content)
        with pytest.raises(ModelError, match=r"standings\.safetensors: damaged"):
            tune(dataset, folder, GRID, CONFIG, resume=True)


def test_a_finished_tuning_may_be_asked_for_another_metric(dataset, whole):
    before = files_of(whole)
    found = tune(dataset, whole, GRID, CONFIG, resume=True)
    assert files_of(whole) == before
    other = tune(dataset, whole, GRID, CONFIG, by="P@1", resume=True)
    for tuning, metric in ((found, "PSP@5"), (other, "P@1")):
        values = [o.percent[metric] for o in tuning.outcomes]
        assert tuning.by == metric and values == sorted(values, reverse=True) and values[0] > values[-1]
    assert {o.model_dump_json() for o in found.outcomes} == {o.model_dump_json() for o in other.outcomes}
    assert json.loads((whole / "results.json").read_text())["by"] == "P@1"
    tune(dataset, whole, GRID, CONFIG, resume=True)
    assert files_of(whole) == before


def test_the_best_is_a_setting_to_train_with(dataset, whole):
    tuning = tune(dataset, whole, GRID, CONFIG, resume=True)
    best = tuning.outcomes[0]
    assert best.percent["PSP@5"] == max(o.percent["PSP@5"] for o in tuning.outcomes)
    configs = [replace(c, prune=prune) for c in GRID.configs(CONFIG) for prune in GRID.prunes]
    (config,) = [c for c in configs if c == tuning.best]
    assert (config.weighting.scheme, config.C, config.prune) == (best.weighting, best.C, best.prune)


def test_of_equally_good_settings_the_one_with_fewer_weights_is_first(dataset, tmp_path):
    grid = Grid.of(("vanilla",), C=(1,), prune=(1e-9, 1e-8, 1e-7))
    tuning = tune(dataset, tmp_path / "t", grid, CONFIG)
    assert len({o.percent["PSP@5"] for o in tuning.outcomes}) == 1
    weights = [o.weights for o in tuning.outcomes]
    assert weights == sorted(weights)


def test_labels_beyond_the_tolerance_are_counted(dataset, tmp_path):
    config = replace(CONFIG, tolerance=1e-9, max_epochs=1)
    tuning = tune(dataset, tmp_path / "t", Grid.of(("pw",), C=(1, 100)), config)
    by_cost = {o.C: o.beyond_tolerance for o in tuning.outcomes}
    assert 0 < by_cost[100.0] <= 40
    first = replace(config, weighting=tuning.best.weighting, C=1)  # the costs that follow begin where it ends
    alone = train(split(dataset, 0.2, 3)[0], tmp_path / "alone", first)
    of_shards = [len(entry.beyond_tolerance) for entry in alone.manifest.shards]
    assert by_cost[1.0] == sum(of_shards) > max(of_shards)
    assert f"beyond the tolerance: {sum(by_cost.values())} of all classifiers" in tuning.to_text()


def test_the_table_has_a_line_a_setting_and_what_varies(whole, dataset):
    tuning = tune(dataset, whole, GRID, CONFIG, resume=True)
    lines = tuning.to_text().splitlines()
    header = next(i for i, line in enumerate(lines) if "P@1" in line and "weights" in line)
    metrics = [f"{metric}@{k}" for metric in ("P", "PSP") for k in (1, 3, 5)]
    assert lines[header].split() == ["β", "C", "prune", *metrics, "weights"]
    for outcome, line in zip(tuning.outcomes, lines[header + 1 :], strict=False):
        cells = line.split()
        assert cells[:4] == [
            outcome.weighting,
            "–" if outcome.beta is None else f"{outcome.beta:g}",
            f"{outcome.C:g}",
            f"{outcome.prune:g}",
        ]
        assert cells[-2:] == [f"{outcome.percent['PSP@5']:.2f}", f"{outcome.weights:,}"]
    if tuning.outcomes[0].C == 0.3:
        assert "the best C is the least tried; smaller ones may be better" in lines
    else:
        assert "the best C is the largest tried; larger ones may be better" in lines


def test_what_is_there_is_never_overwritten(dataset, whole, tmp_path):
    before = files_of(whole)
    with pytest.raises(ModelError, match="holds a finished tuning; tune into another folder"):
        tune(dataset, whole, GRID, CONFIG)
    with pytest.raises(ModelError, match=r"other settings or data \(.*holdout was 0\.2, now 0\.3"):
        tune(dataset, whole, GRID, CONFIG, holdout=0.3, resume=True)
    with pytest.raises(ModelError, match=r"C was \(0\.3, 3\.0\), now \(1\.0,\)"):
        tune(dataset, whole, replace(GRID, costs=(1.0,)), CONFIG, resume=True)
    with pytest.raises(ModelError, match="another data set"):
        tune(small_dataset(1, n=200), whole, GRID, CONFIG, resume=True)
    assert files_of(whole) == before
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("…")
    with pytest.raises(ModelError, match="exists and is not a tuning"):
        tune(dataset, tmp_path / "mine", GRID, CONFIG)


@pytest.mark.parametrize(
    "values, message",
    [
        ({"holdout": 0}, "holdout: 0; expected a share above 0 and below 1"),
        ({"holdout": 1.5}, "holdout: 1.5; expected"),
        ({"holdout": 0.001}, "holdout: 0.001 of 200 instances is 0; expected some, not all"),
        ({"by": "PSP@2"}, "by: 'PSP@2'; expected one of P@1"),
        ({"jobs": 0}, "jobs: 0; expected"),
        ({"a": -1}, "propensity A: -1"),
    ],
)
def test_bad_values_are_named_before_anything_is_done(dataset, tmp_path, values, message):
    with pytest.raises(ConfigError) as refusal:
        tune(dataset, tmp_path / "t", GRID, CONFIG, **values)
    assert message in str(refusal.value)
    assert not (tmp_path / "t").exists()


def test_a_part_without_labels_is_refused(tmp_path):
    nothing = small_dataset().select_labels(np.arange(40, 45))
    with pytest.raises(DataError, match="no instance of the training part has a label"):
        tune(nothing, tmp_path / "t")


@settings(deadline=None, max_examples=50)
@given(sparse(st.floats(-1, 1, width=32)), st.sampled_from([0.0, 1e-3, 0.1, 0.5, 2.0, None]))
def test_cutting_leaves_the_weights_that_are_large_enough(matrix, prune):
    dense = matrix.toarray()
    prune = prune if prune is not None else float(np.abs(dense).max(initial=0))  # the largest stays
    expected = np.where(np.abs(dense) >= np.float32(prune), dense, 0)
    weights = cut(CSR.from_scipy(matrix), prune)
    np.testing.assert_array_equal(weights.to_scipy().toarray(), expected)
    assert weights.nnz == np.count_nonzero(expected)


def test_more_features_than_memory_for_them_is_told_before_the_work(dataset, tmp_path):
    """A header may say anything; a training takes features that have values alone, prediction takes all."""
    wide = replace(dataset, features=replace(dataset.features, n_columns=2**31 - 1))
    with pytest.raises(DataError, match=r"2,147,483,647 features would take 68\.7 GB; the limit is"):
        tune(wide, tmp_path / "t", GRID)
    assert not (tmp_path / "t").exists()
    with pytest.raises(DataError, match="expected fewer features"):
        check_share(wide, 0.2)
    with pytest.raises(DataError, match="expected fewer features"):
        DenseFeatures.of([], 2**31 - 1)
