"""The way into `pwdismec`: signals are heeded before anything slow is imported, and every end is told."""

from __future__ import annotations

import os
import sys

from .signals import INTERNAL_ERROR, USER_ERROR, WORDS, Signalled, end, heed_signals, ignore_signals

TYPE_CHECKING = False
if TYPE_CHECKING:  # only what is needed to heed signals is imported before they are
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what the command line says, and exit."""
    heed_signals()
    # No command has work for BLAS's threads, and OpenBLAS sends Ctrl-C to a process where they are refused.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        from .commands import run
        from .stray import catch_stray_errors
        from .streams import drop_results, set_up_streams

        set_up_streams()
        catch_stray_errors()
        code = run(sys.argv[1:] if arguments is None else arguments)
        if code:
            drop_results()
    except Signalled as signal:  # it came just as another error was about to be told
        end(128 + signal.number, WORDS[signal.number])
    except MemoryError:  # there is too little even for what tells errors
        end(USER_ERROR, "out of memory")
    except BaseException as error:  # what tells errors cannot be imported, or fails itself
        end(INTERNAL_ERROR, f"internal error: {type(error).__name__}: {ascii(str(error))[1:-1][:1000]}")
    ignore_signals()
    sys.exit(code)
