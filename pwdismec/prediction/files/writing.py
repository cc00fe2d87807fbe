"""Writing predictions as they come, so that a whole file or none is there in the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from pwdismec.data.topk import TopK
from pwdismec.errors import ConfigError
from pwdismec.files import replacing_file
from pwdismec.prediction.files import jsonl, npz, xmc

FORMATS = ("xmc", "npz", "jsonl")


@contextmanager
def writing_predictions(
    path: str | Path,
    format: str,
    *,
    n_instances: int,
    n_labels: int,
    label_names: Sequence[str] | None = None,
) -> Iterator[Callable[[TopK], None]]:
    """Write a prediction file; the value is a function that appends rows.

    Parameters
    ----------
    path
        An older file there is replaced once the new one is whole.
    format
        "xmc", "npz" (kept in memory until the end) or "jsonl".
    n_instances
        The rows that will be appended in all.
    n_labels
        Number of labels, predicted or not.
    label_names
        Names for JSONL, by label id.

    Raises
    ------
    ConfigError
        If the format is unknown.
    PwdismecError
        If the file cannot be written.
    ValueError
        If more or fewer rows were appended than announced; no file is left.
    """
    n_written = 0
    with replacing_file(path) as aside, _opened(aside, format, n_instances, n_labels, label_names) as write:

        def append(top: TopK) -> None:
            nonlocal n_written
            n_written += len(top.labels)
            write(top)

        yield append
        if n_written != n_instances:
            raise ValueError(f"{path}: {n_written} rows were appended, {n_instances} were announced")


def _opened(
    path: Path, format: str, n_instances: int, n_labels: int, label_names: Sequence[str] | None
) -> AbstractContextManager[Callable[[TopK], None]]:
    match format:
        case "xmc":
            return xmc.writing(path, n_instances, n_labels)
        case "npz":
            return npz.writing(path, n_labels)
        case "jsonl":
            return jsonl.writing(path, label_names)
    raise ConfigError(f"format: {format!r}, expected one of {', '.join(FORMATS)}")
