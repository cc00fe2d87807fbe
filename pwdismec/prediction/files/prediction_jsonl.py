"""JSON lines: ``{"id": …, "labels": [{"uri": …, "label": name, "id": 3, "score": 0.1}, …]}`` an instance."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Any, NamedTuple

from pwdismec.data.formats.compression import open_to_read
from pwdismec.data.formats.lines import LONGEST_RECORD, lines_of
from pwdismec.data.topk import TopK
from pwdismec.errors import DataError
from pwdismec.files import file_to_write
from pwdismec.prediction.files.encoding import Buffer, append_files
from pwdismec.prediction.files.gathered_rows import Gathered
from pwdismec.prediction.files.labels import LabelNumbers, LabelTexts
from pwdismec.prediction.files.predictions import Predictions

_TEXT = (str, type(None))

_FORM = 'expected {"labels": [{"id": …, "score": …}, …]}'


@dataclass(frozen=True)
class JsonlEncoder:
    """Lines of JSON; of records' ids, URIs and names those are left out that there are not. An `Encoder`."""

    texts: LabelTexts
    first_id: int = 0
    parts = ("rows",)

    def encode(self, top: TopK, first: int, record_ids: Sequence[str] | None) -> tuple[Buffer, ...]:
        # As text first: the fewest digits that read back as the same float32.
        pairs = zip(top.labels.tolist(), top.scores.astype("U").tolist(), strict=True)
        ids = repeat(None, len(top.labels)) if record_ids is None else record_ids
        rows = zip(ids, pairs, strict=True)
        return ("".join(self._line(record_id, *pair) for record_id, pair in rows).encode(),)

    def assemble(self, parts: Sequence[Sequence[Path]], out: Path, n_instances: int) -> None:
        with file_to_write(out) as file:
            append_files(file, parts[0])

    def _line(self, record_id: str | None, labels: list[int], scores: list[str]) -> str:
        places = zip(labels, scores, strict=True)
        row = [self._entry(label, score) for label, score in places if label >= 0]
        known = {} if record_id is None else {"id": record_id}
        return json.dumps({**known, "labels": row}, ensure_ascii=False) + "\n"

    def _entry(self, label: int, score: str) -> dict[str, Any]:
        uris, names = self.texts
        uri = {} if uris is None else {"uri": uris[label]}
        name = {} if names is None else {"label": names[label]}
        return {**uri, **name, "id": label + self.first_id, "score": float(score)}


def read(path: Path, first_id: int, known: LabelNumbers) -> Predictions:
    """The predictions in the file, which may be compressed (by its suffix).

    Labels are told by their ids; those that have none by their URIs, or else their names.

    Raises
    ------
    DataError
        If a line is not of this form, a label has two URIs, or none that is known and no id.
    """
    gathered = Gathered(path, first_id, known)
    with open_to_read(path) as file:
        for number, line in enumerate(lines_of(file, path, LONGEST_RECORD), start=1):
            row = _parse_row(line)
            if row is None:
                raise DataError(path, _FORM, number)
            gathered.begin(row.record_id, number)
            for entry in row.entries:
                gathered.add(*entry, number)
            gathered.check_fits(number)
    return gathered.predictions()


class _Row(NamedTuple):
    record_id: str | None
    entries: list[tuple[int | None, str | None, str | None, float]]


def _parse_row(line: bytes) -> _Row | None:
    try:
        row = json.loads(line)
        entries = row["labels"]
        if not isinstance(entries, list):
            return None
        return _Row(_record_id(row), [_parse_entry(entry) for entry in entries])
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None


def _record_id(row: dict[str, Any]) -> str | None:
    if "id" not in row:
        return None
    found = row["id"]
    if type(found) is not int and not isinstance(found, str):
        raise TypeError
    return str(found)


def _parse_entry(entry: dict[str, Any]) -> tuple[int | None, str | None, str | None, float]:
    if type(entry) is not dict:
        raise TypeError
    label, uri, name, score = entry.get("id"), entry.get("uri"), entry.get("label"), entry["score"]
    if type(score) not in (int, float) or type(uri) not in _TEXT or type(name) not in _TEXT:
        raise TypeError
    if label is None and "id" not in entry:
        if uri is None and name is None:
            raise KeyError
    elif type(label) is not int or abs(label) >= 2**63:
        raise TypeError
    return label, uri, name, float(score)
