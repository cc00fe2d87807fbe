"""Hidden folders of predictions under way as a stranger could leave them: no link is followed."""

import json

import numpy as np
import pytest
from helpers.hostile import file_changes, json_changes

from pwdismec.data import TopK
from pwdismec.errors import PwdismecError
from pwdismec.prediction.files import read_predictions
from pwdismec.prediction.files.prediction_job import writing_predictions

MADE_FROM = {"model": "m", "top_k": 3}
ROWS = TopK(np.array([[0, 2, 1]], np.int32), np.array([[3.0, 2.0, 1.0]], np.float32))


def writing(path, **settings):
    return writing_predictions(path, "xmc", n_labels=4, top_k=3, made_from=MADE_FROM, **settings)


@pytest.fixture
def broken_off(tmp_path):
    """A job that was broken off after one row."""
    with pytest.raises(KeyboardInterrupt), writing(tmp_path / "p") as file:
        file.append(ROWS)
        raise KeyboardInterrupt
    return tmp_path / "p"


def test_any_field_of_a_jobs_record_changed_is_refused(broken_off):
    path = broken_off.parent / ".p.job" / "job.json"
    record = json.loads(path.read_text())
    unnoticed = set()
    for what, text in json_changes(record):
        path.write_text(text)
        try:
            with writing(broken_off, resume=True) as file:
                raise KeyboardInterrupt
        except KeyboardInterrupt:
            unnoticed |= {what}
            assert file.done >= 0
        except PwdismecError as error:
            assert "\n" not in str(error)
    assert unnoticed <= {"done huge", "whole true"}


@pytest.mark.parametrize("name", ["job.json", "rows"])
@pytest.mark.parametrize("change", sorted(file_changes.keys() - {"gone"}))
def test_nothing_behind_a_link_is_written(broken_off, name, change):
    path = broken_off.parent / ".p.job" / name
    file_changes[change](path)
    outside = broken_off.parent / f"outside .p.job {name}"
    before = outside.read_bytes() if outside.exists() else None
    try:
        with writing(broken_off, resume=True) as file:
            file.append(ROWS)
    except PwdismecError as error:
        assert "\n" not in str(error)
    assert before is None or outside.read_bytes() == before


def test_a_hidden_folder_that_is_a_link_is_refused(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "rows").write_text("precious")
    (tmp_path / ".p.job").symlink_to("elsewhere")
    with pytest.raises(PwdismecError, match="is a link; expected a folder"), writing(tmp_path / "p") as file:
        file.append(ROWS)
    assert (tmp_path / "elsewhere" / "rows").read_text() == "precious"
    (tmp_path / ".p.job").unlink()
    with writing(tmp_path / "p") as file:
        file.append(ROWS)
    assert len(read_predictions(tmp_path / "p").top.labels) == 1
