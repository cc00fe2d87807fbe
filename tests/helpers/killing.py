"""Processes that end, without any cleaning up, around a rename (link, exchange) or at a given moment."""

import os
import select
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

from pwdismec import files
from pwdismec.cluster.leases import claims_in


def _in_a_child(run: Callable[[], object]) -> int:
    """Start `run` in a process forked from this one; its number."""
    child = os.fork()
    if child == 0:
        try:
            run()
            os._exit(0)
        finally:  # an error must not go on to the tests that come after
            os._exit(1)
    return child


def _exit_code(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def ends_at_rename(number: int, done: bool, run: Callable[[], object]) -> bool:
    """Whether `run`, in a process of its own, got as far as the rename `number`, where that process ended.

    It ends after the rename if `done`, else before it. If there are fewer renames, `run` must succeed.
    """

    def run_to_rename():
        calls = iter(range(10**6))

        def killed_at(rename):
            def killed(source, target):
                last = next(calls) == number
                result = rename(source, target) if done or not last else None
                if last:
                    os._exit(9)
                return result

            return killed

        os.replace, os.link = killed_at(os.replace), killed_at(os.link)
        files._exchange = killed_at(files._exchange)
        run()

    code = _exit_code(_in_a_child(run_to_rename))
    assert code in (0, 9)
    return code == 9


def killed_after(seconds: float, run: Callable[[Callable[[int], None]], object]) -> tuple[bool, int]:
    """Run in a process of its own, with SIGKILL after some seconds unless it has succeeded by then.

    `run` is given a function to tell how much is done. Returned is whether the process was killed, and the
    most that it told.
    """
    ours, theirs = os.pipe()

    def run_and_tell():
        os.close(ours)
        run(lambda done: os.write(theirs, done.to_bytes(8, "little")))

    child, deadline = _in_a_child(run_and_tell), time.monotonic() + seconds
    os.close(theirs)
    told = bytearray()
    with os.fdopen(ours, "rb", buffering=0) as pipe:  # it ends with the process
        while select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))[0]:
            if not (more := pipe.read(1 << 16)):
                break
            told += more
        os.kill(child, signal.SIGKILL)
        code = _exit_code(child)
        told += pipe.read()
    assert code in (0, -signal.SIGKILL)
    numbers = [int.from_bytes(told[at : at + 8], "little") for at in range(0, len(told), 8)]
    return code != 0, max(numbers, default=0)


def kill_claimants(claims: Path, ended: threading.Event, number: int) -> set[int]:
    """Kill the first processes that claim a shard, each in the middle of one; their numbers."""
    killed: set[int] = set()
    while len(killed) < number and not ended.is_set():
        for name, claim in claims_in(claims).items():
            if name.isdigit() and claim.pid not in killed | {0} and len(killed) < number:
                killed.add(claim.pid)
                os.kill(claim.pid, signal.SIGKILL)
        time.sleep(0.001)
    return killed
