"""Prediction text of the XMC repository: ``N L``, then a line an instance, ``label:score …``, best first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pwdismec import native
from pwdismec.bounds import thread_count
from pwdismec.data.formats.faults import MOST_COLUMNS, RowIds
from pwdismec.data.formats.header import looks_like_header, read_header
from pwdismec.data.formats.lines import first_line
from pwdismec.data.formats.rows import RowFile
from pwdismec.data.topk import TopK
from pwdismec.errors import DataError
from pwdismec.files import file_to_write
from pwdismec.prediction.files.encoding import Buffer, append_files
from pwdismec.prediction.files.predictions import Predictions, RankedRows, check_entries


@dataclass(frozen=True)
class XmcEncoder:
    """Lines of text; the header comes last, as the number of rows may not be known before. An `Encoder`."""

    n_labels: int
    first_id: int = 0
    parts = ("rows",)

    def encode(self, top: TopK, first: int, record_ids: Sequence[str] | None) -> tuple[Buffer, ...]:
        rows = RankedRows.from_top(top)
        offsets = np.concatenate([[0], np.cumsum(rows.lengths)])
        text = native.format_ranked_rows(offsets, rows.labels.astype(np.int32) + self.first_id, rows.scores)
        return (text.data,)

    def assemble(self, parts: Sequence[Sequence[Path]], out: Path, n_instances: int) -> None:
        with file_to_write(out) as file:
            file.write(f"{n_instances} {self.n_labels}\n".encode())
            append_files(file, parts[0])


def read(path: Path, first_id: int) -> Predictions:
    """The predictions in the file, which may be compressed (by its suffix), or without a header.

    Raises
    ------
    DataError
        If the header or a row is malformed, or there are more or fewer rows than the header says.
    """
    n_instances, n_labels = None, None
    if has_header := looks_like_header(first_line(path)):
        n_instances, n_labels = read_header(path, ("rows", "labels"))
    ids = RowIds(first_id, MOST_COLUMNS - first_id if n_labels is None else n_labels, column="label")
    pieces = RowFile(path, n_instances, ids, thread_count(-1)).ranked()
    parts: list[RankedRows] = []
    n_rows = n_entries = 0
    for indptr, labels, scores in pieces:
        parts.append(RankedRows(np.diff(indptr), labels, scores))
        n_rows, n_entries = n_rows + len(parts[-1].lengths), n_entries + len(labels)
        check_entries(path, n_rows, n_entries, n_rows + has_header)

    def fault(row: int, message: str) -> DataError:
        return DataError(path, message, row + 1 + has_header)

    top = RankedRows.concatenate(parts).checked(n_labels, path, first_id, fault)
    return Predictions(top, n_labels)
