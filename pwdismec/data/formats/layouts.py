"""Which files a source is: those that are named, or those of a folder as it was published; their formats.

A folder of the XMC repository or of PECOS holds a training and a test part, features and texts, and names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pwdismec.data.formats.compression import without_compression
from pwdismec.data.formats.faults import shown
from pwdismec.data.formats.folders import (
    SHORT,
    Folder,
    PartOfFolder,
    arff_file,
    document_names,
    ignored_in,
    one_file,
    pecos_features,
)
from pwdismec.data.formats.header import looks_like_header, looks_like_header_with_commas
from pwdismec.data.formats.lines import LONGEST_RECORD, check_is_file, first_line, whole_first_line
from pwdismec.data.frames import is_frame, table_of
from pwdismec.errors import ConfigError, DataError
from pwdismec.plain_text import counted
from pwdismec.quoting import shown_name

FEATURES = ("xmc", "xmc-pair", "svmlight", "npz", "npy", "arff")
"""Formats of features and labels."""

RECORDS = ("jsonl", "csv", "tsv", "parquet", "xmc-raw", "xmc-text", "annif")
"""Formats of records with texts."""

FORMATS = ("auto", *FEATURES, *RECORDS)

# Formats of features of which a source may be two files.
_PAIRS = ("xmc-pair", "npz", "npy", "arff")

_SUFFIXES = {".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl"}
_SUFFIXES |= {".csv": "csv", ".tsv": "tsv", ".parquet": "parquet"}

_URI = re.compile(r"<?[A-Za-z][A-Za-z0-9+.-]*://[^<>\s]+>?")

_RAW = {"label_field": "target_ind", "label_numbers": True, "id_field": "uid"}
_TEXTS_AND_LABELS = {"label_field": "labels", "label_numbers": True}
_ANNIF_TABLE = {"columns": ("text", "subjects"), "label_field": "subjects", "label_separator": " "}


class FeatureFiles(NamedTuple):
    """Files of features and labels.

    Attributes
    ----------
    paths
        One, or the features' and the labels'.
    format
        One of `FEATURES`.
    label_names, feature_names
        Files of names that stand in the same folder; None without.
    """

    paths: tuple[Path, ...]
    format: str
    label_names: Path | None = None
    feature_names: Path | None = None


class RecordFile(NamedTuple):
    """A file of records with texts.

    Attributes
    ----------
    path
        The file; of Annif's documents the folder.
    format
        How it is written: one of `RECORDS`, but for "xmc-raw", which is JSON lines; or "frame".
    labels
        Of texts one a line, the file with their labels; None without.
    table
        Of a frame in place of a file, a `pyarrow.Table`.
    """

    path: Path
    format: str
    labels: Path | None = None
    table: Any = None


@dataclass(frozen=True)
class RecordFiles:
    """Files of records, read one after another.

    Attributes
    ----------
    says
        Fields of `TextSettings` as the layout has them, where the user has not said them.
    names
        A file with the names of labels that are numbers, which stands in the same folder; None without.
    """

    files: tuple[RecordFile, ...]
    says: Mapping[str, Any] = field(default_factory=dict)
    names: Path | None = None

    @property
    def paths(self) -> tuple[Path, ...]:
        return tuple(path for file in self.files for path in (file.path, file.labels) if path is not None)


def record_format_of(path: Path) -> str | None:
    """How a file of records is written, by its suffix before that of a compression; None for none."""
    return _SUFFIXES.get(without_compression(path).suffix.lower())


def paths_of(sources: str | Path | Sequence[str | Path]) -> tuple[Path, ...]:
    """What a user names, as paths; ConfigError if there is none."""
    paths = tuple(Path(path) for path in ([sources] if isinstance(sources, (str, Path)) else sources))
    if not paths:
        raise ConfigError("no file to read")
    return paths


def are_records(sources: str | Path | Sequence[str | Path] | Any, format: str = "auto") -> bool:
    """Whether sources are, or a folder or frame holds, records with texts."""
    if is_frame(sources):
        return True
    paths = paths_of(sources)
    _check_format(format)
    if format != "auto":
        return format in RECORDS
    if paths[0].is_dir():
        return any(_records_in(Folder(paths[0]), part, "auto") for part in SHORT)
    if record_format_of(paths[0]) is not None:
        return True
    return len(paths) == 2 and all(path.is_file() for path in paths) and _are_texts_and_labels(*paths)


def feature_files(
    sources: str | Path | Sequence[str | Path], format: str = "auto", part: PartOfFolder = "train"
) -> FeatureFiles:
    """The files of features and labels that sources are.

    Parameters
    ----------
    sources
        One file, or the features' and the labels'; or one folder.
    format
        One of "auto" and `FEATURES`. "auto" tells by the names and the first line.
    part
        Of a folder that holds both.

    Raises
    ------
    DataError
        If there is no such file or folder, or it is none of the layouts.
    ConfigError
        If the format is unknown, or takes another number of files.
    """
    paths = paths_of(sources)
    _check_format(format)
    if format in RECORDS:
        raise ConfigError(f"format {format}: records with texts; {_TEXTS}")
    if paths[0].is_dir():
        return _in_folder(paths, format, part, _features_in, "features")
    for path in paths:
        check_is_file(path)
        if path.name.endswith(".scikitml.bz2"):
            raise DataError(path, "a pickle, which may run code when it is opened; expected ARFF and XML")
    if format == "auto":
        format = _format_of(paths)
    most = 2 if format in _PAIRS else 1
    if len(paths) > most:
        listed = ", ".join(str(path) for path in paths)
        raise ConfigError(f"{len(paths)} files ({listed}): format {format} takes {most} at most")
    if format == "arff" and len(paths) == 1 and (xml := _xml_beside(paths[0])) is not None:
        paths = (*paths, xml)
    return FeatureFiles(paths, format)


def record_files(
    sources: str | Path | Sequence[str | Path] | Any, format: str = "auto", part: PartOfFolder = "train"
) -> RecordFiles:
    """The files of records that sources are; parameters and errors as `feature_files`, of `RECORDS`.

    In place of files it may be a frame of pandas, Polars or Arrow, in which a column of labels holds lists.
    """
    if is_frame(sources):
        return RecordFiles((RecordFile(Path("frame"), "frame", table=table_of(sources)),))
    paths = paths_of(sources)
    _check_format(format)
    if format in FEATURES:
        raise ConfigError(f"format {format}: features; expected records with texts: {', '.join(RECORDS)}")
    if paths[0].is_dir():
        return _in_folder(paths, format, part, _records_in, "records with texts")
    for path in paths:
        check_is_file(path)
    if format == "xmc-text" or (
        format == "auto" and record_format_of(paths[0]) is None and are_records(paths)
    ):
        if len(paths) > 2:
            raise ConfigError(
                f"{len(paths)} files: format xmc-text takes texts, one a line, and their labels"
            )
        return _texts(paths[0], paths[1] if len(paths) == 2 else None)
    files = tuple(RecordFile(path, _record_format(path, format)) for path in paths)
    return RecordFiles(files, _said_by(files[0], format))


def _check_format(format: str) -> None:
    if format not in FORMATS:
        raise ConfigError(f"format {format!r}; expected one of {', '.join(FORMATS)}")


_TEXTS = "say with --text which fields to take, such as convert --text title,content"


def _format_of(paths: tuple[Path, ...]) -> str:
    """Which of `FEATURES` files are."""
    suffix = without_compression(paths[0]).suffix.lower()
    if suffix == ".npy":
        return "npy"
    if any(path.suffix.lower() == ".npz" for path in paths):
        return "npz"
    if suffix == ".arff":
        return "arff"
    if suffix in _SUFFIXES:
        raise DataError(paths[0], f"records with texts; {_TEXTS}")
    if len(paths) > 1:
        return "xmc-pair"
    line = first_line(paths[0])
    if looks_like_header_with_commas(line):
        expected = "expected blanks in a header; convert --format svmlight reads rows"
        raise DataError(paths[0], f"{shown(line)}: a header, or labels without features? {expected}", 1)
    if not looks_like_header(line):
        return "svmlight"
    return "xmc-pair" if len(line.split()) == 2 else "xmc"


def _are_texts_and_labels(texts: Path, labels: Path) -> bool:
    """Whether the first of two files holds no features, and the second the labels of rows."""
    if labels.suffix.lower() == ".npz":
        return without_compression(texts).suffix.lower() == ".txt"
    return not _is_header(first_line(texts), 2) and _is_header(first_line(labels), 2)


def _is_header(line: bytes, n_numbers: int) -> bool:
    fields = line.split()
    return len(fields) == n_numbers and all(field.isdigit() for field in fields)


def _texts(texts: Path, labels: Path | None = None, names: Path | None = None) -> RecordFiles:
    return RecordFiles((RecordFile(texts, "xmc-text", labels),), _TEXTS_AND_LABELS, names)


def told_of_ignored(files: Sequence[RecordFile]) -> list[str]:
    """What is to be said of files in folders of documents that are none, and are not read."""
    notes = []
    for file in files:
        if file.format == "annif" and (ignored := ignored_in(file.path)):
            expected = "expected NAME.txt, with NAME.tsv or NAME.key beside it"
            count = counted(len(ignored), "file")
            notes.append(f"{file.path}: ignored {count}, such as {shown_name(ignored[0])}; {expected}")
    return notes


def _record_format(path: Path, format: str) -> str:
    """How a file of records is written, by the format that is named, or else by the suffix."""
    if format in ("jsonl", "csv", "tsv", "parquet"):
        return format
    if format == "xmc-raw":
        return "jsonl"
    found = record_format_of(path)
    if found is None:
        suffixes = ", ".join(_SUFFIXES)
        raise ConfigError(
            f"{path}: suffix {path.suffix!r}; expected a file of records ({suffixes}), or its --format"
        )
    return found


def _said_by(file: RecordFile, format: str) -> Mapping[str, Any]:
    """What the layout of a file settles."""
    if format == "xmc-raw":
        return _RAW
    if format not in ("auto", "annif"):
        return {}
    if file.format == "tsv" and (format == "annif" or _is_annif_tsv(file.path)):
        return _ANNIF_TABLE
    if file.format == "csv" and (format == "annif" or _is_annif_csv(file.path)):
        return {"label_field": "subject_uris", "label_separator": " "}
    return {"label_field": "subjects"} if format == "annif" else {}


def _is_annif_tsv(path: Path) -> bool:
    """Whether a text stands before URIs alone."""
    _, *others = whole_first_line(path, LONGEST_RECORD).decode(errors="replace").split("\t")
    uris = " ".join(others).split()
    return len(others) == 1 and bool(uris) and all(map(_URI.fullmatch, uris))


def _is_annif_csv(path: Path) -> bool:
    return b"subject_uris" in whole_first_line(path, LONGEST_RECORD).split(b",")


Files = TypeVar("Files", FeatureFiles, RecordFiles)


def _in_folder(
    paths: tuple[Path, ...],
    format: str,
    part: PartOfFolder,
    found_in: Callable[[Folder, PartOfFolder, str], Files | None],
    what: str,
) -> Files:
    """What a folder holds; DataError if that is nothing of the kind."""
    if len(paths) > 1:
        raise ConfigError(f"{paths[0]}: a folder; expected it alone")
    folder = Folder(paths[0])
    if (found := found_in(folder, part, format)) is not None:
        return found
    if (half := folder.half(part)) is not None:
        raise DataError(folder.path, f"the {part} part is not whole: {half}")
    other: PartOfFolder = "test" if part == "train" else "train"
    if found_in(folder, other, format) is not None:
        raise DataError(
            folder.path, f"holds a {other} part, and no {part} part; name the files that are meant"
        )
    if (
        format == "auto"
        and found_in is _features_in
        and any(_records_in(folder, each, "auto") for each in SHORT)
    ):
        raise DataError(folder.path, f"a folder with texts, and no features; {_TEXTS}")
    as_format = "" if format == "auto" else f" in format {format}"
    said = f"not a data set, and no folder with {what}{as_format} as docs/formats.md has them"
    raise DataError(folder.path, f"{said}; expected one, or the names of files")


def _features_in(folder: Folder, part: PartOfFolder, format: str) -> FeatureFiles | None:
    """The first layout of features in the folder."""
    short = SHORT[part]
    names = folder.find("Yf.txt", "Y.txt", "lbl.json", "output-items.txt")
    layouts: dict[str, Callable[[], tuple[Path, ...] | None]] = {
        "xmc-pair": lambda: _both(folder.find(f"{short}_X_Xf.txt"), folder.find(f"{short}_X_Y.txt")),
        "npz": lambda: _both(pecos_features(folder, short), folder.find(f"Y.{short}.npz", "Y.npz")),
        "npy": lambda: _both(
            folder.find(f"X.{short}.npy", "X.npy"),
            folder.find(f"Y.{short}.npz", f"Y.{short}.npy", "Y.npz", "Y.npy"),
        ),
        "arff": lambda: _both(arff_file(folder, part), folder.ending(".xml")),
        "xmc": lambda: _both(one_file(folder, part)),
        "svmlight": lambda: _both(one_file(folder, part)),
    }
    for name, files_of in layouts.items():
        if format in ("auto", name) and (paths := files_of()) is not None:
            if format == "auto" and name in ("xmc", "svmlight"):
                name = _format_of(paths)
            feature_names = folder.find("Xf.txt") if name == "xmc-pair" else None
            return FeatureFiles(
                paths, name, names if len(paths) == 2 and name != "arff" else None, feature_names
            )
    return None


def _both(*paths: Path | None) -> tuple[Path, ...] | None:
    """All of them, if all are there."""
    found = tuple(path for path in paths if path is not None)
    return found if len(found) == len(paths) else None


def _xml_beside(path: Path) -> Path | None:
    """Mulan's list of labels for an ARFF file: of the longest name that the file's begins with."""
    stem = without_compression(path).stem.lower()
    found = [other for other in path.parent.glob("*.[xX][mM][lL]") if stem.startswith(other.stem.lower())]
    return max(found, key=lambda other: len(other.stem), default=None)


def _records_in(folder: Folder, part: PartOfFolder, format: str) -> RecordFiles | None:
    """The first layout of records in the folder."""
    short = SHORT[part]
    if format in ("auto", "xmc-raw") and (raw := folder.find(f"{short}.json", f"{short}.jsonl")) is not None:
        names = folder.find("lbl.json", "Yf.txt")
        return RecordFiles((RecordFile(raw, "jsonl"),), _RAW, names)
    if format in ("auto", "xmc-text"):
        names = folder.find("Yf.txt", "Y.txt", "output-items.txt", "lbl.json")
        for name, beside in (f"{short}_X.txt", f"{short}_X_Y.txt"), (f"X.{short}.txt", f"Y.{short}.npz"):
            texts, labels = folder.find(name), folder.find(beside)
            if texts is not None and labels is not None:
                return _texts(texts, labels, names)
    # Texts alone may be anything; it must be said that they are documents.
    if format == "annif" or (
        format == "auto" and any(subjects for _, subjects in document_names(folder.names))
    ):
        return RecordFiles((RecordFile(folder.path, "annif"),), _ANNIF_TABLE)
    return None
