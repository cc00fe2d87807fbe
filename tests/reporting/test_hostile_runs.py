"""Run folders as a stranger could make them: their reports and the records of their steps."""

import json
from dataclasses import asdict

import numpy as np
import pytest
from helpers.hostile import NAMES, file_changes, json_changes
from helpers.small_data import small_dataset

from pwdismec.data import TopK
from pwdismec.errors import DamagedError, DataError, OutputError
from pwdismec.experiment.step_cache import Steps
from pwdismec.metrics import evaluate
from pwdismec.metrics.report import StoredReport
from pwdismec.reporting.compared_runs import read_runs
from pwdismec.stored import read_json


@pytest.fixture
def report():
    data = small_dataset()
    top = TopK(np.tile(np.arange(5, dtype=np.int32), (150, 1)), np.zeros((150, 5), np.float32))
    known = {"label_counts": data.label_counts, "n_train": data.n_instances}
    return json.loads(json.dumps(asdict(evaluate(top, data.labels, **known, by_frequency=True))))


def test_a_report_changed_in_any_field_is_refused_or_can_be_shown(tmp_path, report):
    path = tmp_path / "report.json"
    unnoticed = set()
    for what, text in json_changes(report):
        path.write_text(text)
        try:
            read_json(path, StoredReport).root.to_text()
            unnoticed |= {what}
        except DamagedError as error:
            assert str(error).startswith(str(path)) and "\n" not in str(error)
    others = {what for what in unnoticed if ".name " not in what} - {"by_frequency list", "ks_left_out list"}
    assert {what for what in others if what.endswith((" deep", " list", " text", " digits"))} == set()


@pytest.mark.parametrize("name", [name for name in NAMES[:9] if name not in (".", "..")])
def test_names_of_weightings_do_not_lead_out_of_the_run(tmp_path, report, name):
    (tmp_path / "report.json").write_text(json.dumps({"name": "x", "reports": {name: report}}))
    with pytest.raises(DataError) as caught:
        read_runs([tmp_path])
    assert "report.json: reports" in str(caught.value)


@pytest.mark.parametrize("change", sorted(file_changes.keys() - {"gone"}))
def test_a_report_that_is_no_file_is_refused(tmp_path, report, change):
    run = tmp_path / "run"
    run.mkdir()
    (run / "report.json").write_text(json.dumps({"name": "x", "reports": {"pw": report}}))
    file_changes[change](run / "report.json")
    with pytest.raises(DataError):
        read_runs([run])


@pytest.mark.parametrize("change", sorted(file_changes.keys() - {"gone", "a link"}))
def test_what_is_no_record_of_a_step_is_not_built_upon(tmp_path, change):
    steps = Steps(tmp_path / "steps", lambda line: None)
    made = []
    output = tmp_path / "out"
    steps.run("a", output, {"x": 1}, lambda: (output.write_text("x"), made.append(1)))
    file_changes[change](tmp_path / "steps" / "a.json")
    with pytest.raises(OutputError, match="not the record of a step"):
        steps.run("a", output, {"x": 1}, lambda: made.append(2))
    assert made == [1]
