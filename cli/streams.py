"""Standard output and its like: where results go, and what happens if they cannot."""

from __future__ import annotations

import io
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from pwdismec.quoting import json_line, visible

from .command import STDOUT

if TYPE_CHECKING:
    from typing_extensions import Buffer

STANDARD_OUTPUT = "standard output"


def print_text(text: str) -> None:
    """Print a result: its line breaks are kept, and every other character can be seen."""
    click.echo(visible(text, keep="\n"))  # noqa: TID251


def print_script(text: str) -> None:
    """Print what is meant for a program, byte for byte."""
    click.echo(text.encode(errors="surrogateescape"), nl=False)  # noqa: TID251


def print_json(value: object) -> None:
    """Print a result as a line of JSON."""
    print_text(json_line(value))


@contextmanager
def file_or_stdout(path: Path, suffix: str = "") -> Iterator[Path]:
    """`path`, or for "-" a temporary file, whose content goes to standard output once it is complete."""
    if path != STDOUT:
        yield path
        return
    with TemporaryDirectory(prefix="pwdismec-") as folder:
        aside = Path(folder, f"output{suffix}")
        yield aside
        sys.stdout.flush()
        with aside.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
        sys.stdout.buffer.flush()


def set_up_streams() -> None:
    """Make sure that descriptors 0 to 2 are what they are called, and that standard output says if it fails.

    If one of them is closed, a file that is opened would get its number: that of standard error, say, so that
    errors would be written into it. What takes the place of a closed stream fails as that would.
    """
    for descriptor, flags in enumerate((os.O_WRONLY, os.O_RDONLY, os.O_WRONLY)):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, flags)  # it gets the lowest number that is free
    if sys.stdin is None:
        sys.stdin = os.fdopen(0, closefd=False)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", closefd=False)
    encoding = None if sys.stdout is None else sys.stdout.encoding
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(_Output(1, "w", closefd=False)),
        encoding,
        "backslashreplace",  # for characters that the encoding does not have
        line_buffering=True,
    )


def drop_results() -> None:
    """Let go of what waits to be written to standard output, so that the end of the process does not."""
    with suppress(OSError):  # it has no descriptor, in tests
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


class _Output(io.FileIO):
    """Standard output, the name of which is in its errors."""

    def write(self, content: Buffer) -> int:
        try:
            return super().write(content)
        except OSError as error:
            raise OSError(error.errno, error.strerror, STANDARD_OUTPUT) from error
