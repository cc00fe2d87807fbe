"""Prediction text of the XMC repository: ``N L``, then a line an instance, ``label:score …``, best first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pwdismec import native
from pwdismec.data.formats.faults import RowIds
from pwdismec.data.formats.header import read_header
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
    parts = ("rows",)

    def encode(self, top: TopK) -> tuple[Buffer, ...]:
        rows = RankedRows.from_top(top)
        offsets = np.concatenate([[0], np.cumsum(rows.lengths)])
        text = native.format_ranked_rows(offsets, rows.labels.astype(np.int32), rows.scores)
        return (text.data,)

    def assemble(self, parts: Sequence[Sequence[Path]], out: Path, n_instances: int) -> None:
        with file_to_write(out) as file:
            file.write(f"{n_instances} {self.n_labels}\n".encode())
            append_files(file, parts[0])


def read(path: Path) -> Predictions:
    """The predictions in the file, which may be compressed (by its suffix).

    Raises
    ------
    DataError
        If the header or a row is malformed, or there are more or fewer rows than the header says.
    """
    n_instances, n_labels = read_header(path, ("rows", "labels"))
    pieces = RowFile(path, n_instances, RowIds(0, n_labels, column="label"), None).ranked()
    parts: list[RankedRows] = []
    n_rows = n_entries = 0
    for indptr, ids, scores in pieces:
        parts.append(RankedRows(np.diff(indptr), ids, scores))
        n_rows, n_entries = n_rows + len(parts[-1].lengths), n_entries + len(ids)
        check_entries(path, n_rows, n_entries, n_rows + 1)
    top = RankedRows.concatenate(parts).checked(
        n_labels, path, lambda row, message: DataError(path, message, row + 2)
    )
    return Predictions(top, n_labels)
