"""What a model needs besides its shards, which it takes over from the data set that it was trained on."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Protocol

import safetensors.numpy

from pwdismec.data.dataset_manifest import VECTORIZER, files_of_vectorizer
from pwdismec.data.mapping import release
from pwdismec.data.transforms import Transforms
from pwdismec.files import clear_os_errors, make_own_folder, read_file, write_file
from pwdismec.model.model_manifest import IDF, LABEL_NAMES, LABEL_URIS


class _Holder(Protocol):
    """A data set, or a model."""

    @property
    def transforms(self) -> Transforms: ...

    @property
    def label_names(self) -> list[str] | None: ...

    @property
    def label_uris(self) -> list[str] | None: ...

    @property
    def vectorizer(self) -> Path | None: ...


class Beside(NamedTuple):
    """Transforms, what the labels are called, and the folder of what made the features of texts."""

    transforms: Transforms
    label_names: list[str] | None = None
    label_uris: list[str] | None = None
    vectorizer: Path | None = None

    @classmethod
    def of(cls, holder: _Holder) -> Beside:
        """What a data set or another model has."""
        return cls(holder.transforms, holder.label_names, holder.label_uris, holder.vectorizer)

    def write(self, folder: Path) -> None:
        """Write the files of a model's folder that are not there; those that are stay as they are."""
        idf = self.transforms.idf
        if idf is not None and not (folder / IDF).exists():
            write_file(folder / IDF, safetensors.numpy.save({"idf": idf}))
            release(idf)  # training has no more use for it
        for name, lines in ((LABEL_NAMES, self.label_names), (LABEL_URIS, self.label_uris)):
            if lines is not None and not (folder / name).exists():
                write_file(folder / name, "".join(f"{line}\n" for line in lines).encode())
        if self.vectorizer is not None:
            with clear_os_errors(folder):
                make_own_folder(folder / VECTORIZER)
            for file in files_of_vectorizer(self.vectorizer):
                if not (folder / VECTORIZER / file.name).exists():
                    write_file(folder / VECTORIZER / file.name, read_file(file))
