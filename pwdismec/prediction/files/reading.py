"""Reading a prediction file, whichever format it is in."""

from __future__ import annotations

from codecs import BOM_UTF8
from pathlib import Path

from pwdismec.data.formats.compression import clear_read_errors, open_to_read
from pwdismec.data.formats.lines import check_is_file
from pwdismec.prediction.files import jsonl, npz, xmc
from pwdismec.prediction.files.predictions import Predictions


def read_predictions(path: str | Path, *, one_based: bool = False) -> Predictions:
    """The predictions in a file; its first bytes tell the format.

    Files of other programs are understood as well: text without a header, rows in the order of the ids, and
    SciPy's matrix of scores. Ids in the file start at one if `one_based`.

    Raises
    ------
    DataError
        If the file cannot be read, or does not hold rankings of labels (file and line are named).
    """
    path, first_id = Path(path), int(one_based)
    check_is_file(path)
    with clear_read_errors(path):
        with open_to_read(path) as file:
            start = file.read(4).removeprefix(BOM_UTF8)
        if start[:2] == b"PK":
            return npz.read(path, first_id)
        return jsonl.read(path, first_id) if start[:1] == b"{" else xmc.read(path, first_id)
