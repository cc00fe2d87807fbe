"""NumPy's archive: arrays ``labels`` (int32, n × k), ``scores`` (float32, n × k) and ``n_labels``.

Not a sparse score matrix: that would lose the ranks of equal scores, and scores of zero.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pwdismec.data.csr import CSR
from pwdismec.data.formats.archive import check_archive
from pwdismec.data.formats.faults import MOST_COLUMNS
from pwdismec.data.formats.opening import open_source
from pwdismec.data.topk import TopK
from pwdismec.errors import DataError
from pwdismec.files import file_to_write
from pwdismec.patience import apart_from_damage
from pwdismec.prediction.files.encoding import Buffer, append_files
from pwdismec.prediction.files.predictions import Predictions, RankedRows

_UNREADABLE = (zipfile.BadZipFile, zlib.error, ValueError, KeyError, EOFError, NotImplementedError)


@dataclass(frozen=True)
class NpzEncoder:
    """Labels and scores each to a file of its own, put into the archive at the end. An `Encoder`."""

    n_labels: int
    top_k: int
    first_id: int = 0
    parts = ("labels", "scores")

    def encode(self, top: TopK) -> tuple[Buffer, ...]:
        labels = np.where(top.labels < 0, top.labels, top.labels + self.first_id)
        return (
            np.ascontiguousarray(labels, "<i4").reshape(-1).data.cast("B"),
            np.ascontiguousarray(top.scores, "<f4").reshape(-1).data.cast("B"),
        )

    def assemble(self, parts: Sequence[Sequence[Path]], out: Path, n_instances: int) -> None:
        """As `numpy.savez` would write it, but without the arrays in memory."""
        with (
            file_to_write(out) as whole,
            zipfile.ZipFile(whole, "w", zipfile.ZIP_STORED, allowZip64=True) as archive,
        ):
            for name, descr, part in zip(self.parts, ("<i4", "<f4"), parts, strict=True):
                with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                    header = {"descr": descr, "fortran_order": False, "shape": (n_instances, self.top_k)}
                    np.lib.format.write_array_header_1_0(file, header)
                    append_files(file, part)
            with archive.open("n_labels.npy", "w") as file:
                np.lib.format.write_array(file, np.array(self.n_labels, "<i8"))


def read(path: Path, first_id: int) -> Predictions:
    """The predictions in the file; SciPy's matrix of scores, as PECOS writes it, is ranked by them.

    Raises
    ------
    DataError
        If an array is missing, has another form, or does not hold rankings.
    """
    if "format" in check_archive(path):  # SciPy's
        return _read_scores(path, first_id)
    try:
        with apart_from_damage(path), np.load(path, allow_pickle=False) as archive:
            labels, scores, n_labels = (archive[name] for name in ("labels", "scores", "n_labels"))
    except _UNREADABLE as error:
        raise DataError(path, f"not an npz of labels, scores and n_labels: {error}") from error
    if n_labels.shape != () or n_labels.dtype != np.int64 or not 0 <= n_labels <= MOST_COLUMNS:
        raise DataError(path, f"n_labels: expected one int64 number, from 0 to {MOST_COLUMNS}")
    if labels.dtype != np.int32 or scores.dtype != np.float32:
        raise DataError(
            path, f"labels are {labels.dtype} and scores {scores.dtype}, expected int32 and float32"
        )
    if labels.ndim != 2 or labels.shape != scores.shape:
        raise DataError(
            path, f"labels of shape {labels.shape}, scores of {scores.shape}, expected n × k both"
        )

    def fault(row: int, message: str) -> DataError:
        return DataError(path, f"row {row + 1}: {message}")

    left = labels == -1
    astray = (left != np.isneginf(scores)) | (np.logical_or.accumulate(left, axis=1) & ~left)
    if astray.any():
        row = int(astray.any(axis=1).argmax())
        raise fault(row, "places left hold label −1 and score −inf, after all others")
    rising = scores[:, 1:] > scores[:, :-1]
    if rising.any():
        row, place = np.argwhere(rising)[0]
        said = f"label {labels[row, place + 1]}: score {scores[row, place + 1]} is above the one before it"
        raise fault(int(row), f"{said}; expected the best first")
    top = TopK(labels, scores)
    RankedRows.from_top(top).checked(int(n_labels), path, first_id, fault)
    return Predictions(TopK(np.where(left, labels, labels - first_id), scores), int(n_labels))


def _read_scores(path: Path, first_id: int) -> Predictions:
    parts = [block.features.stored() for block in open_source(path, "npz") if isinstance(block.features, CSR)]
    n_labels = parts[0].n_columns - first_id if parts else 0

    def fault(row: int, message: str) -> DataError:
        return DataError(path, f"row {row + 1}: {message}")

    rows = [RankedRows(part.row_lengths, part.indices, part.values) for part in parts]
    return Predictions(RankedRows.concatenate(rows).checked(n_labels, path, first_id, fault), n_labels)
