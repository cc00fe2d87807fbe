"""JSON lines: ``{"labels": [{"label": name, "id": 3, "score": 0.1}, …]}`` for each instance, best first."""

from __future__ import annotations

import json
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pwdismec.data.formats.compression import open_to_read
from pwdismec.data.formats.lines import LONGEST_RECORD, lines_of
from pwdismec.data.topk import TopK
from pwdismec.errors import DataError
from pwdismec.files import file_to_write
from pwdismec.prediction.files.encoding import Buffer, append_files
from pwdismec.prediction.files.predictions import Predictions, RankedRows, check_entries


@dataclass(frozen=True)
class JsonlEncoder:
    """Lines of JSON; without names, "label" is left out. An `Encoder`."""

    label_names: Sequence[str] | None
    first_id: int = 0
    parts = ("rows",)

    def encode(self, top: TopK) -> tuple[Buffer, ...]:
        # As text first: the fewest digits that read back as the same float32.
        pairs = zip(top.labels.tolist(), top.scores.astype("U").tolist(), strict=True)
        return ("".join(self._line(labels, scores) for labels, scores in pairs).encode(),)

    def assemble(self, parts: Sequence[Sequence[Path]], out: Path, n_instances: int) -> None:
        with file_to_write(out) as file:
            append_files(file, parts[0])

    def _line(self, labels: list[int], scores: list[str]) -> str:
        places = zip(labels, scores, strict=True)
        row = [self._entry(label, score) for label, score in places if label >= 0]
        return json.dumps({"labels": row}, ensure_ascii=False) + "\n"

    def _entry(self, label: int, score: str) -> dict[str, Any]:
        name = {} if self.label_names is None else {"label": self.label_names[label]}
        return {**name, "id": label + self.first_id, "score": float(score)}


def read(path: Path, first_id: int) -> Predictions:
    """The predictions in the file, which may be compressed (by its suffix); names are not looked at.

    Raises
    ------
    DataError
        If a line is not of this form.
    """
    lengths, labels, scores = array("q"), array("q"), array("d")
    with open_to_read(path) as file:
        for number, line in enumerate(lines_of(file, path, LONGEST_RECORD), start=1):
            row = _parse_row(line)
            if row is None:
                raise DataError(path, 'expected {"labels": [{"id": …, "score": …}, …]}', number)
            lengths.append(len(row))
            labels.extend(label for label, _ in row)
            scores.extend(score for _, score in row)
            check_entries(path, len(lengths), len(labels), number)
    rows = RankedRows.from_lists(lengths, labels, scores)

    def fault(row: int, message: str) -> DataError:
        return DataError(path, message, row + 1)

    return Predictions(rows.checked(None, path, first_id, fault), None)


def _parse_row(line: bytes) -> list[tuple[int, float]] | None:
    try:
        entries = json.loads(line)["labels"]
        return [_parse_entry(entry) for entry in entries] if isinstance(entries, list) else None
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None


def _parse_entry(entry: dict[str, Any]) -> tuple[int, float]:
    label, score = entry["id"], entry["score"]
    if type(label) is not int or abs(label) >= 2**63 or type(score) not in (int, float):
        raise TypeError
    return label, float(score)
