"""Records as a source of rows: term counts, label sets and ids, block by block."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pwdismec.bounds import thread_count
from pwdismec.data.formats.layouts import RecordFiles, record_files, told_of_ignored
from pwdismec.text.chunks import chunks_of
from pwdismec.text.corpus import LabelIds, RecordBlock, blocks_like
from pwdismec.text.pieces import pieces_of, with_ids
from pwdismec.text.settings import TextSettings
from pwdismec.text.vectorizer import TextVectorizer


@dataclass(frozen=True)
class FittedRows:
    """The rows of a corpus that a vectoriser was fitted to.

    Attributes
    ----------
    paths, format
        What they were read from, and how that is written.
    n_features
        How many the vectoriser has.
    blocks
        The rows.
    """

    paths: Sequence[Path]
    format: str
    n_features: int
    blocks: Iterable[RecordBlock]

    def __iter__(self) -> Iterator[RecordBlock]:
        return iter(self.blocks)


class RecordSource:
    """Records of files or a folder, with the features of a training set; a `Source`.

    Parameters
    ----------
    sources
        As `record_files` takes them; of a folder with two parts, the test part is taken.
    vectorizer
        The training set's.
    labels
        The training set's labels; those that are met besides come behind them. None where labels are not
        wanted: the records need not have any then.
    lenient
        Take texts that are missing or null for empty.
    format
        How the files are written; "auto" tells by names and first lines.
    jobs
        Processes that read and analyse; −1 for every core.

    Attributes
    ----------
    labels
        As given.

    Raises
    ------
    DataError
        If a file cannot be read; in iterating, if a record is not as it should be.
    """

    n_instances: int | None = None  # it takes reading them: `len`
    n_labels: int | None = None

    def __init__(
        self,
        sources: Any,
        vectorizer: TextVectorizer,
        labels: LabelIds | None,
        *,
        lenient: bool = False,
        format: str = "auto",
        jobs: int = -1,
    ) -> None:
        self._records, self._lenient = record_files(sources, format, "test"), lenient
        self._jobs, self._vectorizer, self.labels = thread_count(jobs), vectorizer, labels
        settings = _as_written(vectorizer.settings, self._records)
        if labels is None:
            settings = settings.model_copy(update={"label_field": None})
        self._settings = with_ids(self._records.files, settings)

    @property
    def paths(self) -> tuple[Path, ...]:
        """What is read."""
        return tuple(self._records.paths)

    @property
    def notes(self) -> list[str]:
        """What is to be said of what is not read."""
        return told_of_ignored(self._records.files)

    @property
    def format(self) -> str:
        """That of the first file."""
        return self._records.files[0].format

    @property
    def n_features(self) -> int:
        """As many as the training set has."""
        return self._vectorizer.n_features

    @property
    def has_record_ids(self) -> bool:
        """Whether the records have ids in the training set's field: the first has one."""
        return bool(self._settings.id_field)

    def __len__(self) -> int:
        """How many records there are; they are read to know."""
        return sum(len(piece) for file in self._records.files for piece in pieces_of(file, self._settings))

    def __iter__(self) -> Iterator[RecordBlock]:
        labels = self.labels or LabelIds(())
        files, settings = self._records.files, self._settings
        with closing(chunks_of(files, settings, jobs=self._jobs, lenient=self._lenient)) as chunks:
            yield from blocks_like(self._vectorizer, chunks, labels)


def _as_written(settings: TextSettings, records: RecordFiles) -> TextSettings:
    """A training set's settings for other records: how their table is written, its layout says."""
    if settings.columns is not None or "columns" not in records.says:
        return settings
    return settings.model_copy(update={name: records.says[name] for name in ("columns", "label_separator")})
