"""From files of records with texts and labels to data sets' folders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from pwdismec.bounds import thread_count
from pwdismec.data import Dataset, convert
from pwdismec.data.formats.compression import clear_read_errors, open_to_read
from pwdismec.data.formats.lines import check_is_file, lines_of
from pwdismec.data.formats.source import Block
from pwdismec.data.names import MAX_NAMES
from pwdismec.data.writer import dataset_output
from pwdismec.errors import DataError
from pwdismec.outputs import check_apart
from pwdismec.pipeline.watching import Watch, unwatched
from pwdismec.quoting import shown
from pwdismec.sizes import size_text
from pwdismec.text import TextSettings, TextVectorizer
from pwdismec.text.chunks import chunks_of
from pwdismec.text.corpus import Corpus, LabelIds, blocks_like
from pwdismec.text.pieces import format_of, pieces_of
from pwdismec.text.splits import Split


class Made(NamedTuple):
    """A data set made of records, and what seems wrong with it, for the user."""

    dataset: Dataset
    doubt: str | None = None


@dataclass(frozen=True)
class _Source:
    """What `convert` takes."""

    paths: Sequence[Path]
    format: str | None
    n_features: int
    blocks: Iterable[Block]

    def __iter__(self) -> Iterator[Block]:
        return iter(self.blocks)


def convert_texts(
    sources: Sequence[Path],
    out: Path,
    settings: TextSettings,
    *,
    label_names: Path | None = None,
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
        A file with a label, a tab and its name in each line; default, the labels are their names.
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
        If a file or record is not as it should be, the vocabulary is empty, or a label has no name.
    OutputError
        If both data sets are to be in one folder; or a folder exists and is not to be replaced, or must not
        be (`pwdismec.outputs`).
    PwdismecError
        If a folder cannot be written. Nothing half-written is left, and older data sets stay.
    """
    jobs = thread_count(jobs)
    targets = [out] if test is None else [out, test]
    for target in targets:
        dataset_output(target, [*sources, label_names], overwrite=overwrite)
    if test is not None:
        check_apart(test, [out], what="the training set's folder")
    with Corpus(settings, out.parent) as corpus:
        with watch("read", "records") as update, closing(chunks_of(sources, settings, split, jobs)) as chunks:
            update(0, None)
            for chunk in chunks:
                corpus.add(chunk)
                update(sum(corpus.n_records.values()), None)
        fitted = corpus.fit(sources[0])
        vectorizer = fitted.vectorizer
        names = vectorizer.labels if label_names is None else _names(label_names, vectorizer.labels)
        made = list[Made]()
        for held_out, target in enumerate(targets):
            blocks = fitted.blocks(bool(held_out), jobs)
            total = corpus.n_records[bool(held_out)]
            how: dict[str, Any] = {"transforms": vectorizer.transforms, "vectorizer": vectorizer.save}
            if held_out:
                how, names = {"like": made[0].dataset}, [*names, *fitted.other_labels]
            with watch("convert", "rows") as update:
                update(0, total)
                dataset = convert(
                    _source(sources, vectorizer, blocks),
                    target,
                    label_names=names if settings.label_field else None,
                    overwrite=overwrite,
                    on_progress=lambda done, total=total, update=update: update(done, total),  # type: ignore[misc]
                    **how,
                )
            made.append(Made(dataset, None if held_out else _doubt(corpus, sources[0], settings)))
    return made


def _doubt(corpus: Corpus, path: Path, settings: TextSettings) -> str | None:
    """Whether the labels in a table seem to be divided by something else than the separator."""
    label = corpus.unsplit_label() if format_of(path) in ("csv", "tsv") else None
    if label is None:
        return None
    return (
        f"{path}: nearly every record has one label, and nearly all are different, such as {shown(label)}; "
        f"if that is several, say what divides them (--label-separator, now {settings.label_separator!r})"
    )


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
    labels = LabelIds(vectorizer.labels, like.label_names)
    with (
        closing(chunks_of(sources, vectorizer.settings, None, jobs)) as chunks,
        watch("convert", "rows") as update,
    ):
        update(0, None)
        dataset = convert(
            _source(sources, vectorizer, blocks_like(vectorizer, chunks, labels)),
            out,
            like=like,
            label_names=None if like.label_names is None else labels.names,
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

    Raises
    ------
    DataError
        If the file cannot be read; in iterating, if a record is not as it should be.
    """

    def __init__(self, path: Path, vectorizer: TextVectorizer, jobs: int = -1) -> None:
        self._path, self._jobs, self._vectorizer = path, thread_count(jobs), vectorizer

    def __len__(self) -> int:
        return sum(map(len, pieces_of(self._path, None, "")))

    def blocks(self, labelled: bool = True) -> Iterator[Block]:
        """Term counts and label sets; these are empty and need not be in the records if not `labelled`."""
        settings = self._vectorizer.settings
        if not labelled:
            settings = settings.model_copy(update={"label_field": None})
        with closing(chunks_of([self._path], settings, None, self._jobs)) as chunks:
            yield from blocks_like(self._vectorizer, chunks, LabelIds(self._vectorizer.labels))


def _source(paths: Sequence[Path], vectorizer: TextVectorizer, blocks: Iterable[Block]) -> _Source:
    return _Source(paths, format_of(paths[0]), vectorizer.n_features, blocks)


def _names(path: Path, labels: Sequence[str]) -> list[str]:
    """The names of the labels in a file of lines LABEL<TAB>NAME."""
    check_is_file(path)
    wanted, names, n_bytes = set(labels), dict[str, str](), 0
    with clear_read_errors(path), open_to_read(path) as file:
        for number, line in enumerate(lines_of(file, path, MAX_NAMES), 1):
            n_bytes += len(line)
            if n_bytes > MAX_NAMES:
                raise DataError(path, f"more than {size_text(MAX_NAMES)}; expected a smaller file", number)
            try:
                text = line.decode()
            except UnicodeDecodeError as error:
                raise DataError(path, f"not UTF-8: {error.reason}", number) from error
            label, tab, name = text.removesuffix("\n").removesuffix("\r").partition("\t")
            if not (label and tab and name):
                raise DataError(path, f"{shown(text)}; expected a label, a tab and its name", number)
            if label in wanted and names.setdefault(label, name) != name:
                said = f"label {shown(label)} has the name {shown(names[label])} in an earlier line"
                raise DataError(path, said, number)
    missing = next((label for label in labels if label not in names), None)
    if missing is not None:
        raise DataError(
            path, f"no name for label {shown(missing)}; expected a line for each label of the records"
        )
    return [names[label] for label in labels]
