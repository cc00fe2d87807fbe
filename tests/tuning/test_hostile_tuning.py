"""Tunings as a stranger could leave them: gone on with only if a run can have come to that."""

import json

import numpy as np
import pytest
from helpers.hostile import (
    array_changes,
    file_changes,
    json_changes,
    read_safetensors,
    safetensors_header_changes,
    write_safetensors,
)
from helpers.small_data import small_dataset

from pwdismec.errors import DamagedError, ModelError
from pwdismec.training import TrainingConfig
from pwdismec.tuning import Grid, tune
from pwdismec.tuning.folder import RESULTS, RUN, STANDINGS
from pwdismec.tuning.results import TuningRun
from pwdismec.tuning.standings import Standings, _hash

GRID = Grid.of(("vanilla",), C=(0.3, 3.0), prune=(0.01, 0.2))
CONFIG = TrainingConfig(shard_size=10, seed=3)


class Broken(Exception):
    pass


@pytest.fixture
def dataset():
    return small_dataset()


@pytest.fixture
def folder(dataset, tmp_path):
    """A tuning that was broken off after two shards."""

    def stop(progress):
        if progress.shards_done == 2:
            raise Broken

    with pytest.raises(Broken):
        tune(dataset, tmp_path / "t", GRID, CONFIG, jobs=1, on_progress=stop)
    return tmp_path / "t"


def is_refused(folder, run):
    """Whether reading the standings ends in an error; if not, labels and scores are what a kernel may see."""
    try:
        found = Standings.read(folder / STANDINGS, run)
    except DamagedError as error:
        assert str(error).startswith(f"{folder / STANDINGS}: damaged")
        assert str(error).endswith("; remove the folder to tune anew")
        return True
    assert found.labels.max() < run.n_labels and found.labels.min() >= -1
    return False


def test_any_array_changed_is_refused(folder):
    run = TuningRun.model_validate_json((folder / RUN).read_bytes())
    path = folder / STANDINGS
    tensors, metadata = read_safetensors(path)
    header = json.loads(metadata["pwdismec"])
    assert not is_refused(folder, run)
    unnoticed = set()
    for name, array in tensors.items():
        for what, changed in array_changes(array).items():
            others = {**tensors, name: changed}
            if changed is None:
                del others[name]
            said = header if changed is None else {**header, "sha256": _hash(others)}
            write_safetensors(path, others, {"pwdismec": json.dumps(said)})
            unnoticed |= set() if is_refused(folder, run) else {f"{name} {what}"}
    # any number of weights may be kept, or miss the tolerance; the best score and the worst may be any
    free = {u for u in unnoticed if u.startswith(("weights greatest", "beyond greatest"))}
    free |= {
        u for u in unnoticed if u.startswith("scores ") and u.split()[1] in ("infinite", "huge", "negative")
    }
    free |= {u for u in unnoticed if u.startswith(("scores minus infinite", "labels least"))}
    assert unnoticed - free == set()


def test_any_field_beside_them_changed_is_refused(folder):
    run = TuningRun.model_validate_json((folder / RUN).read_bytes())
    path = folder / STANDINGS
    tensors, metadata = read_safetensors(path)
    for what, text in json_changes(json.loads(metadata["pwdismec"])):
        write_safetensors(path, tensors, {"pwdismec": text})
        assert is_refused(folder, run), what
    for what, content in safetensors_header_changes(path):
        path.write_bytes(content)
        assert is_refused(folder, run), what


@pytest.mark.parametrize("name", [RUN, STANDINGS])
@pytest.mark.parametrize("change", sorted(file_changes.keys() - {"gone", "a link to itself"}))
def test_what_is_no_file_of_a_tuning_is_refused(dataset, folder, name, change):
    file_changes[change](folder / name)
    with pytest.raises(ModelError) as caught:
        tune(dataset, folder, GRID, CONFIG, jobs=1, resume=True)
    assert "\n" not in str(caught.value)


def test_any_field_of_the_results_changed_is_refused(dataset, folder):
    tune(dataset, folder, GRID, CONFIG, jobs=1, resume=True)
    path = folder / RESULTS
    record = json.loads(path.read_text())
    unnoticed = set()
    for what, text in json_changes(record):
        path.write_text(text)
        try:
            tune(dataset, folder, GRID, CONFIG, jobs=1, resume=True).to_text()
            unnoticed |= {what}
        except ModelError as error:
            assert "\n" not in str(error)
    outcomes = {u for u in unnoticed if u.startswith("outcomes.0.")}  # what was found may be anything like it
    assert unnoticed - outcomes <= {f"run.written_by {what}" for what in ("text", "empty")} | {
        "run.format missing",
        "run.version missing",
        "run.version true",
    }
    assert not any(what.endswith((" deep", " list", " dictionary", " digits")) for what in outcomes)
    np.testing.assert_array_equal(len(record["outcomes"]), 4)
