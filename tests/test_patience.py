"""What fails for a moment is tried again, with growing waits; everything else fails at once."""

import errno

import pytest

from pwdismec import patience
from pwdismec.errors import StorageError
from pwdismec.files import read_file, write_file
from pwdismec.patience import patient


@pytest.fixture
def waits(monkeypatch):
    """The waits, which take no time."""
    slept = []
    monkeypatch.setattr(patience.time, "sleep", slept.append)
    return slept


def failing(times, number):
    calls = []

    @patient
    def function(path):
        calls.append(path)
        if len(calls) <= times:
            raise OSError(number, "it said")
        return len(calls)

    return function, calls


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.EAGAIN])
def test_a_moment_is_waited_for(waits, number, caplog):
    function, _ = failing(4, number)
    assert function("a/file") == 5
    assert waits == pytest.approx([0.1, 0.2, 0.4, 0.8])
    assert caplog.messages[-1] == "a/file: it said; trying again in 0.8 s"


@pytest.mark.parametrize("number", [errno.ENOENT, errno.EACCES, errno.ENOSPC, errno.EROFS])
def test_what_does_not_pass_fails_at_once(waits, number):
    function, calls = failing(1, number)
    with pytest.raises(OSError, match="it said"):
        function("a/file")
    assert (len(calls), waits) == (1, [])


def test_patience_ends_and_nobody_has_more(waits):
    inner, calls = failing(10**6, errno.EIO)

    @patient
    def outer(path):
        return inner(path)

    with pytest.raises(StorageError, match=r"^a/file: it said; tried 10 times in 51 s$"):
        outer("a/file")
    assert len(calls) == 10
    assert sum(waits) == pytest.approx(51.1)


def test_a_file_is_written_anew_after_an_error(waits, tmp_path, monkeypatch):
    synced = []

    def sync(descriptor):
        synced.append(descriptor)
        if len(synced) <= 2:  # what was written before may be lost with the error
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("pwdismec.files.os.fsync", sync)
    write_file(tmp_path / "a", b"content")
    assert len(synced) == 2 + 2  # the file and its folder
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert read_file(tmp_path / "a") == b"content"


def test_a_full_disk_is_not_waited_for(waits, tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pwdismec.files.os.fsync", full)
    with pytest.raises(StorageError, match=r"a: cannot write: No space left on device$"):
        write_file(tmp_path / "a", b"content")
    assert (waits, list(tmp_path.iterdir())) == ([], [])


def test_the_waits_double_up_to_a_minute_in_all():
    assert pytest.approx((0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6)) == patience.WAITS
