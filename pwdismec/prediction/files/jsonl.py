"""JSON lines: ``{"labels": [{"label": name, "id": 3, "score": 0.1}, …]}`` for each instance, best first."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pwdismec.data.formats.compression import open_to_read
from pwdismec.data.topk import TopK
from pwdismec.errors import DataError
from pwdismec.prediction.files.predictions import Predictions, RankedRows


@contextmanager
def writing(path: Path, label_names: Sequence[str] | None) -> Iterator[Callable[[TopK], None]]:
    """A function that appends rows to a new file at `path`; without names, "label" is left out."""

    def entry(label: int, score: str) -> dict[str, Any]:
        name = {} if label_names is None else {"label": label_names[label]}
        return {**name, "id": label, "score": float(score)}

    with path.open("w", encoding="utf-8", newline="\n") as file:

        def append(top: TopK) -> None:
            # As text first: the fewest digits that read back as the same float32.
            for labels, scores in zip(top.labels.tolist(), top.scores.astype("U").tolist(), strict=True):
                row = [entry(*place) for place in zip(labels, scores, strict=True) if place[0] >= 0]
                file.write(json.dumps({"labels": row}, ensure_ascii=False) + "\n")

        yield append


def read(path: Path) -> Predictions:
    """The predictions in the file, which may be compressed (by its suffix); names are not looked at.

    Raises
    ------
    DataError
        If a line is not of this form.
    """
    lengths: list[int] = []
    labels: list[int] = []
    scores: list[float] = []
    with open_to_read(path) as file:
        for number, line in enumerate(file, start=1):
            row = _parse_row(line)
            if row is None:
                raise DataError(path, 'expected {"labels": [{"id": …, "score": …}, …]}', number)
            lengths.append(len(row))
            labels.extend(label for label, _ in row)
            scores.extend(score for _, score in row)
    rows = RankedRows.from_lists(lengths, labels, scores)
    return Predictions(rows.checked(None, lambda row, message: DataError(path, message, row + 1)), None)


def _parse_row(line: bytes) -> list[tuple[int, float]] | None:
    try:
        return [_parse_entry(entry) for entry in json.loads(line)["labels"]]
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None


def _parse_entry(entry: dict[str, Any]) -> tuple[int, float]:
    label, score = entry["id"], entry["score"]
    if type(label) is not int or abs(label) >= 2**63 or type(score) not in (int, float):
        raise TypeError
    return label, float(score)
