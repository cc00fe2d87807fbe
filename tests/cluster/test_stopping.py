"""SIGTERM and deadlines: first nothing new is begun, then what runs is dropped."""

import os
import signal
import time

import pytest

from pwdismec.cluster import Stopped, stopping


def test_sigterm_is_heard_and_what_runs_may_go_on(monkeypatch):
    before = signal.getsignal(signal.SIGTERM)
    with stopping() as stop:
        assert not stop()
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop()
        time.sleep(0.05)
        with pytest.raises(Stopped):
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(1)
    assert signal.getsignal(signal.SIGTERM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_a_deadline_stops_and_then_drops(monkeypatch):
    monkeypatch.setattr("pwdismec.cluster.stop.GRACE", 0.2)
    started = time.monotonic()
    with stopping(0.1) as stop, pytest.raises(Stopped):
        while not stop():
            time.sleep(0.01)
        heard = time.monotonic() - started
        time.sleep(5)
    assert 0.1 <= heard < 0.2 < time.monotonic() - started < 2
