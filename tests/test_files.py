"""Writing aside: an older file stays until the new one is whole, and devices are left alone."""

import os

import pytest

from pwdismec.errors import PwdismecError
from pwdismec.files import replacing_file


def test_a_failure_leaves_the_older_file_alone(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(ZeroDivisionError), replacing_file(target) as aside:
        aside.write_text("new")
        raise ZeroDivisionError
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert target.read_text() == "old"
    with replacing_file(target) as aside:
        aside.write_text("new")
    assert target.read_text() == "new"


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), os.mkfifo])
def test_a_folder_or_device_is_never_replaced(tmp_path, make):
    make(tmp_path / "target")
    message = "target: cannot write: a folder or device"
    with pytest.raises(PwdismecError, match=message), replacing_file(tmp_path / "target"):
        pytest.fail("the work must not begin")
    assert not (tmp_path / "target").is_file()


def test_an_unwritable_target_is_found_before_the_work(tmp_path):
    target = tmp_path / "missing" / "a.txt"
    with pytest.raises(PwdismecError, match="cannot write: No such file"), replacing_file(target):
        pytest.fail("the work must not begin")
