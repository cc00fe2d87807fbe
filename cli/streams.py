"""Where results go, as text or JSON, to standard output or a file; and what happens if they cannot."""

from __future__ import annotations

import io
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from pwdismec.files import write_file
from pwdismec.outputs import Inputs, output_file
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


def json_output(path: Path | None, inputs: Inputs, *, overwrite: bool) -> Path | None:
    """Where ``--json`` is to be written, seen to be free before the work begins."""
    if path is None or path == STDOUT:
        return path
    return output_file(path, inputs, overwrite=overwrite)


def print_result(text: str, value: Mapping[str, Any], path: Path | None, *, overwrite: bool = False) -> None:
    """Print a result as text, or with ``--json`` as JSON; ``--json FILE`` writes that to the file besides."""
    if path == STDOUT:
        print_json(value)
        return
    if path is not None:
        import json  # not for help

        write_file(path, f"{json.dumps(value, indent=1)}\n".encode(), overwrite=overwrite)
    print_text(text)


def check_uncompressed(output: Path) -> None:
    """Refuse a name that promises what is not written."""
    if output.suffix.lower() in (".gz", ".xz", ".bz2", ".zst"):
        raise click.UsageError(f"{output}: compressed output is not supported; write to - and compress that")


@contextmanager
def file_or_stdout(path: Path) -> Iterator[Path]:
    """`path`, or for "-" a temporary file, whose content goes to standard output once it is complete."""
    if path != STDOUT:
        yield path
        return
    with TemporaryDirectory(prefix="pwdismec-") as folder:
        aside = Path(folder, "output")
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
