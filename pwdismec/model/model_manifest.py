"""What a model's folder says of itself: run.json while it is trained, manifest.json once it is whole.

``run.json`` fixes what is being trained, on what, and how the labels are cut
into shards; every shard carries its identity. Beside them, in ``claims``,
workers say which shards they are at. ``manifest.json`` is written once, when
the last shard is done, and is the truth about the model.
"""

from __future__ import annotations

import hashlib
import json
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from pwdismec.errors import DamagedError, ModelError
from pwdismec.files import write_file
from pwdismec.quoting import shown
from pwdismec.stored import (
    Count,
    Digest,
    Record,
    Size,
    Text,
    file_in,
    matching,
    parsed,
    problem,
    raw_json,
    read_stored,
)

FORMAT: Final = "pwdismec-model"
VERSION: Final = 1
RUN = "run.json"
MANIFEST = "manifest.json"
IDF = "idf.safetensors"
LABEL_NAMES = "label_names.txt"
LABEL_URIS = "label_uris.txt"
CLAIMS = "claims"

# Derived from a model, and kept in its folder by other rooms; the first by version 0.1.0 alone, and not read.
VERIFIED: Final = "verified.json"
INDEX: Final = "index.safetensors"
CALIBRATION: Final = "calibration.safetensors"

WeightType: TypeAlias = Literal["float32", "float16"]

_Scalar: TypeAlias = Text | Annotated[int, Field(ge=-(2**63), lt=2**63)] | float | bool | None
_Setting: TypeAlias = _Scalar | dict[Text, _Scalar]


_Integer: TypeAlias = Annotated[int, Field(ge=0, lt=2**63)]


class _Weighting(Record):
    scheme: Text
    a: float
    b: float
    beta: float


class _Config(BaseModel):
    """The settings of a run that are looked at; whatever others there are, are for people.

    Of a model merged of some that were trained with different ones, a setting is a list. An imported model
    has none.
    """

    model_config = ConfigDict(extra="allow", strict=True, allow_inf_nan=False)
    __pydantic_extra__: dict[str, _Setting | list[_Setting]]

    weighting: _Weighting | list[_Weighting] | None = None
    C: float | list[float] | None = None
    bias: Annotated[float, Field(ge=0)] = 1.0
    solver: Text | list[Text] | None = None
    tolerance: float | list[float] | None = None
    max_epochs: _Integer | list[_Integer] | None = None
    passes: _Integer | list[_Integer] | None = None
    prune: float | list[float] | None = None
    shard_size: _Integer | list[_Integer] | None = None
    seed: _Integer | list[_Integer] | None = None
    dtype: WeightType = "float32"
    history: list[Text] = []


_CONFIG: Final = TypeAdapter(_Config)


class ShardPlan(Record):
    """The labels first … stop − 1, whose weights lie in one file."""

    file: Annotated[str, matching(r"shards/[0-9]{5,10}\.safetensors")]
    first: Size
    stop: Size


class Run(Record):
    """What is trained: two runs that are equal give the same model."""

    format: Literal["pwdismec-model"] = FORMAT
    version: Literal[1] = VERSION
    model_kind: Literal["linear"] = "linear"
    written_by: Text
    n_instances: Size
    n_features: Size
    n_labels: Size
    dataset_fingerprint: Text | None
    tfidf: bool
    l2_normalize: bool
    label_names: bool
    label_uris: bool = False
    vectorizer: bool = False
    positive_weights_sha256: Text | None
    config: dict[str, Any]
    plan: tuple[ShardPlan, ...]

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Run:
        try:
            _CONFIG.validate_python(self.config)
        except ValidationError as error:
            raise ValueError(f"config: {problem(error)}") from None
        ends = [0, *(end for shard in self.plan for end in (shard.first, shard.stop)), self.n_labels]
        if any(a > b for a, b in pairwise(ends)) or any(s.first == s.stop for s in self.plan):
            raise ValueError("plan: expected ranges of labels, ascending, within n_labels")
        if self.n_labels and not self.plan:
            raise ValueError("plan: no shards; expected at least one")
        if len({shard.file for shard in self.plan}) < len(self.plan):
            raise ValueError("plan: expected a file for each shard")
        return self

    @property
    def id(self) -> str:
        """Names the run in each of its shards; kind, the program's version, names and texts do not count."""
        record = self.model_dump(
            exclude={"model_kind", "written_by", "label_names", "label_uris", "vectorizer"}
        )
        return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()[:32]

    @property
    def dtype(self) -> WeightType:
        """What weights are stored as; scores are float32 whatever it is."""
        return "float16" if self.config.get("dtype") == "float16" else "float32"

    @property
    def bias(self) -> float:
        """The value of the constant feature."""
        return float(self.config.get("bias", 1.0))

    @property
    def history(self) -> list[str]:
        """What was done to the model after it was trained; empty for one that is as it was trained."""
        return list(self.config.get("history", []))


class ShardEntry(ShardPlan):
    """A shard as it was written."""

    instruction_set: Text
    n_trained: Size
    nnz: Count
    bytes: Count
    sha256: Digest
    worst_gap: float | None
    beyond_tolerance: tuple[Size, ...]
    sampled_gaps: tuple[float, ...] = ()  # those that are known, where the solver promises none


class Manifest(Record):
    """A whole model."""

    run: Run
    shards: tuple[ShardEntry, ...]

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Manifest:
        found = [(entry.file, entry.first, entry.stop) for entry in self.shards]
        if found != [(shard.file, shard.first, shard.stop) for shard in self.run.plan]:
            raise ValueError("shards: expected those of run.plan")
        return self


Kind = TypeVar("Kind", bound=BaseModel)


def write_record(path: Path, record: BaseModel) -> None:
    """Write a record as JSON, whole or not at all."""
    write_file(path, text_of(record).encode())


def text_of(record: BaseModel) -> str:
    """A record as its file holds it."""
    return f"{record.model_dump_json(indent=1)}\n"


def read_record(path: Path, kind: type[Kind]) -> Kind:
    """Read run.json or manifest.json, or another record that is a run or holds one.

    Raises
    ------
    ModelError
        If the file cannot be read, is of another version, or is not what it should be.
    """
    content = read_stored(file_in(path.parent, path.name))
    try:
        return parsed(path, content, kind)
    except DamagedError:
        if (found := raw_json(content)) is not None:
            _check_version(path, found, kind)
        raise


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


_OPAQUE: Final = {
    "dataset_fingerprint": "another data set",
    "positive_weights_sha256": "other label weights",
    "training_part": "another training part",
}


def check_resumed(
    folder: Path,
    found: BaseModel,
    wanted: BaseModel,
    *,
    same: bool,
    what: str,
    state: str,
    whole: bool,
    resume: bool,
) -> None:
    """Refuse what `folder` holds unless it is what is wanted, and is to be resumed.

    Parameters
    ----------
    found, wanted, same
        Runs, of a model or a tuning, and whether their ids are the same.
    what, state
        What makes it, "train" or "tune", and how it stands, for messages.
    whole
        Whether it is finished.
    resume
        Whether it is to be resumed.

    Raises
    ------
    ModelError
        Saying what differs, or what to do.
    """
    other = f"{what} into another folder, or replace it with --overwrite"
    if not same:
        changes = difference(found, wanted)
        raise ModelError(f"{folder}: holds {state} with other settings or data ({changes}); {other}")
    if not resume:
        how = f"{other} (--resume checks and keeps it)" if whole else f"resume with --resume, {other}"
        raise ModelError(f"{folder}: holds {state}; {how}")


def difference(found: BaseModel, wanted: BaseModel) -> str:
    """The settings in which two runs differ, for people; checksums are named by what they stand for."""
    old, new = _flat(found.model_dump()), _flat(wanted.model_dump())
    ignored = ("plan", "written_by", "label_names", "label_uris", "vectorizer")
    names = [n for n in old | new if old.get(n) != new.get(n) and not n.startswith(ignored)]
    telling = [name for name in names if name not in _OPAQUE or name == "dataset_fingerprint"]
    names = telling or names  # the others follow from these
    return ", ".join(_OPAQUE.get(name, f"{name} was {old.get(name)}, now {new.get(name)}") for name in names)


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
        raise ModelError(f"{path}: format is {shown(found)}; expected {format!r}")
    if run.get("version") != (version := expected["version"].default):
        what = format.removeprefix("pwdismec-")
        said = shown(run.get("version"))
        raise ModelError(f"{path}: {what} of version {said}; this program reads {version}")
