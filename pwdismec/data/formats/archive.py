"""NumPy's `.npz` archives, looked at before anything in them is loaded."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy

from pwdismec.data.formats.faults import shown
from pwdismec.errors import DataError, StorageError
from pwdismec.machine import check_fits
from pwdismec.patience import apart_from_damage, patient
from pwdismec.quoting import said_by

# What NumPy writes. Of other methods, Python's zipfile puts no limit to what it unpacks at a time.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


@patient
def check_archive(path: Path) -> dict[str, np.dtype[Any]]:
    """Raise DataError unless all that is in an archive are arrays of plain values, as large as they say.

    Their sizes must agree with the archive's list of contents, which unpacking keeps to, and together fit
    into memory. Nothing is unpacked but their headers; what is damaged behind these is found in loading.

    Returns
    -------
    dict
        The type of each array.
    """
    try:
        with apart_from_damage(path), zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            expected = "a smaller file, or text, which is read in blocks"
            check_fits(sum(member.file_size for member in members), path, "its arrays", expected)
            types: dict[str, np.dtype[Any]] = {}
            for member in members:
                name, suffix = member.filename.removesuffix(".npy"), Path(member.filename).suffix
                if suffix != ".npy" or name in types:
                    raise DataError(path, f"{_shown(member)}: no .npy array, or there twice")
                types[name] = _checked_type(path, archive, member)
            return types
    except (DataError, StorageError):
        raise
    except Exception as error:  # whatever a damaged archive or header makes zipfile and NumPy raise
        raise DataError(path, f"damaged, or no .npz file: {said_by(error)}") from error


def _checked_type(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.dtype[Any]:
    if member.compress_type not in _METHODS:
        raise DataError(
            path, f"{_shown(member)}: compressed by another method than NumPy's, which is deflation"
        )
    with archive.open(member) as file:
        version = npy.read_magic(file)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, dtype = read(file)
        begin = file.tell()
    if dtype.hasobject or dtype.names is not None:
        raise DataError(path, f"{_shown(member)}: an array of Python's objects; expected plain values")
    if min(shape, default=0) < 0 or begin + math.prod(shape) * dtype.itemsize != member.file_size:
        raise DataError(path, f"{_shown(member)}: not as large as its shape says")
    return dtype


def _shown(member: zipfile.ZipInfo) -> str:
    return shown(member.filename.encode("utf-8", "surrogateescape"))
