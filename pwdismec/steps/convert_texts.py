"""From files of records with texts to a training set, and what makes features of other texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from pwdismec.bounds import thread_count
from pwdismec.data import Dataset, convert
from pwdismec.data.formats.layouts import RecordFiles, record_files, told_of_ignored
from pwdismec.data.formats.pair import label_count
from pwdismec.data.writer import dataset_output
from pwdismec.outputs import check_apart
from pwdismec.plain_text import counted
from pwdismec.progress import Watch, unwatched
from pwdismec.quoting import shown, shown_name
from pwdismec.text import TextSettings
from pwdismec.text.chunks import chunks_of
from pwdismec.text.corpus import Corpus
from pwdismec.text.label_names import by_name, named, numbered, vocabulary
from pwdismec.text.pieces import with_ids
from pwdismec.text.record_source import FittedRows
from pwdismec.text.splits import Split


class Made(NamedTuple):
    """A data set made of records, and what the user should know of it."""

    dataset: Dataset
    notes: Sequence[str] = ()


def convert_texts(
    sources: Path | Sequence[Path] | Any,
    out: Path,
    settings: TextSettings,
    *,
    format: str = "auto",
    label_names: Path | None = None,
    label_language: str | None = None,
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
        Files of records, a folder of them, or a frame, as `record_files` takes them; of a folder with two
        parts, the training part.
    out
        The training set's folder.
    settings
        What the features are, and where the labels stand. What they leave open, a folder's layout says.
    format
        How the files are written; "auto" tells by names and first lines.
    label_names
        A file with a label, a tab and its name in each line: what the records call a label is its URI then.
        Default, the names that the records give labels beside their URIs, or else the labels are their names.
        By its suffix it may be CSV, with columns uri and label_XX.
    label_language
        Which XX, where there are several.
    labels
        In its place, names in the order of the labels, which are whole numbers from 0. Their URIs are those
        in the file, if it has any, or else these numbers. Default, those that a folder holds.
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
    records = record_files(sources, format)
    targets = [out] if test is None else [out, test]
    for target in targets:
        dataset_output(target, [*records.paths, label_names, labels], overwrite=overwrite)
    if test is not None:
        check_apart(test, [out], what="the training set's folder")
    settings = _settled(settings, records)
    if settings.id_field is None:
        settings = with_ids(records.files, settings)
    if label_names is None and labels is None and settings.label_field == records.says.get("label_field"):
        labels = records.names
    if labels is not None:
        settings = settings.model_copy(update={"label_numbers": True})
    with Corpus(settings, out.parent) as corpus:
        with (
            watch("read", "records") as update,
            closing(chunks_of(records.files, settings, split, jobs)) as chunks,
        ):
            update(0, None)
            for chunk in chunks:
                corpus.add(chunk)
                update(sum(corpus.n_records.values()), None)
        n_named, found = _declared_labels(records), None
        same, ambiguous = dict[str, str](), list[str]()
        if labels is not None:
            found = numbered(labels, corpus.labels, n_named)
            n_named = len(found.names)
        elif not settings.label_numbers:
            known = vocabulary(label_names, label_language) if label_names else corpus.label_names.items()
            same, ambiguous = by_name(corpus.labels, known)
            corpus.merge(same)
        fitted = corpus.fit(records.paths[0], n_named or 0)
        vectorizer = fitted.vectorizer
        n_trained, notes = len(vectorizer.labels), _doubts(corpus, records, settings)
        notes += _matched(records.paths[0], same, ambiguous)
        called = [*vectorizer.labels, *fitted.other_labels]
        given = corpus.label_names
        names, uris = [given.get(label, label) for label in called], called
        if found is not None:
            names, uris = found.names, called if found.uris is None else found.uris
        elif label_names is not None:
            names, note = named(label_names, called, label_language)
            notes += note
        else:
            notes += _renamed(corpus, records.paths[0])
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
                    FittedRows(records.paths, records.files[0].format, vectorizer.n_features, blocks),
                    target,
                    label_names=names[:n_labels] if settings.label_field else None,
                    label_uris=uris[:n_labels] if labels or label_names or given else None,
                    overwrite=overwrite,
                    on_progress=lambda done, total=total, update=update: update(done, total),  # type: ignore[misc]
                    **how,
                )
            made.append(Made(dataset, () if held_out else notes))
    return made


def _settled(settings: TextSettings, records: RecordFiles) -> TextSettings:
    """The settings with what a layout says where the user has not; nothing, where columns are given."""
    if settings.columns is not None:
        return settings
    said = {name: value for name, value in records.says.items() if name not in settings.model_fields_set}
    if "label_field" not in said and settings.label_field != records.says.get("label_field"):
        said.pop("label_numbers", None)  # of the layout's own field
    return settings.model_copy(update=said)


def _declared_labels(records: RecordFiles) -> int | None:
    """How many labels the files beside texts say there are; None if there are no such files."""
    return max((label_count(file.labels) for file in records.files if file.labels is not None), default=None)


def _doubts(corpus: Corpus, records: RecordFiles, settings: TextSettings) -> list[str]:
    """What is said of ignored files, and if labels in a table seem to be divided by another separator."""
    path, format, *_ = records.files[0]
    label = corpus.unsplit_label() if format in ("csv", "tsv") else None
    if label is None:
        return told_of_ignored(records.files)
    return [
        f"{path}: nearly every record has one label, and nearly all are different, such as {shown(label)}; "
        f"if that is several, say what divides them (--label-separator, now {settings.label_separator!r})"
    ]


def _matched(path: Path, same: Mapping[str, str], ambiguous: Sequence[str]) -> list[str]:
    """What is said of labels that are given by a name, where others are by their URIs."""
    notes = []
    if same:
        label, uri = next(iter(same.items()))
        labels = f"{counted(len(same), 'label')} given by name, taken for the URI of that name"
        notes.append(f"{path}: {labels}, such as {shown(label)} for {shown(uri)}")
    if ambiguous:
        labels = f"{counted(len(ambiguous), 'label')} given by a name that several URIs have"
        notes.append(f"{path}: {labels}, such as {shown(ambiguous[0])}, kept as given")
    return notes


def _renamed(corpus: Corpus, path: Path) -> list[str]:
    """What is said if the records give a label several names."""
    several = corpus.renamed
    if not several:
        return []
    labels = f"{len(several):,} label{'s' * (len(several) > 1)} with several names"
    return [f"{path}: {labels}, such as {shown_name(min(several))}; the first that was read is taken"]
