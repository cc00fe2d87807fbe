"""Files that this program wrote, or that somebody says it wrote: read so that nothing in them does harm.

Models, data sets and what belongs to them are passed around. A checksum that
comes with a file proves nothing about who wrote it, so each stored thing is
held against a schema here, and its arrays against their meaning where they are
read. Names in stored files are names, never paths.
"""

from __future__ import annotations

import io
import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from pwdismec.errors import DamagedError, DataError
from pwdismec.files import RawFile
from pwdismec.patience import TRANSIENT, patient
from pwdismec.quoting import shown, shown_name

MAX_JSON: Final = 1 << 28
"""Bytes of the largest JSON file that is read: a manifest of a million shards."""

_SHOWN: Final = 60

Count = Annotated[int, Field(ge=0, lt=2**63)]
"""A number of things, or of bytes."""

Size = Annotated[int, Field(ge=0, lt=2**31)]
"""A number of rows or columns: their ids are int32."""


def matching(pattern: str) -> AfterValidator:
    """What a text has to match as a whole. (Pydantic's own patterns take a millisecond at first.)"""
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        if compiled.fullmatch(text) is None:
            raise ValueError(f"{shown(text)}: should match pattern {pattern}")
        return text

    return AfterValidator(check)


Digest = Annotated[str, matching("[0-9a-f]{64}")]
"""A SHA-256 in hexadecimal."""

Text = Annotated[str, Field(max_length=10_000)]


class Record(BaseModel):
    """What a JSON file holds: these fields and no others, of these types and no others, finite numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


Model = TypeVar("Model", bound=BaseModel)


def file_in(folder: Path, name: str) -> Path:
    """The path of a stored file, which has to be a regular one that lies in `folder`.

    Parameters
    ----------
    folder
        Of the model or data set; it may itself be reached through links.
    name
        Of the file: parts divided by "/", relative.

    Raises
    ------
    DamagedError
        If there is no such file, a link leads out of the folder, or it is a device, a pipe or a folder.
    """
    states_in(folder, [name])
    return folder / name


def states_in(folder: Path, names: Iterable[str]) -> dict[str, os.stat_result]:
    """What the system says of stored files, by name; parameters and errors are those of `file_in`."""
    base = os.fspath(folder)
    found: dict[str, os.stat_result] = {}
    links: dict[str, bool] = {}  # of each folder below, whether a link leads there
    for name in names:
        path = f"{base}/{name}"
        try:
            parent = ""
            for part in name.split("/")[:-1]:
                above, parent = links.get(parent, False), f"{parent}/{part}"
                if parent not in links:
                    links[parent] = above or stat.S_ISLNK(os.lstat(base + parent).st_mode)
            state = os.lstat(path)
            if stat.S_ISLNK(state.st_mode) or links.get(parent, False):
                state = Path(path).stat()
                there = Path(path).resolve()
                if not there.is_relative_to(folder.resolve()):
                    raise DamagedError(path, f"is a link to {there}; expected a file inside {folder}")
        except OSError as error:
            if error.errno in TRANSIENT:
                raise
            raise DamagedError(path, f"is missing: {error.strerror}") from error
        if not stat.S_ISREG(state.st_mode):
            raise DamagedError(path, "is not a regular file")
        found[name] = state
    return found


@patient
def read_stored(path: Path, limit: int = MAX_JSON) -> bytes:
    """The bytes of a regular file; nothing waits for a pipe, and nothing is read of a file beyond `limit`.

    Raises
    ------
    DamagedError
        If it cannot be read, is not a regular file, or is larger.
    StorageError
        If the disk or network fails, in spite of patience.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with io.BufferedReader(RawFile(descriptor)) as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise DamagedError(path, "is not a regular file")
            if status.st_size > limit:
                raise DamagedError(path, f"has {status.st_size:,} bytes; at most {limit:,} are read")
            return file.read(status.st_size)
    except OSError as error:
        if error.errno in TRANSIENT:
            raise
        raise DamagedError(path, f"cannot read: {error.strerror}") from error


def parsed(path: Path, content: bytes | str, kind: type[Model], where: str = "") -> Model:
    """JSON as a record of `kind`.

    Parameters
    ----------
    path
        The file, for messages.
    content
        UTF-8.
    kind
        What it should be.
    where
        The part of the file that `content` is, for messages.

    Raises
    ------
    DamagedError
        If it is not JSON, or not such a record: names the file and the first field at fault.
    """
    try:
        return kind.model_validate_json(content, strict=True)
    except ValidationError as error:
        said = problem(error)
    raise DamagedError(path, f"{where}: {said}" if where else said)


def read_json(path: Path, kind: type[Model], limit: int = MAX_JSON) -> Model:
    """A JSON file as a record of `kind`; errors as `read_stored` and `parsed`."""
    return parsed(path, read_stored(path, limit), kind)


@contextmanager
def damaged(path: Path) -> Iterator[None]:
    """Within the context, what is wrong with data is wrong with the stored file that holds it."""
    try:
        yield
    except DataError as error:
        raise DamagedError(path, str(error)) from error


def raw_json(content: bytes) -> Any:
    """JSON of whatever form; None if it is none. For telling why it is not what was expected."""
    try:
        return from_json(content)
    except ValueError:
        return None


def problem(error: ValidationError) -> str:
    """The first field at fault, what it holds, and what was expected."""
    first = error.errors(include_url=False)[0]
    field = shown_name(".".join(map(str, first["loc"])), _SHOWN)
    before = f"{field}: " if field else ""
    match first["type"]:
        case "missing":
            return f"{before}is missing"
        case "extra_forbidden":
            return f"{before}unknown field"
        case "json_invalid" | "value_error":
            return before + first["msg"].removeprefix("Value error, ")
    return f"{before}{shown(first['input'], _SHOWN)}: {first['msg'].replace('Input should', 'should')}"
