"""What ends a command before it is done, told in one line: never a traceback, unless it is asked for."""

from __future__ import annotations

import os
import traceback
from collections.abc import Sequence

import click

from pwdismec.errors import PwdismecError, StorageError
from pwdismec.quoting import LINE_LIMIT, one_line, shown_name, visible

from .events import Event
from .messages import command_name, log
from .signals import INTERNAL_ERROR, WORDS
from .streams import STANDARD_OUTPUT

MISTAKE = 2
OUT_OF_ORDER = os.EX_IOERR  # a disk is full, or a disk or network fails
TRY_AGAIN = os.EX_TEMPFAIL  # it was time to stop; so the system calls it
_CLOSED_PIPE = 128 + 13  # as of programs that SIGPIPE ends

_MOST_LINES = 200  # of a traceback

_HOW_TO_RESUME = {
    "train": "finished shards are kept; resume with the same command and --resume",
    "tune": "resume with the same command and --resume",
    "predict": (
        "finished chunks are kept, unless INPUT or OUTPUT is -; resume with the same command and --resume"
    ),
    "run": "finished steps are kept; resume with the same command",
}


def tell_error(error: BaseException, signal: int | None = None) -> int:
    """Tell what ended a command, on standard error and in its log; the exit code.

    Parameters
    ----------
    error
        What was raised.
    signal
        The signal that came before; whatever was raised, that is why.
    """
    if isinstance(error, BrokenPipeError) and error.filename == STANDARD_OUTPUT:
        return _CLOSED_PIPE  # whoever read the results has gone, and wants no more
    code, message = _ended_by(signal) if signal is not None else _code_and_message(error)
    trace = traceback_of(error) if code == INTERNAL_ERROR else None
    log().tell(Event("error", message=one_line(message), traceback=trace))
    return code


def reason(error: BaseException) -> str:
    """An error that nobody foresaw, with its type."""
    try:
        return f"{type(error).__name__}: {error}".removesuffix(": ")
    except Exception:  # its own words fail
        return type(error).__name__


def traceback_of(error: BaseException) -> str:
    """The lines of an error's traceback."""
    lines = traceback.TracebackException.from_exception(error, limit=-_MOST_LINES).format()
    shown = [visible(line[:LINE_LIMIT]) for text in lines for line in text.splitlines()]
    return "\n".join(shown[-_MOST_LINES:])


def tell_bus_errors() -> None:
    """Have the kernels say so, and end the process, if a page of a mapped file cannot be read."""
    from pwdismec.native import end_on_bus_error  # not for help

    end_on_bus_error(
        "pwdismec: error: a file mapped into memory cannot be read: the disk or network fails, "
        "or the file was cut short; resume with the same command (train, tune, predict: and --resume)\n",
        OUT_OF_ORDER,
    )


def _code_and_message(error: BaseException) -> tuple[int, str]:
    from pwdismec.cluster.stop import Stopped  # none of this for help
    from pwdismec.parallel.threads import is_refused
    from pwdismec.patience import FULL, TRANSIENT

    if isinstance(error, click.UsageError):
        return MISTAKE, usage_message(error)
    if isinstance(error, KeyboardInterrupt):
        return _ended_by(2)
    if isinstance(error, Stopped):
        code = TRY_AGAIN if error.signal is None else 128 + error.signal
        return code, f"{error}; {_how_to_resume()}"
    if isinstance(error, StorageError):
        return OUT_OF_ORDER, f"{error}; {_how_to_resume()}"
    if isinstance(error, PwdismecError):
        return MISTAKE, str(error)
    if isinstance(error, OSError):
        said = f"{shown_name(error.filename)}: " * bool(error.filename) + (error.strerror or str(error))
        if error.errno in TRANSIENT | FULL:
            return OUT_OF_ORDER, f"{said}; {_how_to_resume()}"
        return MISTAKE, said
    if is_refused(error):
        limits = "its limits are too low (ulimit -u, -v, or a container's), or --jobs is too high"
        return OUT_OF_ORDER, f"the system refuses another thread: {limits}; {_how_to_resume()}"
    if isinstance(error, MemoryError):
        return MISTAKE, f"out of memory{f': {error}' if str(error) else ''}"
    if isinstance(error, ImportError):  # no kernels for this machine, or PWDISMEC_ISA asks for others
        return MISTAKE, str(error)
    return INTERNAL_ERROR, f"internal error: {reason(error)} ({_where_more_is_told()})"


def usage_message(error: click.UsageError) -> str:
    """What is wrong with the command line, with a hint."""
    path = "pwdismec" if error.ctx is None else error.ctx.command_path
    if isinstance(error, click.MissingParameter) and error.param is not None and error.ctx is not None:
        usage = " ".join(error.ctx.command.collect_usage_pieces(error.ctx))
        return f"missing {_hint(error)}; usage: {path} {usage}"
    if isinstance(error, click.NoSuchOption):
        return f"{error.option_name}: no such option{did_you_mean(error.possibilities or (), path)}"
    if isinstance(error, click.BadParameter) and error.param is not None:
        return f"{_hint(error)}: {error.message.removesuffix('.')}"
    return error.format_message()


def _hint(error: click.BadParameter) -> str:
    """What a parameter is called, without click's quotes."""
    assert error.param is not None
    return error.param.get_error_hint(error.ctx).replace("'", "")


def did_you_mean(candidates: Sequence[str], path: str) -> str:
    """The end of a message about a name that there is not."""
    if candidates:
        return f"; did you mean {' or '.join(candidates)}?"
    return f"; see {path} --help"


def _ended_by(signal: int) -> tuple[int, str]:
    return 128 + signal, f"{WORDS.get(signal, f'signal {signal}')}; {_how_to_resume()}"


def _how_to_resume() -> str:
    return _HOW_TO_RESUME.get(command_name(), "no partial output is left")


def _where_more_is_told() -> str:
    return "please report it, with the traceback that --verbose or --log FILE gives"
