"""Stored things changed as a stranger could: checksums made right again, so that only the content is wrong.

`array_changes` and `json_changes` give the same family of changes for every
array and every field; `file_changes` those for any file. What is stored is
checked field by field if each of them ends in one clear error.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

DEEP = "[" * 100_000 + "]" * 100_000
DIGITS = "9" * 5000

_MARK = "\x01value\x01"

JSON_VALUES = {
    "missing": None,
    "null": "null",
    "true": "true",
    "text": '"x"',
    "empty": '""',
    "list": "[]",
    "dictionary": "{}",
    "negative": "-1",
    "fraction": "0.5",
    "huge": str(2**70),
    "digits": DIGITS,
    "nan": "NaN",
    "infinite": "-Infinity",
    "deep": DEEP,
}
"""JSON to be put in a field's place, by what it is; None where the field is to go."""

NAMES = ("../x", "/etc/passwd", "a/b", "..", ".", "", "x\0y", "x\n", "x" * 5000, "\x1b[31m", "\u202ex")
"""Names of files that are none."""


def fields_of(record: Any, first: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The place of each field of a JSON value, from outside in; of a list the first entry stands for all."""
    entries = record.items() if isinstance(record, dict) else list(enumerate(record))[:1]
    for name, value in entries:
        yield (*first, name)
        if isinstance(value, (dict, list, tuple)):
            yield from fields_of(value, (*first, name))


def json_with(record: Any, place: tuple[Any, ...], text: str | None) -> str:
    """JSON of `record` with `text`, itself JSON, in the field at `place`; without the field if None."""
    record = json.loads(json.dumps(record))
    holder = record
    for name in place[:-1]:
        holder = holder[name]
    if text is None:
        del holder[place[-1]]
    else:
        holder[place[-1]] = _MARK
    return json.dumps(record).replace(json.dumps(_MARK), text or "", 1)


def json_changes(record: Any) -> Iterator[tuple[str, str]]:
    """Every field of a record with each of `JSON_VALUES`: what was changed, and the JSON."""
    for place in fields_of(record):
        for what, text in JSON_VALUES.items():
            yield f"{'.'.join(map(str, place))} {what}", json_with(record, place, text)


def array_changes(array: NDArray[Any]) -> dict[str, NDArray[Any] | None]:
    """What may be put in an array's place, by what is wrong with it; None where the array is to go."""
    other = np.float32 if array.dtype == np.float64 else np.float64
    changes: dict[str, NDArray[Any] | None] = {
        "missing": None,
        "empty": array[:0],
        "short": array[:-1],
        "long": np.concatenate([array, array[-1:]]),
        "another shape": array[None],
        "another dtype": array.astype(other),
        "unsigned": array.astype(np.uint64 if array.dtype.itemsize < 8 else np.uint32),
    }
    if np.issubdtype(array.dtype, np.floating):
        values = {"nan": np.nan, "infinite": np.inf, "minus infinite": -np.inf, "negative": -1e30}
        values["huge"] = np.finfo(array.dtype).max
    else:
        values = {"greatest": np.iinfo(array.dtype).max, "least": np.iinfo(array.dtype).min}
    for what, value in values.items():
        for where in {0, array.size // 2, array.size - 1} - {-1}:
            changed = array.copy()
            changed.flat[where] = value
            changes[f"{what} at {where}"] = changed
    return {
        what: changed
        for what, changed in changes.items()
        if changed is None or changed.dtype != array.dtype or not np.array_equal(changed, array)
    }


def read_safetensors(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """The tensors of a file, as copies, and what its writer said."""
    with safetensors.safe_open(path, "np") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118


def write_safetensors(path: Path, tensors: dict[str, NDArray[Any]], metadata: dict[str, str]) -> None:
    """Write tensors and what is said of them."""
    whole = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    path.write_bytes(safetensors.numpy.save(whole, metadata))


def with_tensor(path: Path, name: str, tensor: NDArray[Any] | None) -> None:
    """Put another tensor in the place of one of a file's, or take it out."""
    tensors, metadata = read_safetensors(path)
    del tensors[name]
    write_safetensors(path, tensors if tensor is None else tensors | {name: tensor}, metadata)


def safetensors_header_changes(path: Path) -> Iterator[tuple[str, bytes]]:
    """Contents for a safetensors file of which the header is wrong: what was changed, and the content."""
    raw = path.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    header, data = json.loads(raw[8 : 8 + length]), raw[8 + length :]
    places = {name: place for name, place in header.items() if name != "__metadata__"}
    said = json.dumps({"__metadata__": header.get("__metadata__", {})})

    def content(text: str, behind: bytes = data) -> bytes:
        return len(text.encode()).to_bytes(8, "little") + text.encode() + behind

    plain = json.dumps(header)
    yield "misaligned", content(plain + " " * ((1 - len(plain.encode())) % 8))
    yield "cut off", raw[:-1]
    yield "something behind", raw + b"\0"
    yield "no header", raw[:8]
    yield "a header longer than the file", (2**63).to_bytes(8, "little") + raw[8:]
    yield "deep", content(DEEP)
    yield "no metadata", content(json.dumps(places))
    for what, text in json_changes(places):
        yield what, content(f"{said[:-1]}, {text[1:]}")


def _other(change: Callable[[Path], None]) -> Callable[[Path], None]:
    """Take the file away, then `change`."""

    def changed(path: Path) -> None:
        path.unlink()
        change(path)

    return changed


def _link(path: Path) -> None:
    """A link to the same content, outside the folder."""
    outside = path.parent.parent / f"outside {path.parent.name} {path.name}"
    path.rename(outside)
    path.symlink_to(outside.resolve())


file_changes: dict[str, Callable[[Path], None]] = {
    "gone": Path.unlink,
    "empty": lambda path: path.write_bytes(b"") and None,
    "zeros": lambda path: path.write_bytes(bytes(100)) and None,
    "not text": lambda path: path.write_bytes(b"\xff\xfe\x00{") and None,
    "deep": lambda path: path.write_text(DEEP) and None,
    "digits": lambda path: path.write_text(DIGITS) and None,
    "huge": lambda path: os.truncate(path, 1 << 40),
    "a pipe": _other(os.mkfifo),
    "a folder": _other(Path.mkdir),
    "a device": _other(lambda path: path.symlink_to("/dev/zero")),
    "a link": _link,
    "a link to itself": _other(lambda path: path.symlink_to(path.name)),
}
"""What may be done to any file, by what is there then."""
