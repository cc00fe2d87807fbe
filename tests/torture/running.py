"""Running a command that is disturbed, in a process forked from a zygote or in one of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from torture.preloaded import Fault, Report

# Seconds after which a command is said to hang.
LIMIT = 300.0


@dataclass(frozen=True)
class Ended:
    """How a command ended: its return code (the signal's number, negative, if one ended it) and output."""

    code: int
    out: str
    err: str
    seconds: float
    report: Report


class Runner:
    """Runs commands in one folder, with temporary files in another.

    Parameters
    ----------
    place
        A folder for both: `work` and `temporary`, made by who uses this.
    library
        failing_calls.c, compiled.
    """

    def __init__(self, place: Path, library: Path) -> None:
        self._place, self._library = place, library
        self.work, self.temporary = place / "watched" / "work", place / "watched" / "temporary"
        self._paths = {name: place / name for name in ("out", "err", "report")}
        environment = os.environ | {"LD_PRELOAD": str(library), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, Path(__file__).with_name("zygote.py")]
        place.mkdir(parents=True)
        self._zygote = subprocess.Popen(
            command, cwd=place, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Runner:
        assert self._answer() == "ready"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zygote.communicate()

    def _answer(self) -> str:
        assert self._zygote.stdout is not None
        return self._zygote.stdout.readline().strip()

    def run(
        self,
        arguments: list[str],
        fault: Fault | None = None,
        after: tuple[float, int] | None = None,
        alone: bool = False,
    ) -> Ended:
        """Run a command.

        Parameters
        ----------
        arguments
            What `pwdismec` is given.
        fault
            What happens to one of its calls.
        after
            Seconds after which it is sent a signal, and that.
        alone
            Run it in a process of its own, from the start of Python on.
        """
        for path in self._paths.values():  # a signal may come before it has any
            path.write_bytes(b"")
        begun = time.monotonic()
        code = (self._run_alone if alone else self._fork)(arguments, fault or Fault(), after or (0.0, 0))
        seconds = time.monotonic() - begun
        out, err = (self._paths[name].read_text(errors="replace") for name in ("out", "err"))
        return Ended(code, out, err, seconds, Report.read(self._paths["report"]))

    def _fork(self, arguments: list[str], fault: Fault, after: tuple[float, int]) -> int:
        request: dict[str, Any] = {
            "arguments": arguments,
            "folder": str(self.work),
            "temporary": str(self.temporary),
            "watched": str(self.work.parent),
            "fault": [fault.mask, fault.number, fault.how, fault.value],
            "after": after[0],
            "signal": after[1],
            "limit": LIMIT,
            **{name: str(path) for name, path in self._paths.items()},
        }
        assert self._zygote.stdin is not None
        self._zygote.stdin.write(f"{json.dumps(request)}\n")
        self._zygote.stdin.flush()
        return int(self._answer())

    def _run_alone(self, arguments: list[str], fault: Fault, after: tuple[float, int]) -> int:
        told = (fault.mask, fault.number, fault.how, fault.value, self._paths["report"], self.work.parent)
        environment = os.environ | {
            "LD_PRELOAD": str(self._library),
            "TORTURE": " ".join(map(str, told)),
            "TMPDIR": str(self.temporary),
        }
        command = [str(Path(sys.executable).with_name("pwdismec")), *arguments]
        with self._paths["out"].open("w") as out, self._paths["err"].open("w") as err:
            process = subprocess.Popen(
                command,
                cwd=self.work,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )
        seconds, number = after
        try:
            return process.wait(seconds if number else LIMIT)
        except subprocess.TimeoutExpired:
            process.send_signal(number or signal.SIGKILL)
        try:
            return process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()
