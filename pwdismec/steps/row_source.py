"""Any source as rows: files of features, or records of texts with a training set's features."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

from pwdismec.data import Dataset
from pwdismec.data.formats import open_source
from pwdismec.data.formats.folders import PartOfFolder
from pwdismec.data.formats.layouts import are_records
from pwdismec.data.formats.source import OneBased, Source
from pwdismec.errors import DataError
from pwdismec.model import Model
from pwdismec.quoting import shown

if TYPE_CHECKING:
    from pwdismec.text.record_source import RecordSource

_log = logging.getLogger(__name__)


def open_rows(
    sources: Any,
    format: str = "auto",
    *,
    like: Dataset | Model | None = None,
    part: PartOfFolder = "test",
    labelled: bool = True,
    lenient: bool = False,
    one_based: OneBased = False,
    jobs: int = -1,
    **sizes: int | None,
) -> Source | RecordSource:
    """Open a source: records if `like` was made of texts and they are some, else as `open_source` does.

    Parameters
    ----------
    sources
        Paths, as `open_source` or `record_files` takes them, or a frame of records.
    like
        The training set, or a model of it: records become rows of its features, and labels that it does not
        have come behind its own.
    labelled
        Whether the labels of records are wanted; otherwise they need not be there.
    lenient
        Take texts of records that are missing or null for empty.
    format, part, one_based, sizes
        As `open_source` takes them.
    jobs
        Processes that read records, or threads that parse; −1 for every core.

    Raises
    ------
    DataError, ConfigError
        As `open_source` and `record_files`.
    """
    if like is not None and like.vectorizer is not None and are_records(sources, format):
        # These bring scikit-learn's, for which others need not wait.
        from pwdismec.text.corpus import LabelIds
        from pwdismec.text.record_source import RecordSource

        vectorizer = vectorizer_of(like)
        numbers, of_training = vectorizer.settings.label_numbers, (like.label_names, like.label_uris)
        labels = LabelIds(vectorizer.labels, *of_training, numbers=numbers) if labelled else None
        source = RecordSource(sources, vectorizer, labels, lenient=lenient, format=format, jobs=jobs)
        for note in source.notes:
            _log.warning(note)
        return source
    return open_source(sources, format, one_based=one_based, part=part, jobs=jobs, **sizes)


def is_of_records(source: Source | RecordSource) -> TypeGuard[RecordSource]:
    """Whether a source that was opened is one of records."""
    return hasattr(source, "labels")


def vectorizer_of(like: Dataset | Model) -> Any:
    """The `TextVectorizer` that made the features; an error if there is none."""
    if isinstance(like, Model):
        return like.text_vectorizer
    if like.vectorizer is None:
        raise DataError(like.path or "data set", "was not made of texts: it has no vectoriser")
    from pwdismec.text import TextVectorizer

    return TextVectorizer.load(like.vectorizer, like.n_features)


def check_same_names(path: Path, what: str, found: list[str], expected: list[str] | None) -> None:
    """DataError if a file names its columns, and not as the training set does."""
    for number, (name, trained) in enumerate(zip(found, expected or (), strict=False)):
        if name != trained:
            column = what.removesuffix("_names")
            said = f"{column} {number} is {shown(name)}; in the training set it is {shown(trained)}"
            raise DataError(path, f"{said}; expected the same columns in the same order")
