"""What reaches nobody: errors in threads, errors that Python can only ignore, warnings, records of loggers.

They go to the log that the command's options ask for, a line each, and not between others' lines on standard
error.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from contextlib import suppress

from pwdismec.parallel.threads import is_refused
from pwdismec.quoting import one_line

from . import signals
from .events import Event
from .failures import reason, traceback_of
from .messages import log

_SECONDS_TO_RETURN = 0.01


def catch_stray_errors() -> None:
    """For the rest of the process."""
    logging.captureWarnings(True)
    logging.getLogger().addHandler(_ToLog(logging.WARNING))
    threading.excepthook = _in_thread
    sys.unraisablehook = _ignored


class _ToLog(logging.Handler):
    """What pwdismec warns of is for the user; what other libraries do, for the log's file alone."""

    def emit(self, record: logging.LogRecord) -> None:
        event = Event("message", message=one_line(record.getMessage()))
        with suppress(OSError):  # the command's own lines meet it as well
            log().tell(event, aside=record.name.partition(".")[0] != "pwdismec")


def _in_thread(caught: threading.ExceptHookArgs) -> None:
    if caught.exc_value is None or isinstance(caught.exc_value, SystemExit):
        return
    if not is_refused(caught.exc_value):  # whoever waits for the thread tells that
        _tell(f"internal error in thread {caught.thread and caught.thread.name}", caught.exc_value)


def _ignored(caught: sys.UnraisableHookArgs) -> None:
    if isinstance(caught.exc_value, signals.Signalled):
        returning = threading.Event()
        threading.Thread(target=_raise_again, args=[returning]).start()
        returning.set()
    elif caught.exc_value is not None:
        _tell("internal error, ignored", caught.exc_value)


def _raise_again(returning: threading.Event) -> None:
    returning.wait()  # on a busy machine, `start` alone may take a while
    time.sleep(_SECONDS_TO_RETURN)
    signals.raise_again()


def _tell(what: str, error: BaseException) -> None:
    event = Event("message", message=f"{what}: {reason(error)}", traceback=traceback_of(error))
    with suppress(OSError):
        log().tell(event)
