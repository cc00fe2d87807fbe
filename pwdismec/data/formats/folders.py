"""What stands in a folder as it was published: files of a training and a test part, documents, names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from pwdismec.data.formats.compression import COMPRESSIONS
from pwdismec.data.formats.lines import check_is_file
from pwdismec.errors import DataError

PartOfFolder = Literal["train", "test"]
"""Which part is read of a folder that holds both."""

SHORT: dict[PartOfFolder, str] = {"train": "trn", "test": "tst"}
"""How the repository and PECOS write a part in the names of files."""


class Folder:
    """What stands in a folder.

    Raises
    ------
    DataError
        If it cannot be listed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.names = sorted(entry.name for entry in path.iterdir())
        except OSError as error:
            raise DataError(path, f"cannot read the folder: {error.strerror}") from error

    def find(self, *names: str) -> Path | None:
        """The file of the first of `names` that is there, compressed or not; DataError if it is twice."""
        there = set(self.names)
        for name in names:
            found = [name + end for end in ("", *COMPRESSIONS) if name + end in there]
            if len(found) > 1:
                raise DataError(self.path, f"{found[0]} and {found[1]}; expected one of them")
            if found:
                return inside(self.path, self.path / found[0])
        return None

    def ending(self, end: str) -> Path | None:
        """The file whose name ends so, in upper or lower case, or None; DataError if there are several."""
        return self._the_one([name for name in self.names if name.lower().endswith(end)])

    def matching(self, pattern: re.Pattern[str]) -> Path | None:
        """The file whose whole name matches, or None; DataError if there are several."""
        return self._the_one([name for name in self.names if pattern.fullmatch(name)])

    def _the_one(self, found: Sequence[str]) -> Path | None:
        if len(found) > 1:
            more = f" and {len(found) - 2} more" if len(found) > 2 else ""
            said = f"{found[0]}, {found[1]}{more}: which of them is not known"
            raise DataError(self.path, f"{said}; expected one, or the names of the files that are meant")
        return inside(self.path, self.path / found[0]) if found else None

    def half(self, part: PartOfFolder) -> str | None:
        """What is missing of a part of which one file is there; None if nothing is, or all."""
        short = SHORT[part]
        rows_of = {
            f"{short}_X_Y.txt": (f"{short}_X_Xf.txt", f"{short}_X.txt"),
            f"Y.{short}.npz": (f"X.{short}.npz", f"X.{short}.txt"),
        }
        for labels, rows in rows_of.items():
            there, beside = self.find(*rows), self.find(labels)
            if there is not None and beside is None:
                return f"{there.name} is there without {labels}"
            if there is None and beside is not None:
                return f"{beside.name} is there without {rows[0]}"
        return None


def inside(folder: Path, path: Path) -> Path:
    """A file that was found in a folder; DataError if it is none, or a link that leads out of the folder."""
    if not path.resolve().is_relative_to(folder.resolve()):
        raise DataError(path, "a link that leads out of the folder; name the file itself if it is meant")
    if path.exists() and not path.is_file():
        check_is_file(path)
    return path


def pecos_features(folder: Folder, short: str) -> Path | None:
    """In the folder itself, or in that of a kind of features beside the labels, such as tfidf-attnxml."""
    if (found := folder.find(f"X.{short}.npz", "X.npz")) is not None:
        return found
    kinds = [name for name in folder.names if (folder.path / name / f"X.{short}.npz").is_file()]
    if len(kinds) > 1:
        raise DataError(folder.path, f"features in {' and '.join(kinds)}; name the files that are meant")
    return inside(folder.path, folder.path / kinds[0] / f"X.{short}.npz") if kinds else None


def arff_file(folder: Folder, part: PartOfFolder) -> Path | None:
    """The part, by the end of its name; or of the training set, the one file that there is."""
    return folder.ending(f"{part}.arff") or (folder.ending(".arff") if part == "train" else None)


def one_file(folder: Folder, part: PartOfFolder) -> Path | None:
    """The part in one file, such as eurlex_train.txt, which napkinXC downloads."""
    pattern = re.compile(
        rf"(?!filter_)(?:.*[_.-])?{part}(?:\.(?:txt|svm|libsvm))?(?:\.(?:gz|xz|bz2|zst))?", re.IGNORECASE
    )
    return folder.matching(pattern)


def documents_in(path: Path) -> Iterator[tuple[Path, Path | None]]:
    """Annif's documents in a folder, by name, each with the file of its subjects, or None."""
    folder = Folder(path)
    for text, subjects in document_names(folder.names):
        yield inside(path, path / text), inside(path, path / subjects) if subjects else None


def ignored_in(path: Path) -> list[str]:
    """What stands in a folder of Annif's documents and is none, by name: a .key beside a .tsv, a.txt.gz."""
    names = Folder(path).names
    read = {name for pair in document_names(names) for name in pair}
    return [name for name in names if name not in read]


def document_names(names: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    there = set(names)
    for name in names:
        if name.endswith(".txt"):
            stem = name.removesuffix(".txt")
            yield name, next((stem + end for end in (".tsv", ".key") if stem + end in there), None)
