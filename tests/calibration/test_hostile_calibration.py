"""Calibrations as a stranger could make them: each ends in one error that says how to put it right."""

import json

import numpy as np
import pytest
from helpers.hostile import (
    array_changes,
    file_changes,
    json_changes,
    read_safetensors,
    safetensors_header_changes,
    with_tensor,
    write_safetensors,
)
from helpers.small_data import small_dataset

from pwdismec.calibration import Calibration, calibrate, fitting, positives_groups
from pwdismec.calibration.calibration import CALIBRATION
from pwdismec.errors import ConfigError, DamagedError, ModelError
from pwdismec.prediction import Predictor
from pwdismec.training import TrainingConfig, train

SETS = ("micro-f1", "macro-f1", "scutfbr", "precision=0.3")


@pytest.fixture(scope="module")
def whole():
    return small_dataset(n=400)


@pytest.fixture(scope="module")
def model(whole, tmp_path_factory):
    return train(
        whole.select_instances(slice(0, 200)), tmp_path_factory.mktemp("c") / "model", TrainingConfig()
    )


@pytest.fixture(params=["isotonic", "platt"])
def stored(request, whole, model, monkeypatch):
    """The file of a calibration of several groups."""
    monkeypatch.setattr(
        fitting, "group_bounds", lambda counts, held: positives_groups.group_bounds(counts, held, 20)
    )
    made = calibrate(model, whole.select_instances(slice(200, 400)), method=request.param, jobs=1)
    assert len(made.maps) > 1
    path = model.path / CALIBRATION
    path.unlink(missing_ok=True)
    made.save(model)
    yield path
    path.unlink() if path.is_symlink() or path.is_file() else path.rmdir() if path.is_dir() else None


@pytest.fixture(scope="module")
def top(whole, model):
    return Predictor(model).predict_dataset(whole.select_instances(slice(200, 220)))


def is_refused(model, top):
    """Whether reading it ends in an error; if not, all that can be done with it works."""
    try:
        calibration = Calibration.of(model)
    except DamagedError as error:
        assert str(error).startswith(f"{model.path / CALIBRATION}: damaged: ")
        assert str(error).endswith("; calibrate the model again")
        return True
    probabilities = calibration.probabilities(top).scores
    assert ((probabilities >= 0) & (probabilities <= 1)).all()
    for sets in SETS:
        try:
            thresholds = calibration.thresholds(sets)
        except ConfigError:  # no sets had that precision
            continue
        assert thresholds.shape == (model.n_labels,) and np.isfinite(thresholds).all()
    assert "error of the best labels" in calibration.to_text()
    return False


def test_any_array_changed_is_refused(stored, model, top):
    whole = stored.read_bytes()
    unnoticed = set()
    for name, array in read_safetensors(stored)[0].items():
        for what, changed in array_changes(array).items():
            stored.write_bytes(whole)
            with_tensor(stored, name, changed)
            unnoticed |= set() if is_refused(model, top) else {f"{name} {what}"}
    # any finite threshold may be one, a Platt map is of any finite numbers, and 0 is a group
    numbers = {u for u in unnoticed if u.startswith(("macro", "scut_fbr", "lowest", "map_numbers"))}
    assert {what for what in numbers if what.split()[1] not in ("negative", "huge")} == set()
    assert {what for what in unnoticed - numbers if not what.startswith("group_of least")} == set()


def test_any_field_changed_is_refused(stored, model, top):
    tensors, metadata = read_safetensors(stored)
    unnoticed = set()
    for what, text in json_changes(json.loads(metadata["pwdismec"])):
        write_safetensors(stored, tensors, {"pwdismec": text})
        unnoticed |= set() if is_refused(model, top) else {what}
    fits = {f"{when}.{what} fraction" for when in ("before", "after") for what in ("stated.0", "true.0")}
    assert unnoticed - fits == set()


def test_another_header_is_refused(stored, model, top):
    for what, content in safetensors_header_changes(stored):
        stored.write_bytes(content)
        assert is_refused(model, top), what


@pytest.mark.parametrize("change", sorted(file_changes.keys() - {"gone", "a link to itself"}))
def test_what_is_no_file_is_refused(stored, model, top, change):
    file_changes[change](stored)
    assert is_refused(model, top)


def test_maps_that_fall_or_overlap_are_refused(stored, model, top):
    tensors, metadata = read_safetensors(stored)
    method = json.loads(metadata["pwdismec"])["method"]
    starts, numbers = tensors["map_starts"], tensors["map_numbers"]
    falling = numbers[::-1] if method == "isotonic" else -numbers
    changes = [{"map_numbers": falling}, {"map_numbers": np.array([[0.0, 1.5]] * len(numbers))}]
    changes += [{"map_starts": starts[::-1]}, {"map_starts": np.sort(starts)[[0, 0, *range(2, len(starts))]]}]
    changes += [{"map_starts": starts + 1}, {"map_starts": starts - 1}]
    changes += [{"group_of": tensors["group_of"] + np.uint16(len(starts) - 1)}]
    for each in changes[: 1 if method == "platt" else None] + changes[2:]:
        write_safetensors(stored, tensors | each, metadata)
        assert is_refused(model, top)


def test_counts_that_rise_or_exceed_each_other_are_refused(stored, model, top):
    tensors, metadata = read_safetensors(stored)
    points = tensors["points"]
    for changed in (points[::-1], points[:, ::-1], -points, points * 10**6):
        write_safetensors(stored, tensors | {"points": changed}, metadata)
        assert is_refused(model, top)


def test_one_of_another_model_is_refused(stored, whole, tmp_path):
    other = train(whole.select_labels(np.arange(44)), tmp_path / "other", TrainingConfig())
    (other.path / CALIBRATION).write_bytes(stored.read_bytes())
    with pytest.raises(ModelError, match=r"shape \(45,\); expected \(44,\); calibrate the model again"):
        Calibration.of(other)
