"""Prediction text of the XMC repository: ``N L``, then a line an instance, ``label:score …``, best first."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pwdismec.data.topk import TopK
from pwdismec.errors import DataError
from pwdismec.prediction.files.predictions import Predictions, RankedRows

_HEADER = re.compile(rb"(\d{1,18})[ \t]+(\d{1,9})[ \t\r]*")
_ITEM = re.compile(rb"(\d{1,18}):([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)")


@contextmanager
def writing(path: Path, n_instances: int, n_labels: int) -> Iterator[Callable[[TopK], None]]:
    """A function that appends rows to a new file at `path`."""
    with path.open("wb") as file:
        file.write(f"{n_instances} {n_labels}\n".encode())

        def append(top: TopK) -> None:
            file.write(_format_rows(top))

        yield append


def read(path: Path) -> Predictions:
    """The predictions in the file.

    Raises
    ------
    DataError
        If the header or a row is malformed, or there are more or fewer rows than the header says.
    """
    header, *lines = path.read_bytes().split(b"\n")
    if lines and not lines[-1]:
        lines.pop()  # what follows the last line's end
    sizes = _HEADER.fullmatch(header)
    if not sizes:
        raise DataError(path, f"header {_shown(header)}, expected the numbers of instances and of labels", 1)
    n_instances, n_labels = int(sizes[1]), int(sizes[2])
    if len(lines) != n_instances:
        line = min(len(lines) + 1, n_instances + 2)
        raise DataError(path, f"{len(lines)} rows, but the header says {n_instances}", line)
    rows = _parse_rows(path, lines)
    return Predictions(
        rows.checked(n_labels, lambda row, message: DataError(path, message, row + 2)), n_labels
    )


def _format_rows(top: TopK) -> bytes:
    rows = RankedRows.from_top(top)
    scores = rows.scores.astype("U").tolist()  # the fewest digits that read back as the same float32
    items = iter([f"{label}:{score}" for label, score in zip(rows.labels.tolist(), scores, strict=True)])
    lines = (" ".join(itertools.islice(items, length)) for length in rows.lengths.tolist())
    return "".join(f"{line}\n" for line in lines).encode()


def _parse_rows(path: Path, lines: list[bytes]) -> RankedRows:
    lengths: list[int] = []
    labels: list[int] = []
    scores: list[float] = []
    for number, line in enumerate(lines, start=2):
        items = line.split()
        lengths.append(len(items))
        for item in items:
            parts = _ITEM.fullmatch(item)
            if not parts:
                raise DataError(path, f"{_shown(item)}, expected label:score", number)
            labels.append(int(parts[1]))
            scores.append(float(parts[2]))
    return RankedRows.from_lists(lengths, labels, scores)


def _shown(text: bytes) -> str:
    """At most 40 characters of `text`, printable."""
    return ascii(text[:40].decode("latin-1")) + ("…" if len(text) > 40 else "")
