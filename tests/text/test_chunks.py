"""Processes that read texts: what a death leaves behind, and that nothing waits for it."""

import json
import threading

import pytest
import worker_tasks

from pwdismec.data.formats.layouts import record_files
from pwdismec.errors import PwdismecError
from pwdismec.text import TextSettings, chunks


def test_a_reader_killed_while_it_sends_a_chunk_ends_the_others(tmp_path, monkeypatch):
    path = tmp_path / "r.jsonl"
    path.write_text("".join(f"{json.dumps({'t': 'word ' * 200_000})}\n" for _ in range(6)))
    monkeypatch.setattr(chunks, "_read", worker_tasks.die_while_sending)
    with pytest.raises(PwdismecError, match="was killed"):
        list(chunks.chunks_of(record_files(path).files, TextSettings.of("t"), jobs=2))
    assert threading.active_count() == 1
