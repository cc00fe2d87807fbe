"""Data sets in files, whatever their format."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pwdismec.bounds import thread_count
from pwdismec.data.formats.arff import ArffSource
from pwdismec.data.formats.dense_npy import NpySource
from pwdismec.data.formats.folders import PartOfFolder
from pwdismec.data.formats.gathered_blocks import gather
from pwdismec.data.formats.labelled import SvmlightSource, XmcSource
from pwdismec.data.formats.layouts import feature_files
from pwdismec.data.formats.pair import PairSource
from pwdismec.data.formats.source import Block, FirstIds, OneBased, Source
from pwdismec.data.formats.sparse_npz import NpzSource


def open_source(
    paths: str | Path | Sequence[str | Path],
    format: str = "auto",
    *,
    one_based: OneBased = False,
    part: PartOfFolder = "train",
    n_features: int | None = None,
    n_labels: int | None = None,
    jobs: int = -1,
) -> Source:
    """Open a data set in a text format, SciPy's `.npz` or NumPy's `.npy`; see docs/formats.md for each.

    Parameters
    ----------
    paths
        One file, or the features' file and the labels' file ("xmc-pair", "npz", "npy", "arff"; the labels'
        file may be left out), or a folder as it was published. Text may be compressed: .gz, .xz, .bz2, .zst.
    format
        One of `FORMATS`. "auto" tells by the names and the first line.
    one_based
        Feature and label ids start at one in the file, or with "features" only those of the features (the
        columns of NumPy arrays have no ids). In memory they start at zero.
    part
        "train" or "test": which is read of a folder that holds both.
    n_features, n_labels
        How many there must be. Where the format does not tell (svmlight), how many there are at least.
    jobs
        Threads that parse; −1 for every core.

    Returns
    -------
    Source
        Headers are read and checked; rows are read when it is iterated.

    Raises
    ------
    DataError
        If a file cannot be read, or its header is wrong or does not fit.
    ConfigError
        If the format is unknown or takes another number of files, or `jobs` is 0.
    """
    files, format, *_ = feature_files(paths, format, part)
    first, threads = FirstIds.of(one_based), thread_count(jobs)
    if format == "npz":
        return NpzSource(files, first, n_features, n_labels)
    if format == "npy":
        return NpySource(files, first, n_features, n_labels)
    if format == "xmc-pair":
        return PairSource(files, first, n_features, n_labels, threads)
    if format == "arff":
        return ArffSource(files, n_features, n_labels)
    if format == "xmc":
        return XmcSource(files[0], first, n_features, n_labels, threads)
    return SvmlightSource(files[0], first, n_features, n_labels, threads)


def read_source(
    paths: str | Path | Sequence[str | Path],
    format: str = "auto",
    *,
    one_based: OneBased = False,
    part: PartOfFolder = "train",
    n_features: int | None = None,
    n_labels: int | None = None,
    jobs: int = -1,
) -> Block:
    """Read a whole data set into memory. Parameters and errors: see `open_source`."""
    sizes = {"n_features": n_features, "n_labels": n_labels}
    return gather(open_source(paths, format, one_based=one_based, part=part, **sizes, jobs=jobs))
