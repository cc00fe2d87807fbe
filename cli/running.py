"""A command from its words to its exit code, with every error told."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click
from click.shell_completion import shell_complete

from pwdismec.files import remove_own_parts

from . import signals
from .commands import commands
from .errors import tell_error
from .progress import begin_log

NAME = "pwdismec"
_COMPLETE = "_PWDISMEC_COMPLETE"


def run(arguments: Sequence[str]) -> int:
    """Do a command; its exit code. Whatever ends it is told, in one line on standard error."""
    begin_log("")
    try:
        code = _do(arguments)
        signals.end_work()
        sys.stdout.flush()
    except BaseException as error:
        ended_by = signals.end_work()
        remove_own_parts()
        return tell_error(error, ended_by)
    return code


def _do(arguments: Sequence[str]) -> int:
    if asked := os.environ.get(_COMPLETE):
        return shell_complete(commands, {}, NAME, _COMPLETE, asked)
    try:
        with commands.make_context(NAME, list(arguments)) as context:
            commands.invoke(context)
    except click.exceptions.Exit as end:
        return end.exit_code
    return 0
