"""From files of records with texts and labels to data sets' folders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from pwdismec.bounds import thread_count
from pwdismec.data import Dataset, convert
from pwdismec.data.writer import dataset_output
from pwdismec.errors import DataError
from pwdismec.outputs import check_apart
from pwdismec.pipeline.vocabulary import named, numbered
from pwdismec.pipeline.watching import Watch, unwatched
from pwdismec.quoting import shown, shown_name
from pwdismec.text import TextSettings, TextVectorizer
from pwdismec.text.chunks import chunks_of
from pwdismec.text.corpus import Corpus, LabelIds, RecordBlock, blocks_like
from pwdismec.text.pieces import format_of, pieces_of, with_ids
from pwdismec.text.splits import Split


class Made(NamedTuple):
    """A data set made of records, and what the user should know of it."""

    dataset: Dataset
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class _Source:
    """What `convert` takes."""

    paths: Sequence[Path]
    format: str | None
    n_features: int
    blocks: Iterable[RecordBlock]

    def __iter__(self) -> Iterator[RecordBlock]:
        return iter(self.blocks)


def convert_texts(
    sources: Sequence[Path],
    out: Path,
    settings: TextSettings,
    *,
    label_names: Path | None = None,
    labels: Path | None = None,
    test: Path | None = None,
    split: Split | None = None,
    jobs: int = 1,
    overwrite: bool = False,
    watch: Watch = unwatched,
) -> list[Made]:
    """Fit a vectoriser to records and write them as a training set; those held out, as a test set.

    Parameters
    ----------
    sources
        Files of records: JSON lines, CSV, TSV, Parquet.
    out
        The training set's folder.
    settings
        What the features are, and where the labels stand.
    label_names
        A file with a label, a tab and its name in each line: what the records call a label is its URI then.
        Default, the names that the records give labels beside their URIs, or else the labels are their names.
    labels
        In its place, names in the order of the labels, which are whole numbers from 0. Their URIs are those
        in the file, if it has any, or else these numbers.
    test, split
        The test set's folder, and which records go there.
    jobs
        Processes that read and analyse; −1 for every core.
    overwrite
        Replace data sets that are there, each once the new one is whole.

    Returns
    -------
    list
        The training set, and the test set if there is one.

    Raises
    ------
    DataError
        If a file or record is not as it should be, the vocabulary is empty, or a label has no number.
    OutputError
        If both data sets are to be in one folder; or a folder exists and is not to be replaced, or must not
        be (`pwdismec.outputs`).
    PwdismecError
        If a folder cannot be written. Nothing half-written is left, and older data sets stay.
    """
    jobs = thread_count(jobs)
    targets = [out] if test is None else [out, test]
    for target in targets:
        dataset_output(target, [*sources, label_names, labels], overwrite=overwrite)
    if test is not None:
        check_apart(test, [out], what="the training set's folder")
    if settings.id_field is None:
        settings = with_ids(sources, settings)
    with Corpus(settings, out.parent) as corpus:
        with watch("read", "records") as update, closing(chunks_of(sources, settings, split, jobs)) as chunks:
            update(0, None)
            for chunk in chunks:
                corpus.add(chunk)
                update(sum(corpus.n_records.values()), None)
        fitted = corpus.fit(sources[0])
        vectorizer = fitted.vectorizer
        n_trained, notes = len(vectorizer.labels), _doubts(corpus, sources[0], settings)
        called = [*vectorizer.labels, *fitted.other_labels]
        given = corpus.label_names
        names, uris = [given.get(label, label) for label in called], called
        if labels is not None:
            names, found = numbered(labels, called)
            uris = called if found is None else found
        elif label_names is not None:
            names, note = named(label_names, called)
            notes += note
        else:
            notes += _renamed(corpus, sources[0])
        made = list[Made]()
        for held_out, target in enumerate(targets):
            blocks = fitted.blocks(bool(held_out), jobs)
            total, n_labels = corpus.n_records[bool(held_out)], None if held_out else n_trained
            how: dict[str, Any] = {"transforms": vectorizer.transforms, "vectorizer": vectorizer.save}
            if held_out:
                how = {"like": made[0].dataset}
            with watch("convert", "rows") as update:
                update(0, total)
                dataset = convert(
                    _source(sources, vectorizer, blocks),
                    target,
                    label_names=names[:n_labels] if settings.label_field else None,
                    label_uris=uris[:n_labels] if labels or label_names or given else None,
                    overwrite=overwrite,
                    on_progress=lambda done, total=total, update=update: update(done, total),  # type: ignore[misc]
                    **how,
                )
            made.append(Made(dataset, () if held_out else notes))
    return made


def _doubts(corpus: Corpus, path: Path, settings: TextSettings) -> list[str]:
    """What is said if the labels in a table seem to be divided by something else than the separator."""
    label = corpus.unsplit_label() if format_of(path) in ("csv", "tsv") else None
    if label is None:
        return []
    return [
        f"{path}: nearly every record has one label, and nearly all are different, such as {shown(label)}; "
        f"if that is several, say what divides them (--label-separator, now {settings.label_separator!r})"
    ]


def _renamed(corpus: Corpus, path: Path) -> list[str]:
    """What is said if the records give a label several names."""
    several = corpus.renamed
    if not several:
        return []
    labels = f"{len(several):,} label{'s' * (len(several) > 1)} with several names"
    return [f"{path}: {labels}, such as {shown_name(min(several))}; the first that was read is taken"]


def convert_texts_like(
    sources: Sequence[Path],
    out: Path,
    like: Dataset,
    *,
    jobs: int = 1,
    overwrite: bool = False,
    watch: Watch = unwatched,
) -> Made:
    """Write records as a data set with the features of a training set; parameters as there.

    Labels that it does not have come behind those that it has; they are called as the records call them.

    Raises
    ------
    DataError
        If `like` was not made of texts; or as `convert_texts`.
    """
    vectorizer = vectorizer_of(like)
    jobs = thread_count(jobs)
    labels = LabelIds(vectorizer.labels, like.label_names, like.label_uris)
    settings = with_ids(sources, vectorizer.settings)
    with (
        closing(chunks_of(sources, settings, None, jobs)) as chunks,
        watch("convert", "rows") as update,
    ):
        update(0, None)
        dataset = convert(
            _source(sources, vectorizer, blocks_like(vectorizer, chunks, labels)),
            out,
            like=like,
            label_names=None if like.label_names is None else labels.names,
            label_uris=None if like.label_uris is None else labels.uris,
            overwrite=overwrite,
            on_progress=lambda done: update(done, None),
        )
    return Made(dataset)


def vectorizer_of(dataset: Dataset) -> TextVectorizer:
    """What made the features of a data set; DataError if it was not made of texts."""
    if dataset.vectorizer is None:
        raise DataError(dataset.path or "data set", "was not made of texts: it has no vectoriser")
    return TextVectorizer.load(dataset.vectorizer, dataset.n_features)


def are_records(path: Path) -> bool:
    """Whether a file is one of records, by its suffix."""
    return format_of(path) is not None


class Records:
    """A file of records, with the features of a training set; labels that it lacks come behind its own.

    Parameters
    ----------
    vectorizer
        The training set's.
    jobs
        Processes that read and analyse; −1 for every core.
    labels
        The training set's labels, which are joined by those that are met; default, they are called as the
        records call them.

    Raises
    ------
    DataError
        If the file cannot be read; in iterating, if a record is not as it should be.
    """

    def __init__(
        self, path: Path, vectorizer: TextVectorizer, jobs: int = -1, labels: LabelIds | None = None
    ) -> None:
        self._path, self._jobs, self._vectorizer = path, thread_count(jobs), vectorizer
        self._labels = LabelIds(vectorizer.labels) if labels is None else labels

    @property
    def have_ids(self) -> bool:
        """Whether the records have ids: the first has one."""
        return bool(self._settings(labelled=False).id_field)

    def __len__(self) -> int:
        return sum(map(len, pieces_of(self._path, self._settings(labelled=False))))

    def blocks(self, labelled: bool = True) -> Iterator[RecordBlock]:
        """Term counts, label sets and ids.

        Label sets are empty and need not be in the records if not `labelled`; ids are those of the field that
        the training set's have, where the first record has it.
        """
        with closing(chunks_of([self._path], self._settings(labelled), None, self._jobs)) as chunks:
            yield from blocks_like(self._vectorizer, chunks, self._labels)

    def _settings(self, labelled: bool) -> TextSettings:
        settings = with_ids([self._path], self._vectorizer.settings)
        return settings if labelled else settings.model_copy(update={"label_field": None})


def _source(paths: Sequence[Path], vectorizer: TextVectorizer, blocks: Iterable[RecordBlock]) -> _Source:
    return _Source(paths, format_of(paths[0]), vectorizer.n_features, blocks)
