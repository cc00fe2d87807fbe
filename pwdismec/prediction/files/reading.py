"""Reading a prediction file, whichever format it is in."""

from __future__ import annotations

from pathlib import Path

from pwdismec.data.formats.compression import clear_read_errors, open_to_read
from pwdismec.data.formats.lines import check_is_file
from pwdismec.prediction.files import jsonl, npz, xmc
from pwdismec.prediction.files.predictions import Predictions


def read_predictions(path: str | Path) -> Predictions:
    """The predictions in a file; its first bytes tell the format.

    Raises
    ------
    DataError
        If the file cannot be read, or does not hold rankings of labels (file and line are named).
    """
    path = Path(path)
    check_is_file(path)
    with clear_read_errors(path):
        with open_to_read(path) as file:
            start = file.read(2)
        if start == b"PK":
            return npz.read(path)
        return jsonl.read(path) if start[:1] == b"{" else xmc.read(path)
