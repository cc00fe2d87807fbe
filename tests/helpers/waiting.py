"""Waiting for what other processes do."""

import subprocess
import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def wait_until(
    condition: Callable[[], Found],
    process: subprocess.Popen | None = None,
    seconds: float = 120,
    told: Callable[[], str] = lambda: "",
) -> Found:
    """What the condition gives once it holds; an error if the process ends before, or it takes too long.

    `told` says more about what went wrong.
    """
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if process is not None and process.poll() is not None:
            if found := condition():  # it did what was waited for, and then ended
                break
            err = process.stderr.read() if process.stderr else ""
            raise AssertionError(f"the process ended before, with {process.returncode}: {err} {told()}")
        assert time.monotonic() < deadline, f"waited for {seconds} s {told()}"
        time.sleep(0.002)
    return found
