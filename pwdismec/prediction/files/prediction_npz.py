"""NumPy's archive: arrays ``labels`` (int32, n × k), ``scores`` (float32, n × k) and ``n_labels``.

Not a sparse score matrix: that would lose the ranks of equal scores, and scores of zero. Ids of records, URIs
and names of labels are two arrays each, offsets and UTF-8, as in `Strings`: ``record_ids_indptr`` …
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from pwdismec.data.csr import CSR
from pwdismec.data.formats.any_format import open_source
from pwdismec.data.formats.archive import check_archive
from pwdismec.data.formats.faults import MOST_COLUMNS
from pwdismec.data.names import check_uris
from pwdismec.data.strings import Strings
from pwdismec.data.topk import TopK
from pwdismec.errors import ArrayError, DataError
from pwdismec.files import file_to_read, file_to_write
from pwdismec.patience import apart_from_damage
from pwdismec.prediction.files.encoding import Buffer, append_files
from pwdismec.prediction.files.labels import LabelTexts
from pwdismec.prediction.files.predictions import Predictions, RankedRows

_TEXTS = ("record_ids", "label_uris", "label_names")

_CHUNK = 1 << 20

_UNREADABLE = (zipfile.BadZipFile, zlib.error, ValueError, KeyError, EOFError, NotImplementedError)


@dataclass(frozen=True)
class NpzEncoder:
    """Labels and scores each to a file of its own, put into the archive at the end. An `Encoder`."""

    n_labels: int
    top_k: int
    texts: LabelTexts
    has_record_ids: bool
    first_id: int = 0

    @property
    def parts(self) -> tuple[str, ...]:
        return ("labels", "scores", *(("id_lengths", "ids") if self.has_record_ids else ()))

    def encode(self, top: TopK, first: int, record_ids: Sequence[str] | None) -> tuple[Buffer, ...]:
        labels = np.where(top.labels < 0, top.labels, top.labels + self.first_id)
        arrays = [np.ascontiguousarray(labels, "<i4"), np.ascontiguousarray(top.scores, "<f4")]
        if record_ids is not None:
            ids = Strings.of(record_ids, "record_ids").stored()
            arrays += [np.diff(ids.indptr).astype("<i8"), np.ascontiguousarray(ids.utf8)]
        return tuple(array.reshape(-1).data.cast("B") for array in arrays)

    def assemble(self, parts: Sequence[Sequence[Path]], out: Path, n_instances: int) -> None:
        """As `numpy.savez` would write it, but without the arrays in memory."""
        with (
            file_to_write(out) as whole,
            zipfile.ZipFile(whole, "w", zipfile.ZIP_STORED, allowZip64=True) as archive,
        ):
            for name, descr, part in zip(("labels", "scores"), ("<i4", "<f4"), parts, strict=False):
                with _member(archive, name, descr, (n_instances, self.top_k)) as file:
                    append_files(file, part)
            if self.has_record_ids:
                *_, lengths, ids = parts
                with _member(archive, "record_ids_indptr", "<i8", (n_instances + 1,)) as file:
                    _write_offsets(file, lengths)
                n_bytes = sum(part.stat().st_size for part in ids)
                with _member(archive, "record_ids_utf8", "|u1", (n_bytes,)) as file:
                    append_files(file, ids)
            arrays = {"n_labels": np.array(self.n_labels, "<i8")}
            for name, texts in (("label_uris", self.texts.uris), ("label_names", self.texts.names)):
                if texts is not None:
                    strings = Strings.of(texts)
                    arrays |= {f"{name}_indptr": strings.indptr, f"{name}_utf8": strings.utf8}
            for name, array in arrays.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                    np.lib.format.write_array(file, array, allow_pickle=False)


def _member(archive: zipfile.ZipFile, name: str, descr: str, shape: tuple[int, ...]) -> IO[bytes]:
    """An array in the archive, whose values are to be written."""
    file = archive.open(f"{name}.npy", "w", force_zip64=True)
    np.lib.format.write_array_header_1_0(file, {"descr": descr, "fortran_order": False, "shape": shape})
    return file


def _write_offsets(out: IO[bytes], paths: Sequence[Path]) -> None:
    """Write the offsets of strings of which files hold the lengths, one after another."""
    end = np.zeros(1, "<i8")
    out.write(end.tobytes())
    for path in paths:
        with file_to_read(path) as file:
            while content := file.read(_CHUNK):
                ends = end + np.cumsum(np.frombuffer(content, "<i8"))
                out.write(ends.astype("<i8").tobytes())
                end = ends[-1:]


def read(path: Path, first_id: int) -> Predictions:
    """The predictions in the file; SciPy's matrix of scores, as PECOS writes it, is ranked by them.

    Raises
    ------
    DataError
        If an array is missing, has another form, or does not hold rankings.
    """
    if "format" in (types := check_archive(path)):  # SciPy's
        return _read_scores(path, first_id)
    try:
        with apart_from_damage(path), np.load(path, allow_pickle=False) as archive:
            labels, scores, n_labels = (archive[name] for name in ("labels", "scores", "n_labels"))
            held = [name for name in _TEXTS if types.keys() & {f"{name}_indptr", f"{name}_utf8"}]
            texts = {name: _strings(path, archive, name) for name in held}
    except DataError:
        raise
    except _UNREADABLE as error:
        raise DataError(path, f"not an npz of labels, scores and n_labels: {error}") from error
    if n_labels.shape != () or n_labels.dtype != np.int64 or not 0 <= n_labels <= MOST_COLUMNS:
        raise DataError(path, f"n_labels: expected one int64 number, from 0 to {MOST_COLUMNS}")
    if labels.dtype != np.int32 or scores.dtype != np.float32:
        raise DataError(
            path, f"labels are {labels.dtype} and scores {scores.dtype}; expected int32 and float32"
        )
    if labels.ndim != 2 or labels.shape != scores.shape:
        raise DataError(
            path, f"labels of shape {labels.shape}, scores of {scores.shape}; expected n × k both"
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
    top = TopK(np.where(left, labels, labels - first_id), scores)
    for name, strings in texts.items():
        expected, of = (len(labels), "rows") if name == "record_ids" else (int(n_labels), "labels")
        if len(strings) != expected:
            raise DataError(path, f"{name}: {len(strings)}; expected one for each of {expected} {of}")
    uris = texts.get("label_uris")
    known = None if uris is None else dict(enumerate(check_uris(list(uris), len(uris))))
    return Predictions(top, int(n_labels), texts.get("record_ids"), known)


def _strings(path: Path, archive: Mapping[str, NDArray[Any]], name: str) -> Strings:
    """The strings of two arrays."""
    strings = Strings(archive[f"{name}_indptr"], archive[f"{name}_utf8"])
    try:
        strings.check(name)
    except ArrayError as error:
        raise DataError(path, f"{name}: {error.message}") from error
    if strings.indptr[0] or strings.indptr[-1] != len(strings.utf8):
        raise DataError(path, f"{name}: text outside its strings; expected none")
    return strings


def _read_scores(path: Path, first_id: int) -> Predictions:
    parts = [block.features.stored() for block in open_source(path, "npz") if isinstance(block.features, CSR)]
    n_labels = parts[0].n_columns - first_id if parts else 0

    def fault(row: int, message: str) -> DataError:
        return DataError(path, f"row {row + 1}: {message}")

    rows = [RankedRows(part.row_lengths, part.indices, part.values) for part in parts]
    return Predictions(RankedRows.concatenate(rows).checked(n_labels, path, first_id, fault), n_labels)
