"""The doctor passes what works, and fails what does not."""

import json
from dataclasses import replace
from importlib.metadata import version

import numpy as np
import pytest
from helpers.command_line import output, pwdismec

from pwdismec import machine, native
from pwdismec.diagnosis import doctor, self_test


def test_a_sound_installation_passes():
    text = output("doctor")
    assert "self-test passed in " in text and "FAILED" not in text
    for name, found in (("pwdismec", version("pwdismec")), ("instruction set", native.instruction_set)):
        assert any(line.split("  ")[0] == name and line.endswith(found) for line in text.splitlines())
    assert f"numpy {np.__version__}" in text and "extra test" in text


def test_as_json():
    found = json.loads(output("doctor", "--json"))
    assert found["healthy"] is True and found["packages"]["numpy"] == np.__version__
    assert found["threads"] >= 1 and found["memory"] > 2**28
    assert all(check["found"] <= check["limit"] for check in found["test"]["checks"])


def failed(answer):
    """The names of the checks that failed."""
    assert answer.code == 1 and "self-test FAILED" in answer.out
    return [line.split("  ")[0] for line in answer.out.splitlines() if line.endswith(": FAILED")]


def test_a_solver_that_is_wrong_is_found(monkeypatch):
    right = self_test.train
    monkeypatch.setattr(self_test, "train", lambda d, p, config: right(d, p, replace(config, C=1.5)))
    assert "above the optimum" in failed(pwdismec("doctor"))
    monkeypatch.setattr(self_test, "train", lambda d, p, config: right(d, p, replace(config, prune=0.1)))
    assert "objective, against NumPy" in failed(pwdismec("doctor"))


@pytest.mark.parametrize(
    "scores_off, labels_off, expected",
    [
        (1e-2, 0, ["scores, against NumPy"]),
        (0, 1, ["scores, against NumPy", "best labels, against NumPy"]),
        (np.nan, 0, ["scores, against NumPy"]),
    ],
)
def test_a_predictor_that_is_wrong_is_found(monkeypatch, scores_off, labels_off, expected):
    class Wrong(self_test.Predictor):
        def predict_dataset(self, *args):
            top = super().predict_dataset(*args)
            return top._replace(labels=(top.labels + labels_off) % 40, scores=top.scores + scores_off)

    monkeypatch.setattr(self_test, "Predictor", Wrong)
    assert failed(pwdismec("doctor")) == expected


def test_a_machine_without_room_is_told(monkeypatch):
    def full(**_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(self_test, "TemporaryDirectory", full)
    answer = pwdismec("doctor")
    assert failed(answer) == [] and "error  OSError: [Errno 28] No space left on device" in answer.out


def test_a_package_that_is_missing_is_told(monkeypatch):
    right = doctor.version
    gone = ("scipy", "simpy")

    def without(name):
        if name in gone:
            raise doctor.PackageNotFoundError(name)
        return right(name)

    monkeypatch.setattr(doctor, "version", without)
    answer = pwdismec("doctor")
    assert answer.code == 1 and "scipy missing" in answer.out and "simpy missing" in answer.out
    gone = ("simpy",)
    assert pwdismec("doctor").code == 0  # an extra need not be there


def test_requirements_are_sorted_by_their_extra():
    lines = ["numpy>=1.26", 'click ; python_version > "3"', "no-such-package>=1; extra == 'a'"]
    packages, extras = doctor._requirements([*lines, 'pytest[x]>=8; (sys_platform != "z") and extra == "b"'])
    assert packages == {"numpy": np.__version__, "click": version("click")}
    assert extras == {"a": {"no-such-package": None}, "b": {"pytest": version("pytest")}}


def test_a_limit_to_memory_counts(monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "_CGROUP_LIMIT", tmp_path / "memory.max")
    memory = machine.memory.__wrapped__  # which is looked up once
    installed = memory()
    for limit, expected in (("max\n", installed), ("1000000\n", 1_000_000), (f"{2 * installed}", installed)):
        (tmp_path / "memory.max").write_text(limit)
        assert memory() == expected
