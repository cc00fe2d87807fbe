"""What a model's folder says of itself: run.json while it is trained, manifest.json once it is whole.

``run.json`` fixes what is being trained, on what, and how the labels are cut
into shards; every shard carries its identity. Beside them, in ``claims``,
workers say which shards they are at. ``manifest.json`` is written once, when
the last shard is done, and is the truth about the model.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, NonNegativeInt, ValidationError

from pwdismec.errors import ModelError
from pwdismec.files import read_file, write_file

FORMAT: Final = "pwdismec-model"
VERSION: Final = 1
RUN = "run.json"
MANIFEST = "manifest.json"
IDF = "idf.safetensors"
LABEL_NAMES = "label_names.txt"
CLAIMS = "claims"

WeightType: TypeAlias = Literal["float32", "float16"]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ShardPlan(_Record):
    """The labels first … stop − 1, whose weights lie in one file."""

    file: str
    first: NonNegativeInt
    stop: NonNegativeInt


class Run(_Record):
    """What is trained: two runs that are equal give the same model."""

    format: Literal["pwdismec-model"] = FORMAT
    version: Literal[1] = VERSION
    written_by: str
    n_instances: NonNegativeInt
    n_features: NonNegativeInt
    n_labels: NonNegativeInt
    dataset_fingerprint: str | None
    tfidf: bool
    l2_normalize: bool
    label_names: bool
    vectorizer: bool = False
    positive_weights_sha256: str | None
    config: dict[str, Any]
    plan: tuple[ShardPlan, ...]

    @property
    def id(self) -> str:
        """Names the run in each of its shards; the program's version, names and texts do not count."""
        record = self.model_dump(exclude={"written_by", "label_names", "vectorizer"})
        return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()[:32]

    @property
    def dtype(self) -> WeightType:
        """What weights are stored as; scores are float32 whatever it is."""
        return "float16" if self.config.get("dtype") == "float16" else "float32"

    @property
    def history(self) -> list[str]:
        """What was done to the model after it was trained; empty for one that is as it was trained."""
        return list(self.config.get("history", []))


class ShardEntry(_Record):
    """A shard as it was written."""

    file: str
    first: NonNegativeInt
    stop: NonNegativeInt
    instruction_set: str
    n_trained: NonNegativeInt
    nnz: NonNegativeInt
    bytes: NonNegativeInt
    sha256: str
    worst_gap: float | None
    beyond_tolerance: tuple[int, ...]


class Manifest(_Record):
    """A whole model."""

    run: Run
    shards: tuple[ShardEntry, ...]


Record = TypeVar("Record", bound=BaseModel)


def write_record(path: Path, record: BaseModel) -> None:
    """Write a record as JSON, whole or not at all."""
    write_file(path, text_of(record).encode())


def text_of(record: BaseModel) -> str:
    """A record as its file holds it."""
    return f"{record.model_dump_json(indent=1)}\n"


def read_record(path: Path, kind: type[Record]) -> Record:
    """Read run.json or manifest.json, or another record that is a run or holds one.

    Raises
    ------
    ModelError
        If the file cannot be read, is of another version, or is not what it should be.
    """
    try:
        content = json.loads(read_file(path))
    except OSError as error:
        raise ModelError(f"{path}: cannot read: {error.strerror}") from error
    except ValueError as error:
        raise ModelError(f"{path}: not JSON: {error}") from error
    _check_version(path, content, kind)
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise ModelError(f"{path}: {field or 'content'}: {first['msg']}") from error


def run_at(folder: Path) -> Run | None:
    """What the model at `folder` was trained as, whole or broken off; None where there is no model.

    Raises
    ------
    ModelError
        As `read_record`.
    """
    if (folder / RUN).exists() and not (folder / MANIFEST).exists():
        try:
            return read_record(folder / RUN, Run)
        except ModelError:
            if not (folder / MANIFEST).exists():  # else it has become whole just now
                raise
    return read_record(folder / MANIFEST, Manifest).run if (folder / MANIFEST).exists() else None


def difference(found: BaseModel, wanted: BaseModel) -> str:
    """The settings in which two runs differ, for people."""
    old, new = _flat(found.model_dump()), _flat(wanted.model_dump())
    ignored = ("plan", "written_by", "label_names", "vectorizer")
    names = [n for n in old | new if old.get(n) != new.get(n) and not n.startswith(ignored)]
    return ", ".join(f"{name} was {old.get(name)}, now {new.get(name)}" for name in names)


def _flat(record: dict[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in record.items():
        flat |= _flat(value) if isinstance(value, dict) else {name: value}
    return flat


def _check_version(path: Path, content: Any, kind: type[BaseModel]) -> None:
    """Refuse what is not of the format and version of `kind`, or of the run that it holds."""
    holder = kind.model_fields.get("run")
    expected = (kind if holder is None else holder.annotation).model_fields  # type: ignore[union-attr]
    run = content.get("run", content) if isinstance(content, dict) else {}
    found = run.get("format") if isinstance(run, dict) else None
    if found != (format := expected["format"].default):
        raise ModelError(f"{path}: format is {found!r}; expected {format!r}")
    if run.get("version") != (version := expected["version"].default):
        what = format.removeprefix("pwdismec-")
        raise ModelError(f"{path}: {what} of version {run.get('version')!r}; this program reads {version}")
