"""Claims as a stranger could leave them in a model's folder: of an unknown holder, and void in the end."""

import json
import os

import pytest
from helpers.hostile import file_changes, json_changes

from pwdismec.cluster import Leases, leases
from pwdismec.cluster.leases import claims_in, read_claim
from pwdismec.errors import PwdismecError


@pytest.fixture
def folder(tmp_path):
    """A folder with the claim of a holder that is alive, elsewhere."""
    (tmp_path / "claims").mkdir()
    with Leases(tmp_path / "other") as held:
        assert held.take("a")
        content = (tmp_path / "other" / "a").read_text()
    (tmp_path / "claims" / "a").write_text(content)
    return tmp_path / "claims"


@pytest.fixture(autouse=True)
def asked(monkeypatch):
    """The processes that were asked for a sign of life; none may be a group of them."""
    pids = []

    def kill(pid, signal):
        assert pid > 0 and signal == 0
        pids.append(pid)

    monkeypatch.setattr(os, "kill", kill)
    return pids


def test_any_field_changed_makes_the_holder_unknown(folder):
    allowed = {
        f"{name} {what}" for name in ("host", "machine", "token", "failed") for what in ("text", "empty")
    }
    allowed |= {"since fraction", "failed null"}
    unnoticed = set()
    for what, text in json_changes(json.loads((folder / "a").read_text())):
        (folder / "a").write_text(text)
        (claim,) = claims_in(folder).values()
        assert claim.is_dead in (True, False)
        unnoticed |= {what} - allowed if claim.host != "unknown" else set()
    assert unnoticed == set()


@pytest.mark.parametrize("pid", [0, -1, 2**31, 2**70, True, "x", 1.5, None])
def test_no_group_of_processes_is_asked_for_a_sign(folder, asked, pid):
    claim = json.loads((folder / "a").read_text())
    (folder / "a").write_text(json.dumps(claim | {"pid": pid}))
    found, _ = read_claim(folder / "a")
    assert not found.is_dead and found.host == "unknown" and asked == []


@pytest.mark.parametrize("change", sorted(file_changes.keys() - {"gone"}))
def test_what_is_no_claim_is_of_an_unknown_holder_and_void_after_a_while(folder, monkeypatch, change):
    monkeypatch.setattr(leases, "EXPIRY", 0.0)
    file_changes[change](folder / "a")
    linked_to = folder.parent / "outside claims a"
    before = linked_to.read_bytes() if linked_to.exists() else None
    found, _ = read_claim(folder / "a")
    assert (found.host, found.is_dead) == ("unknown", False)
    with Leases(folder) as mine:
        assert not mine.take("a")
        try:
            assert mine.take("a")
        except PwdismecError as error:  # what is no file is not replaced
            assert change in ("a pipe", "a folder", "a device") and "a folder or device is there" in str(
                error
            )
        else:
            assert not (folder / "a").is_symlink()
    assert before is None or linked_to.read_bytes() == before


def test_no_claims_are_made_behind_a_link(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "claims").symlink_to("elsewhere")
    with (
        pytest.raises(PwdismecError, match="claims: is a link; expected a folder"),
        Leases(tmp_path / "claims"),
    ):
        pass
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_file_in_place_of_the_folder_holds_no_claims(tmp_path):
    (tmp_path / "claims").write_text("x")
    assert claims_in(tmp_path / "claims") == {}
