"""What a user can cause, told in one line: never a traceback."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import click

from pwdismec.cluster.stop import Stopped
from pwdismec.errors import PwdismecError, StorageError
from pwdismec.patience import FULL, TRANSIENT

from .events import Event
from .progress import log

_HOW_TO_GO_ON = {
    "train": "the shards that are done are kept; go on with the same command and --resume",
    "tune": "the shards that are done are kept; go on with the same command and --resume",
    "predict": (
        "the chunks that are done are kept, unless of standard input; "
        "go on with the same command and --resume"
    ),
    "run": "what is done is kept; go on with the same command",
}


class Failure(click.ClickException):
    """Ends the command with one line on standard error, and in its log."""

    exit_code = 2

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split("\n")))
        self._log = log()  # when it is shown, the command's options are forgotten

    def show(self, file: IO[Any] | None = None) -> None:
        self._log.tell(Event("error", message=self.message))


class Interruption(Failure):
    """The user pressed Ctrl-C."""

    exit_code = 130


class OutOfOrder(Failure):
    """A disk is full, or a disk or network fails."""

    exit_code = os.EX_IOERR


class Unfinished(Failure):
    """It was time to stop; the code is the system's for "try again later"."""

    exit_code = os.EX_TEMPFAIL


@contextmanager
def clear_errors(ctx: click.Context) -> Iterator[None]:
    """Turn what a user or the machine can cause into a `Failure`; what is left is a bug."""
    try:
        _tell_bus_errors()
        yield
    except StorageError as error:
        raise OutOfOrder(f"{error}; {_how_to_go_on(ctx)}") from error
    except Stopped as error:
        raise Unfinished(f"{error}; {_how_to_go_on(ctx)}") from error
    except PwdismecError as error:
        raise Failure(str(error)) from error
    except KeyboardInterrupt as error:
        raise Interruption(f"interrupted; {_how_to_go_on(ctx)}") from error
    except BrokenPipeError:
        raise  # click ends quietly: whoever read the output has gone
    except OSError as error:
        said = f"{error.filename}: " * bool(error.filename) + (error.strerror or str(error))
        if error.errno in TRANSIENT | FULL:
            raise OutOfOrder(f"{said}; {_how_to_go_on(ctx)}") from error
        raise Failure(said) from error
    except MemoryError as error:
        raise Failure(f"out of memory{f': {error}' if str(error) else ''}") from error
    except ImportError as error:  # no kernels for this machine, or PWDISMEC_ISA asks for others
        raise Failure(str(error)) from error


def _tell_bus_errors() -> None:
    from pwdismec.native import end_on_bus_error  # not for help

    end_on_bus_error(
        "pwdismec: error: a file mapped into memory cannot be read: the disk or network fails, "
        "or the file was cut short; what is done is kept: "
        "go on with the same command (train, tune, predict: and --resume)\n",
        OutOfOrder.exit_code,
    )


def _how_to_go_on(ctx: click.Context) -> str:
    return _HOW_TO_GO_ON.get(ctx.invoked_subcommand or "", "nothing half-written is left")
