"""Writing aside: what was there stays until the new is whole; what a kill leaves is put right or swept."""

import errno
import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.killing import ends_at_rename

from pwdismec import files
from pwdismec.errors import OutputError, PwdismecError, StorageError
from pwdismec.files import (
    aside_of,
    helping_folder,
    replacing_file,
    replacing_folder,
    sweep,
    sweep_beside,
    write_file,
    write_first,
)

exchanging = pytest.mark.parametrize("exchanges", [True, False], ids=["exchange", "two renames"])


@pytest.fixture
def without_exchange(monkeypatch):
    """A system that cannot exchange folders."""
    monkeypatch.setattr(files, "_exchange", lambda one, other: False)


def write_folder(path, content, **how):
    with replacing_folder(path, **how) as folder:
        (folder / "sub").mkdir()
        (folder / "sub" / "a.txt").write_text(content)


def content_of(folder):
    return (folder / "sub" / "a.txt").read_text()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_failure_leaves_the_older_file_alone(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(ZeroDivisionError), replacing_file(target) as aside:
        aside.write_text("new")
        raise ZeroDivisionError
    assert names(tmp_path) == ["a.txt"]
    assert target.read_text() == "old"
    with replacing_file(target) as aside:
        aside.write_text("new")
    assert target.read_text() == "new"


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), os.mkfifo])
def test_a_folder_or_device_is_never_replaced(tmp_path, make):
    make(tmp_path / "target")
    message = "target: cannot write: a folder or device"
    with pytest.raises(OutputError, match=message), replacing_file(tmp_path / "target"):
        pytest.fail("the work must not begin")
    assert not (tmp_path / "target").is_file()


def test_an_unwritable_target_is_found_before_the_work(tmp_path):
    target = tmp_path / "missing" / "a.txt"
    with pytest.raises(PwdismecError, match="cannot write: No such file"), replacing_file(target):
        pytest.fail("the work must not begin")


def test_what_comes_while_a_new_output_is_made_is_not_replaced(tmp_path):
    with (
        pytest.raises(OutputError, match=r"a\.txt: exists; --overwrite replaces it"),
        replacing_file(tmp_path / "a.txt", overwrite=False) as aside,
    ):
        aside.write_text("new")
        (tmp_path / "a.txt").write_text("another's")
    with (
        pytest.raises(OutputError, match="set: exists; --overwrite replaces it"),
        replacing_folder(tmp_path / "set") as folder,
    ):
        (folder / "a").touch()
        write_folder(tmp_path / "set", "another's")
    assert names(tmp_path) == ["a.txt", "set"]
    assert (tmp_path / "a.txt").read_text() == content_of(tmp_path / "set") == "another's"


def test_the_very_content_is_no_obstacle(tmp_path):
    for _ in range(2):
        write_file(tmp_path / "a.txt", b"same", overwrite=False)
    assert names(tmp_path) == ["a.txt"]


def test_a_file_system_without_links_is_written_to(tmp_path, monkeypatch):
    def link(source, target):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    write_file(tmp_path / "a.txt", b"new", overwrite=False)
    with pytest.raises(OutputError, match="exists"):
        write_file(tmp_path / "a.txt", b"other", overwrite=False)
    assert (tmp_path / "a.txt").read_bytes() == b"new" and names(tmp_path) == ["a.txt"]


@exchanging
def test_a_folder_changes_places_with_the_older_one(tmp_path, exchanges, request):
    if not exchanges:
        request.getfixturevalue("without_exchange")
    write_folder(tmp_path / "set", "old")
    write_folder(tmp_path / "set", "new", overwrite=True)
    assert content_of(tmp_path / "set") == "new" and names(tmp_path) == ["set"]
    with pytest.raises(ZeroDivisionError), replacing_folder(tmp_path / "set", overwrite=True):
        raise ZeroDivisionError
    assert content_of(tmp_path / "set") == "new" and names(tmp_path) == ["set"]


def test_this_system_exchanges_folders(tmp_path):
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    if not files._exchange(tmp_path / "one", tmp_path / "other"):
        pytest.skip("this file system cannot")
    assert (names(tmp_path / "one"), names(tmp_path / "other")) == (["other"], ["one"])


def test_an_error_between_two_renames_brings_the_older_folder_back(tmp_path, without_exchange, monkeypatch):
    write_folder(tmp_path / "set", "old")
    replace = os.replace

    def fail_on_the_new(source, target):
        if Path(source).name == "new":
            raise OSError(errno.EIO, "Input/output error")
        replace(source, target)

    monkeypatch.setattr(os, "replace", fail_on_the_new)
    with pytest.raises(StorageError, match="set: cannot write: Input/output error"):
        write_folder(tmp_path / "set", "new", overwrite=True)
    assert content_of(tmp_path / "set") == "old" and names(tmp_path) == ["set"]


@pytest.mark.parametrize("done", [False, True], ids=["before a rename", "after a rename"])
@exchanging
def test_no_kill_leaves_neither_the_old_folder_nor_the_new(tmp_path, exchanges, done, request):
    if not exchanges:
        request.getfixturevalue("without_exchange")
    target, kills = tmp_path / "set", 0
    write_folder(target, "old")
    while ends_at_rename(kills, done, lambda: write_folder(target, "new", overwrite=True)):
        kills += 1
        if exchanges:
            assert content_of(target) in ("old", "new")
        sweep_beside(target)
        assert content_of(target) in ("old", "new") and names(tmp_path) == ["set"]
        shutil.rmtree(target)
        write_folder(target, "old")
    assert kills == (1 if exchanges else 3)
    assert content_of(target) == "new"


@pytest.mark.parametrize("done", [False, True], ids=["before a rename", "after a rename"])
@pytest.mark.parametrize("overwrite", [False, True])
def test_no_kill_leaves_half_a_file(tmp_path, overwrite, done):
    target, kills = tmp_path / "a", 0
    if overwrite:
        target.write_bytes(b"old")
    while ends_at_rename(kills, done, lambda: write_file(target, b"new", overwrite=overwrite)):
        kills += 1
        assert (target.read_bytes() if target.exists() else b"") in (b"old" if overwrite else b"", b"new")
        write_file(target, b"new", overwrite=overwrite)  # what the kill left is swept
        assert names(tmp_path) == ["a"] and target.read_bytes() == b"new"
        target.write_bytes(b"old") if overwrite else target.unlink()
    assert kills == 1


class Calls:
    """Records what is asked of the system, in order, with the names of the files."""

    def __init__(self, monkeypatch):
        self.made = []
        for name in ("replace", "link", "fsync"):
            self._record(monkeypatch, os, name)
        self._record(monkeypatch, files, "_exchange")
        self._record(monkeypatch, shutil, "rmtree")

    def _record(self, monkeypatch, module, name):
        call = getattr(module, name)

        def recorded(what, *args, **more):
            path = Path(f"/proc/self/fd/{what}").readlink() if isinstance(what, int) else what
            self.made.append((name.strip("_"), self.place(path), *(self.place(arg) for arg in args)))
            return call(what, *args, **more)

        monkeypatch.setattr(module, name, recorded)

    @staticmethod
    def place(path):
        """The path from the folder of the test on, the random part of a hidden name left out."""
        path = Path(path)
        parts = [p if not p.endswith(".part") else "aside" for p in path.parts]
        return "/".join(parts[parts.index("here") :])


@pytest.fixture
def here(tmp_path):
    (tmp_path / "here").mkdir()
    return tmp_path / "here"


linux = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")


@linux
def test_a_file_is_synced_before_it_is_renamed_and_its_folder_after(here, monkeypatch):
    calls = Calls(monkeypatch)
    write_file(here / "a", b"new")
    assert calls.made[:3] == [
        ("fsync", "here/aside"),
        ("replace", "here/aside", "here/a"),
        ("fsync", "here"),
    ]
    calls.made.clear()
    write_first(here / "b", b"new")
    assert calls.made[:3] == [("fsync", "here/aside"), ("link", "here/aside", "here/b"), ("fsync", "here")]
    calls.made.clear()
    write_file(here / "c", b"new", overwrite=False)
    assert calls.made[1] == ("link", "here/aside", "here/c")
    assert calls.made[0] == ("fsync", "here/aside") and ("fsync", "here") in calls.made[2:]


@linux
def test_a_folder_is_removed_only_when_the_new_one_is_synced_in_its_place(here, monkeypatch):
    write_folder(here / "set", "old")
    calls = Calls(monkeypatch)
    write_folder(here / "set", "new", overwrite=True)
    new = "here/aside/new"
    synced = [("fsync", f"{new}/sub"), ("fsync", f"{new}/sub/a.txt"), ("fsync", new)]
    assert calls.made[:4] == [*synced, ("exchange", new, "here/set")]
    assert calls.made[4:6] == [("fsync", "here"), ("rmtree", new)]


@linux
def test_two_renames_keep_the_older_folder_until_the_new_one_is_synced(here, monkeypatch, without_exchange):
    write_folder(here / "set", "old")
    calls = Calls(monkeypatch)
    write_folder(here / "set", "new", overwrite=True)
    old, new = "here/aside/old", "here/aside/new"
    renames = [("replace", "here/set", old), ("replace", new, "here/set"), ("fsync", "here"), ("rmtree", old)]
    made = [call for call in calls.made if call[0] != "exchange"]
    assert made[2:7] == [("fsync", new), *renames]


def interrupted(monkeypatch, module, name, after):
    """Let a call be broken off by a signal once, before or after it is done."""
    call, left = getattr(module, name), [1]

    def broken_off(*args, **more):
        first, left[0] = left[0], 0
        if first and not after:
            raise InterruptedError(errno.EINTR, os.strerror(errno.EINTR))
        result = call(*args, **more)
        if first:
            raise InterruptedError(errno.EINTR, os.strerror(errno.EINTR))
        return result

    monkeypatch.setattr(module, name, broken_off)
    return left


@pytest.mark.parametrize("after", [False, True], ids=["before it is done", "when it is done"])
@pytest.mark.parametrize("name", ["replace", "fsync", "close", "link"])
def test_a_signal_loses_nothing(tmp_path, monkeypatch, name, after):
    (tmp_path / "a").write_bytes(b"old")
    left = interrupted(monkeypatch, os, name, after)
    write_file(tmp_path / "a", b"new")
    write_file(tmp_path / "b", b"new", overwrite=False)
    write_folder(tmp_path / "set", "old")
    write_folder(tmp_path / "set", "new", overwrite=True)
    assert left == [0]
    assert names(tmp_path) == ["a", "b", "set"] and content_of(tmp_path / "set") == "new"
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() == b"new"


@pytest.mark.parametrize("after", [False, True], ids=["before it is done", "when it is done"])
def test_a_signal_at_the_exchange_loses_nothing(tmp_path, monkeypatch, after):
    write_folder(tmp_path / "set", "old")
    left = [1]

    class Libc:
        def __init__(self, *args, **more):
            self._call = loaded(*args, **more).renameat2

        def renameat2(self, *args):
            first, left[0] = left[0], 0
            result = self._call(*args) if not first or after else -1
            if first:
                files.ctypes.set_errno(errno.EINTR)
                return -1
            return result

    loaded = files.ctypes.CDLL
    monkeypatch.setattr(files.ctypes, "CDLL", Libc)
    write_folder(tmp_path / "set", "new", overwrite=True)
    assert left == [0]
    assert content_of(tmp_path / "set") == "new" and names(tmp_path) == ["set"]


@pytest.mark.parametrize("call", ["mkdir", "rmdir", "unlink"])
@pytest.mark.parametrize("there", [False, True], ids=["new", "replaced"])
def test_a_signal_amid_making_or_removing_a_part_leaves_nothing(tmp_path, monkeypatch, call, there):
    if there:
        write_folder(tmp_path / "set", "old")
    made = getattr(Path, call)

    def interrupted(self, *args, **more):
        made(self, *args, **more)
        if self.parent == tmp_path or call == "unlink":
            raise KeyboardInterrupt

    monkeypatch.setattr(Path, call, interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_folder(tmp_path / "set", "new", overwrite=True)
    monkeypatch.undo()
    files.remove_own_parts()
    assert names(tmp_path) == (["set"] if there or call != "mkdir" else [])
    if there or call != "mkdir":
        assert content_of(tmp_path / "set") == ("old" if call == "mkdir" else "new")


@pytest.mark.parametrize("name", ["replace", "fsync"])
def test_signals_without_end_are_told(tmp_path, monkeypatch, name):
    def broken_off(*args):
        raise InterruptedError(errno.EINTR, os.strerror(errno.EINTR))

    monkeypatch.setattr(os, name, broken_off)
    with pytest.raises(StorageError, match="cannot write: Interrupted"), replacing_file(tmp_path / "a"):
        pass
    assert names(tmp_path) == []


def left_by(script, folder, *, kill):
    """What a process of its own leaves in the folder, killed or still at work; that process."""
    program = f"import sys, time\nfrom pwdismec.files import *\n{script}\n"
    command = [sys.executable, "-c", program]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder)
    assert process.stdout.readline() == "there\n"
    if kill:
        process.kill()
        process.wait()
    return process


WRITING = {
    "file": "with replacing_file('a') as aside:\n print('there', flush=True)\n time.sleep(600)",
    "folder": "with replacing_folder('a') as aside:\n print('there', flush=True)\n time.sleep(600)",
}


@pytest.mark.parametrize("kind", WRITING)
def test_what_a_killed_writer_leaves_is_swept_by_the_next(tmp_path, kind):
    left_by(WRITING[kind], tmp_path, kill=True)
    assert len(names(tmp_path)) == 1
    write_file(tmp_path / "b", b"other")
    assert len(names(tmp_path)) == 2, "what belongs to another output is none of its business"
    write_file(tmp_path / "a", b"new")
    assert names(tmp_path) == ["a", "b"]


@pytest.mark.parametrize("kind", WRITING)
def test_what_belongs_to_a_living_writer_stays(tmp_path, kind):
    process = left_by(WRITING[kind], tmp_path, kill=False)
    try:
        (theirs,) = names(tmp_path)
        write_file(tmp_path / "a", b"new")
        sweep(tmp_path)
        assert names(tmp_path) == [theirs, "a"]
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    sweep_beside(tmp_path / "a")
    assert names(tmp_path) == ["a"]


def test_what_nobody_can_lock_stays(tmp_path, monkeypatch):
    def no_locks(*args):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    part = aside_of(tmp_path / "a")
    part.touch()
    monkeypatch.setattr(fcntl, "flock", no_locks)
    write_file(tmp_path / "a", b"new")
    write_folder(tmp_path / "set", "new")
    assert names(tmp_path) == sorted([part.name, "a", "set"])


def test_a_link_named_like_a_part_leads_no_sweep_outside(tmp_path):
    outside, here = tmp_path / "outside", tmp_path / "here"
    for folder in (outside, here, outside / "new", outside / ".b.0123abcd.part"):
        folder.mkdir()
    (outside / "new" / "precious").touch()
    (outside / "lock").touch()
    (outside / ".c.0123abcd.part").touch()
    (here / ".a.0123abcd.part").symlink_to(outside)
    (here / ".a.0123abce.part").symlink_to(outside / "lock")
    (here / "inner").symlink_to(outside)
    before = sorted(outside.rglob("*"))
    write_file(here / "a", b"new")
    write_folder(here / "a2", "new")
    sweep(here)
    sweep(here / "inner")
    assert sorted(outside.rglob("*")) == before


def test_only_parts_are_swept(tmp_path):
    others = [".a.part", ".a.notes.part", ".a.0123abcd.parts", "a.0123abcd.part", ".ab.0123abcd.part"]
    for name in others:
        (tmp_path / name).touch()
    (tmp_path / ".a.0123abcd.part").touch()
    write_file(tmp_path / "a", b"new")
    assert names(tmp_path) == sorted([*others, "a"])


def test_a_folder_that_version_0_1_0_has_left_is_swept_unless_it_is_the_last_one(tmp_path):
    (tmp_path / ".set.0123abcd.part").mkdir()
    (tmp_path / ".set.0123abcd.part" / "manifest.json").touch()
    sweep_beside(tmp_path / "set")
    assert names(tmp_path) == [".set.0123abcd.part"]
    write_folder(tmp_path / "set", "new")
    sweep_beside(tmp_path / "set")
    assert names(tmp_path) == ["set"]


def test_what_is_kept_goes_on_until_something_else_is_written(tmp_path):
    target = tmp_path / "set"
    write_folder(target, "old")
    how = {"overwrite": True, "kept": True}
    with pytest.raises(ZeroDivisionError), replacing_folder(target, **how) as folder:
        (folder / "done").touch()
        raise ZeroDivisionError
    with replacing_folder(target, **how, resume=True) as folder:
        assert names(folder) == ["done"]
        with (
            pytest.raises(PwdismecError, match="another process is writing it"),
            replacing_folder(target, **how, resume=True),
        ):
            pass
    assert names(target) == ["done"] and names(tmp_path) == ["set"]
    with pytest.raises(ZeroDivisionError), helping_folder(target, "0123abcd") as folder:
        (folder / "done").touch()
        raise ZeroDivisionError
    with helping_folder(target, "0123abcd") as folder:
        assert names(folder) == ["done"]
    with pytest.raises(ZeroDivisionError), helping_folder(target, "0123abcd"):
        raise ZeroDivisionError
    write_folder(target, "new", overwrite=True)
    assert names(tmp_path) == ["set"]
