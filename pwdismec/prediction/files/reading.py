"""Reading a prediction file, whichever format it is in."""

from __future__ import annotations

from pathlib import Path

from pwdismec.errors import DataError
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
    try:
        with path.open("rb") as file:
            start = file.read(2)
        if not start:
            raise DataError(path, "empty, expected predictions")
        if start == b"PK":
            return npz.read(path)
        return jsonl.read(path) if start[:1] == b"{" else xmc.read(path)
    except OSError as error:
        raise DataError(path, f"cannot read: {error.strerror or error}") from error
