"""The demo shows what it says."""

import pytest
from helpers.command_line import output

from pwdismec.experiment import demo
from pwdismec.experiment.demo import run_demo


@pytest.fixture(scope="module")
def small():
    return run_demo(n_train=4000, n_test=2000, n_features=4000, n_labels=400)


def test_the_gains_are_on_the_true_labels_and_in_the_tail(small):
    vanilla, pw, pw_cb = (small.reports[name] for name in ("vanilla", "pw", "pw-cb"))
    assert pw_cb.true.percent["P@1"] > pw.true.percent["P@1"] > vanilla.true.percent["P@1"]
    assert abs(pw_cb.observed.percent["P@1"] - vanilla.observed.percent["P@1"]) < 2
    tail = small.found(slice(0, 5))
    assert tail[2] > tail[1] > tail[0]
    assert pw_cb.observed.percent["PSP@1"] > vanilla.observed.percent["PSP@1"]


def test_the_command_prints_it_and_leaves_nothing_behind(small, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    sizes = {"n_train": 4000, "n_test": 2000, "n_features": 4000, "n_labels": 400}
    monkeypatch.setattr("pwdismec.cli.demo.run_demo", lambda **settings: demo.run_demo(**sizes, **settings))
    assert output("demo") == small.to_text() + "\n"
    assert list(tmp_path.iterdir()) == []
