"""A process with all of pwdismec imported and failing_calls.c preloaded: commands run in forks of it.

It reads requests from standard input, JSON a line, and answers each with the command's return code: see
`torture.running.Zygote`. A command so takes tens of milliseconds, not a second.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import sys
import tempfile
import threading
from typing import Any, NoReturn

import pwdismec
from pwdismec import patience
from pwdismec.cli import signals
from pwdismec.cli.main import main

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def _import_all() -> None:
    for module in pkgutil.walk_packages(pwdismec.__path__, "pwdismec."):
        if ".native." not in module.name:  # the kernels of other machines
            importlib.import_module(module.name)
    import matplotlib.backends.backend_agg  # noqa: F401


def _prepare(request: dict[str, Any]) -> None:
    """In the forked process: what a new one would be given by its environment."""
    os.setpgid(0, 0)
    os.chdir(request["folder"])
    for descriptor, path in ((0, os.devnull), (1, request["out"]), (2, request["err"])):
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, descriptor)
        os.close(file)
    os.environ["TMPDIR"] = tempfile.tempdir = request["temporary"]
    patience.WAITS = tuple(0.001 for _ in patience.WAITS)  # type: ignore[misc]
    kinds, number, how, value = request["fault"]
    begin = ctypes.CDLL(None).torture_begin
    begin.argtypes = [
        ctypes.c_int,
        ctypes.c_long,
        ctypes.c_int,
        ctypes.c_int,
        ctypes.c_char_p,
        ctypes.c_char_p,
    ]
    begin(kinds, number, how, value, request["report"].encode(), request["watched"].encode())
    signals._Work.process = os.getpid()
    signals.heed_signals()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def _await(child: int, request: dict[str, Any]) -> int:
    """The return code of the child, which is sent the signal asked for, and killed if it takes too long."""
    descriptor = os.pidfd_open(child)
    planned = [(request["after"], request["signal"])] if request["signal"] else []
    for seconds, number in (*planned, (request["limit"], signal.SIGKILL)):
        if not select.select([descriptor], [], [], seconds)[0]:
            os.kill(child, number)
    _, status = os.waitpid(child, 0)
    os.close(descriptor)
    return os.waitstatus_to_exitcode(status)


def _arguments() -> list[str]:
    """Answer requests; in a forked process return what its command is given."""
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            _prepare(request)
            return request["arguments"]
        print(_await(child, request), flush=True)
    os._exit(0)


def _run(arguments: list[str]) -> NoReturn:
    """Run a command and end as Python does, but without freeing what is imported, which takes long."""
    try:
        main(arguments)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code)
    raise AssertionError("the command has ended otherwise than by SystemExit")


_import_all()
gc.freeze()
signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # until a child heeds them
print("ready", flush=True)
_run(_arguments())
