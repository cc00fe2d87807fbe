"""Processes that read texts: what a death leaves behind, and that nothing waits for it."""

import json
import threading

import pytest
from helpers import worker_tasks

from pwdismec.data.formats.layouts import record_files
from pwdismec.errors import PwdismecError
from pwdismec.steps.convert_texts import convert_texts
from pwdismec.text import TextSettings, chunks


@pytest.fixture(params=["forked", "begun anew"])
def processes(request):
    """Where another thread runs, forking is not safe."""
    over = threading.Event()
    if request.param == "begun anew":
        threading.Thread(target=over.wait).start()
    yield
    over.set()


@pytest.mark.usefixtures("processes")
def test_readers_that_are_killed_again_and_again_end_the_conversion(tmp_path, monkeypatch):
    path = tmp_path / "r.jsonl"
    path.write_text("".join(f"{json.dumps({'t': 'word ' * 200_000})}\n" for _ in range(6)))
    monkeypatch.setattr(chunks, "_read", worker_tasks.die_while_sending)
    before = threading.active_count()
    with pytest.raises(PwdismecError, match="workers died 3 times in a row"):
        list(chunks.chunks_of(record_files(path).files, TextSettings.of("t"), jobs=2))
    assert threading.active_count() <= before


@pytest.mark.usefixtures("processes")
def test_pieces_of_a_reader_that_is_killed_are_read_again(tmp_path, monkeypatch):
    path = tmp_path / "r.jsonl"
    words = [" ".join(f"w{number}x{n}" for n in range(120_000)) for number in range(6)]
    path.write_text("".join(f"{json.dumps({'t': text, 'labels': ['a']})}\n" for text in 2 * words))
    settings = TextSettings.of("t", label_field="labels")
    whole = convert_texts(path, tmp_path / "whole", settings, jobs=2)[0].dataset
    monkeypatch.setattr(chunks, "_read", worker_tasks.die_once_while_sending)
    disturbed = convert_texts(path, tmp_path / "disturbed", settings, jobs=2)[0].dataset
    assert path.with_suffix(".marker").exists()
    assert disturbed.fingerprint == whole.fingerprint
