"""Threads that the system refuses: fewer are used, and without any the error is Python's own."""

import logging
import threading

import pytest

from pwdismec.parallel.threads import Threads, is_refused


@pytest.fixture
def allow(monkeypatch):
    """Lets so many threads start, and refuses the others as Python does."""
    start = threading.Thread.start

    def limited(most):
        started = []

        def refusing(thread):
            if len(started) == most:
                raise RuntimeError("can't start new thread")
            started.append(thread)
            start(thread)

        monkeypatch.setattr(threading.Thread, "start", refusing)
        return started

    return limited


@pytest.mark.parametrize("most", [1, 2, 5])
def test_the_threads_that_are_allowed_do_all_the_work(allow, caplog, most):
    started = allow(most)
    ready = threading.Event()
    with Threads(4) as pool:
        futures = [pool.submit(lambda i: (ready.wait(), i * i)[1], i) for i in range(20)]
        ready.set()
        assert [future.result() for future in futures] == [i * i for i in range(20)]
    assert len(started) == min(most, 4)
    told = [f"the system refuses another thread: going on with {most} instead of 4"] if most < 4 else []
    assert caplog.messages == told
    assert all(record.levelno == logging.WARNING for record in caplog.records)


def test_without_any_the_error_is_pythons(allow):
    allow(0)
    with Threads(2) as pool, pytest.raises(RuntimeError) as caught:
        pool.submit(int)
    assert is_refused(caught.value)
    assert not is_refused(RuntimeError("interrupted")) and not is_refused(
        ValueError("can't start new thread")
    )
