"""Data sets in files, whatever their format."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pwdismec.data.formats.faults import shown
from pwdismec.data.formats.gathering import gather
from pwdismec.data.formats.header import looks_like_header, looks_like_header_with_commas
from pwdismec.data.formats.labelled import SvmlightSource, XmcSource
from pwdismec.data.formats.lines import check_is_file, first_line
from pwdismec.data.formats.npy import NpySource
from pwdismec.data.formats.npz import NpzSource
from pwdismec.data.formats.pair import PairSource
from pwdismec.data.formats.source import Block, FirstIds, OneBased, Source
from pwdismec.errors import ConfigError, DataError

FORMATS = ("auto", "xmc", "xmc-pair", "svmlight", "npz", "npy")


def open_source(
    paths: str | Path | Sequence[str | Path],
    format: str = "auto",
    *,
    one_based: OneBased = False,
    n_features: int | None = None,
    n_labels: int | None = None,
    n_jobs: int | None = None,
) -> Source:
    """Open a data set in a text format, SciPy's `.npz` or NumPy's `.npy`; see docs/formats.md for each.

    Parameters
    ----------
    paths
        One file, or the features' file and the labels' file ("xmc-pair", "npz", "npy"; the labels' file may
        be left out). Text may be compressed: .gz, .xz, .bz2, .zst.
    format
        One of `FORMATS`. "auto" tells by the suffix and the first line.
    one_based
        Feature and label ids start at one in the file, or with "features" only those of the features (the
        columns of NumPy arrays have no ids). In memory they start at zero.
    n_features, n_labels
        How many there must be. Where the format does not tell (svmlight), how many there are at least.
    n_jobs
        Threads that parse; None takes one for each processor.

    Returns
    -------
    Source
        Headers are read and checked; rows are read when it is iterated.

    Raises
    ------
    DataError
        If a file cannot be read, or its header is wrong or does not fit.
    ConfigError
        If the format is unknown or takes another number of files.
    """
    if format not in FORMATS:
        raise ConfigError(f"format {format!r}: expected one of {', '.join(FORMATS)}")
    files = tuple(Path(path) for path in ([paths] if isinstance(paths, (str, Path)) else paths))
    if not files:
        raise ConfigError("no file to read")
    for file in files:
        check_is_file(file)
    if format == "auto":
        format = _format_of(files)
    most_files = 2 if format in ("xmc-pair", "npz", "npy") else 1
    if len(files) > most_files:
        listed = ", ".join(str(file) for file in files)
        raise ConfigError(f"{len(files)} files ({listed}): format {format} takes {most_files} at most")
    first = FirstIds.of(one_based)
    if format == "npz":
        return NpzSource(files, first, n_features, n_labels)
    if format == "npy":
        return NpySource(files, first, n_features, n_labels)
    if format == "xmc-pair":
        return PairSource(files, first, n_features, n_labels, n_jobs)
    if format == "xmc":
        return XmcSource(files[0], first, n_features, n_labels, n_jobs)
    return SvmlightSource(files[0], first, n_features, n_labels, n_jobs)


def read_source(
    paths: str | Path | Sequence[str | Path],
    format: str = "auto",
    *,
    one_based: OneBased = False,
    n_features: int | None = None,
    n_labels: int | None = None,
    n_jobs: int | None = None,
) -> Block:
    """Read a whole data set into memory. Parameters and errors: see `open_source`."""
    return gather(
        open_source(
            paths, format, one_based=one_based, n_features=n_features, n_labels=n_labels, n_jobs=n_jobs
        )
    )


def _format_of(files: tuple[Path, ...]) -> str:
    if files[0].suffix.lower() == ".npy":
        return "npy"
    if any(file.suffix.lower() == ".npz" for file in files):
        return "npz"
    if len(files) > 1:
        return "xmc-pair"
    line = first_line(files[0])
    if looks_like_header_with_commas(line):
        expected = "expected blanks in a header; convert --format svmlight reads rows"
        raise DataError(files[0], f"{shown(line)}: a header, or labels without features? {expected}", 1)
    if not looks_like_header(line):
        return "svmlight"
    return "xmc-pair" if len(line.split()) == 2 else "xmc"
