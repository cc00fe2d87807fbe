"""Reading a prediction file, whichever format it is in."""

from __future__ import annotations

from codecs import BOM_UTF8
from pathlib import Path

from pwdismec.data.formats.compression import clear_read_errors, open_to_read
from pwdismec.data.formats.lines import check_is_file
from pwdismec.prediction.files import prediction_csv, prediction_jsonl, prediction_npz, prediction_xmc
from pwdismec.prediction.files.labels import LabelNumbers, LabelTexts
from pwdismec.prediction.files.predictions import Predictions

_START = 1000  # bytes of the first line that tell the format


def read_predictions(
    path: str | Path, *, one_based: bool = False, known: LabelTexts | None = None
) -> Predictions:
    """The predictions in a file; its first bytes tell the format.

    Files of other programs are understood as well: text without a header, rows in the order of the ids,
    SciPy's matrix of scores, and JSON lines or CSV with URIs or names of labels in place of ids.

    Parameters
    ----------
    one_based
        Ids in the file start at one.
    known
        URIs and names of the labels, by number, for those that have no ids in the file.

    Raises
    ------
    DataError
        If the file cannot be read, or does not hold rankings of labels (file and line are named).
    """
    path, first_id = Path(path), int(one_based)
    check_is_file(path)
    with clear_read_errors(path):
        with open_to_read(path) as file:
            start = file.readline(_START).removeprefix(BOM_UTF8)
        if start[:2] == b"PK":
            return prediction_npz.read(path, first_id)
        if start[:1] == b"{":
            return prediction_jsonl.read(path, first_id, LabelNumbers(known))
        if prediction_csv.looks_like(start.rstrip(b"\r\n")):
            return prediction_csv.read(path, first_id, LabelNumbers(known))
        return prediction_xmc.read(path, first_id)
