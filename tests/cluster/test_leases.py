"""Claims: one holder at a time, void as soon as its holder is dead, whatever the clocks say."""

import json
import os
import subprocess
import sys
import threading
import time

import pytest
from helpers.killing import ends_at_rename

from pwdismec.cluster import Leases, Stopped, leases
from pwdismec.cluster.leases import claims_in


@pytest.fixture
def quick(monkeypatch):
    """Claims that are touched every 0.05 s, and void after 0.5 s of silence."""
    monkeypatch.setattr(leases, "BEAT", 0.05)
    monkeypatch.setattr(leases, "EXPIRY", 0.5)


def elsewhere(folder, name="a", **changes):
    """Make the claim another machine's."""
    claim = json.loads((folder / name).read_text()) | {"machine": "another", "token": "its", **changes}
    (folder / name).write_text(json.dumps(claim))


def seconds_until_taken(watcher, name="a", at_most=5.0):
    started = time.monotonic()
    while not watcher.take(name):
        assert time.monotonic() - started < at_most
        time.sleep(0.01)
    return time.monotonic() - started


def test_a_piece_has_one_holder_until_it_is_given_back(tmp_path):
    with Leases(tmp_path / "claims") as mine, Leases(tmp_path / "claims") as other:
        assert mine.take("a") and other.take("b")
        assert not other.take("a") and not mine.take("b")
        mine.give_back("a")
        assert other.take("a")
    assert claims_in(tmp_path / "claims") == {}


def test_claims_may_be_taken_though_others_have_removed_the_folder(tmp_path):
    with Leases(tmp_path / "claims") as mine:
        (tmp_path / "claims").rmdir()
        assert claims_in(tmp_path / "claims") == {}
        assert mine.take("a")
        assert list(claims_in(tmp_path / "claims")) == ["a"]


def test_a_folder_that_is_removed_while_it_is_made(tmp_path, monkeypatch):
    """Between the system's answer that it is there and a look whether it is a folder."""
    (tmp_path / "claims").mkdir()
    make = type(tmp_path).mkdir

    def late(path, *args, **settings):
        monkeypatch.setattr(type(tmp_path), "is_dir", lambda self: False)
        make(path, *args, **settings)

    monkeypatch.setattr(type(tmp_path), "mkdir", late)
    with Leases(tmp_path / "claims") as mine:
        assert mine.take("a")


def test_many_at_once_share_the_pieces(tmp_path):
    taken = []

    def work():
        with Leases(tmp_path / "claims") as own:
            taken.extend(name for name in map(str, range(200)) if own.take(name))
            barrier.wait()

    barrier = threading.Barrier(8)
    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(taken) == sorted(map(str, range(200)))


def test_a_holder_that_was_killed_on_this_machine_is_known_at_once(tmp_path):
    script = (
        "import sys, os, pathlib\n"
        "from pwdismec.cluster import Leases\n"
        "with Leases(pathlib.Path(sys.argv[1])) as mine:\n"
        "    assert mine.take('a')\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script, tmp_path / "claims"], cwd=tmp_path)
    while not (tmp_path / "claims" / "a").exists() or not claims_in(tmp_path / "claims")["a"].is_dead:
        time.sleep(0.01)  # at the last it is dead, though nobody has waited for it
    with Leases(tmp_path / "claims") as other:
        assert other.take("a")
    assert process.wait() == -9


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
def test_a_holder_that_is_killed_while_it_claims_keeps_nobody_waiting(tmp_path, done):
    def take_and_stay():
        with Leases(tmp_path) as leases:
            leases.take("a")

    assert ends_at_rename(0, done, take_and_stay)
    assert list(claims_in(tmp_path)) == ["a"] * done
    with Leases(tmp_path) as other:
        assert other.take("a")


def test_a_holder_elsewhere_is_dead_when_it_is_silent(tmp_path, quick):
    with Leases(tmp_path) as holder, Leases(tmp_path) as watcher:
        assert holder.take("a")
        elsewhere(tmp_path)  # its own heart does not know the claim any more
        assert 0.4 < seconds_until_taken(watcher) < 2


@pytest.mark.parametrize("jump", [-10 * 365 * 86400, 10 * 365 * 86400], ids=["back", "ahead"])
def test_clocks_that_jump_neither_free_a_claim_nor_keep_it(tmp_path, quick, monkeypatch, jump):
    """The holder's clock, the watcher's, and the file system's, each far from the other."""
    with Leases(tmp_path) as holder, Leases(tmp_path) as watcher:
        assert holder.take("a")
        claim = json.loads((tmp_path / "a").read_text())
        (tmp_path / "a").write_text(
            json.dumps(claim | {"machine": "another", "since": claim["since"] + jump})
        )
        now = time.time
        monkeypatch.setattr(time, "time", lambda: now() - jump)
        for beat in range(20):  # it lives, on a file system whose clock jumps to and fro
            assert not watcher.take("a")
            os.utime(tmp_path / "a", (now(), now() + jump * (beat % 3)))
            time.sleep(0.05)
        elsewhere(tmp_path)
        os.utime(tmp_path / "a", (now(), now() + jump))
        assert 0.4 < seconds_until_taken(watcher) < 2


def test_a_claim_is_kept_alive_while_its_holder_works(tmp_path, quick):
    with Leases(tmp_path) as holder, Leases(tmp_path) as watcher:
        assert holder.take("a")
        claim = json.loads((tmp_path / "a").read_text())
        (tmp_path / "a").write_text(json.dumps(claim | {"machine": "another"}))
        deadline = time.monotonic() + 1.5
        while time.monotonic() < deadline:
            assert not watcher.take("a")
            time.sleep(0.02)


def test_who_lost_a_claim_leaves_it_to_its_new_holder(tmp_path):
    with Leases(tmp_path) as sleeper:
        assert sleeper.take("a")
        elsewhere(tmp_path)
        sleeper.give_back("a")
        assert claims_in(tmp_path)["a"].token == "its"


def test_a_claim_that_could_not_be_given_back_is_void(tmp_path, monkeypatch):
    def failing(path):
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch, Leases(tmp_path) as worker:
        assert worker.take("a")
        patch.setattr(type(tmp_path), "unlink", failing)
        worker.give_back("a")
    assert list(claims_in(tmp_path)) == ["a"]
    with Leases(tmp_path) as other:
        assert other.take("a")


def test_an_error_is_told_and_frees_the_piece(tmp_path):
    with pytest.raises(OSError), Leases(tmp_path) as worker:
        assert worker.take("a")
        raise OSError("no such weather")
    (claim,) = claims_in(tmp_path).values()
    assert claim.failed == "no such weather" and claim.is_dead
    with Leases(tmp_path) as other:
        assert other.take("a")


@pytest.mark.parametrize("end", [KeyboardInterrupt, Stopped])
def test_who_is_told_to_stop_has_not_failed(tmp_path, end):
    with pytest.raises(end), Leases(tmp_path) as worker:
        assert worker.take("a")
        raise end
    assert claims_in(tmp_path) == {}


def test_a_claim_that_is_just_being_written_is_respected(tmp_path, quick):
    (tmp_path / "a").touch()
    with Leases(tmp_path) as other:
        assert not other.take("a")
        assert 0.4 < seconds_until_taken(other) < 2
