"""One shard: the sparse weights of some labels, their certificates, and which labels they are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from pwdismec import native
from pwdismec.data.csr import CSR
from pwdismec.data.tensors import map_tensors, parse_tensors
from pwdismec.errors import ModelError
from pwdismec.files import read_file, sha256_of, write_file
from pwdismec.model.manifest import ShardEntry, ShardPlan, WeightType
from pwdismec.solvers import Certificate

_KEY: Final = "pwdismec"  # one key: several would be written in an order that varies
_DTYPES: Final = {
    "label_ids": np.int32,
    "positives": np.int64,
    "indptr": np.int64,
    "indices": np.int32,
    "values": np.float32,
    "bias": np.float32,
    "primal": np.float64,
    "dual": np.float64,
    "epochs": np.int32,
}
_CERTIFICATE: Final = ("primal", "dual", "epochs")


@dataclass(frozen=True, eq=False)
class Shard:
    """Weights of n trained labels.

    Attributes
    ----------
    label_ids
        int32, shape (n,), ascending. Labels without positives are in no shard.
    positives
        int64, shape (n,): training positives of each.
    weights
        Shape (n, n_features).
    bias
        float32, shape (n,): added to each score.
    certificate
        Of the weights before they were pruned; primal and dual are NaN for imported weights.
    gap_tolerance
        What the solver promised of each label's gap; None if it promised nothing.
    instruction_set
        Of the kernels that trained it.
    """

    label_ids: NDArray[np.int32]
    positives: NDArray[np.int64]
    weights: CSR
    bias: NDArray[np.float32]
    certificate: Certificate
    gap_tolerance: float | None = None
    instruction_set: str = native.instruction_set

    def take(self, rows: NDArray[np.integer], offset: int = 0) -> Shard:
        """Some of the labels, by place, in that order; `offset` is added to their ids."""
        certificate = Certificate(*(getattr(self.certificate, name)[rows] for name in _CERTIFICATE))
        return replace(
            self,
            label_ids=self.label_ids[rows] + np.int32(offset),
            positives=self.positives[rows],
            weights=self.weights.take(rows),
            bias=self.bias[rows],
            certificate=certificate,
        )

    @classmethod
    def concatenate(cls, shards: Sequence[Shard]) -> Shard:
        """The labels of one shard, or of several; what the loosest solver promised is promised of all."""
        tolerances = [shard.gap_tolerance for shard in shards]
        return cls(
            np.concatenate([shard.label_ids for shard in shards]),
            np.concatenate([shard.positives for shard in shards]),
            CSR.concatenate([shard.weights for shard in shards], shards[0].weights.n_columns),
            np.concatenate([shard.bias for shard in shards]),
            Certificate(
                *(np.concatenate([getattr(s.certificate, name) for s in shards]) for name in _CERTIFICATE)
            ),
            None if None in tolerances else max(t for t in tolerances if t is not None),
            ", ".join(sorted({shard.instruction_set for shard in shards})),
        )


def write_shard(
    folder: Path, plan: ShardPlan, run_id: str, shard: Shard, dtype: WeightType = "float32"
) -> ShardEntry:
    """Write a shard's file, whole or not at all, and describe it for the manifest.

    `dtype` is what weights are stored as; they must fit it.
    """
    types: dict[str, Any] = {**_DTYPES, "values": np.dtype(dtype).type}
    tensors: dict[str, NDArray[Any]] = {
        "label_ids": shard.label_ids,
        "positives": shard.positives,
        "indptr": shard.weights.indptr,
        "indices": shard.weights.indices,
        "values": shard.weights.values,
        "bias": shard.bias,
        "primal": shard.certificate.primal,
        "dual": shard.certificate.dual,
        "epochs": shard.certificate.epochs,
    }
    tensors = {name: np.ascontiguousarray(tensors[name], type_) for name, type_ in types.items()}
    header = {
        "run": run_id,
        "first": plan.first,
        "stop": plan.stop,
        "n_features": shard.weights.n_columns,
        "instruction_set": shard.instruction_set,
        "gap_tolerance": shard.gap_tolerance,
        "content_sha256": _content_hash(tensors),
    }
    content = safetensors.numpy.save(tensors, {_KEY: json.dumps(header, sort_keys=True)})
    write_file(folder / plan.file, content)
    return _describe(content, plan, shard)


def read_shard(path: Path, expected_sha256: str | None = None) -> tuple[dict[str, Any], Shard]:
    """A shard's header and content; weights stored as float16 are widened.

    Raises
    ------
    ModelError
        If the file is missing, damaged, or not the one of that checksum.
    """
    return _parse(path, _read(path, expected_sha256))


def _read(path: Path, expected_sha256: str | None = None) -> bytes:
    if not path.is_file():
        raise ModelError(f"{path}: shard is missing")
    try:
        content = read_file(path)
    except OSError as error:
        raise ModelError(f"{path}: cannot read: {error.strerror}") from error
    if expected_sha256 is not None:
        _check_sha256(path, expected_sha256, hashlib.sha256(content).hexdigest())
    return content


def _parse(path: Path, content: bytes) -> tuple[dict[str, Any], Shard]:
    try:
        stored = parse_tensors(np.frombuffer(content, np.uint8))
        header = json.loads(stored.metadata[_KEY])
        tensors = {name: stored.tensors[name] for name in _DTYPES}
        intact = header["content_sha256"] == _content_hash(tensors)
    except (KeyError, ValueError, TypeError) as error:
        raise ModelError(f"{path}: not a shard of a model, or damaged: {error}") from error
    if not intact:
        raise ModelError(f"{path}: shard is damaged: its content does not match its checksum")
    values = tensors["values"].astype(np.float32, copy=False)
    shard = Shard(
        tensors["label_ids"],
        tensors["positives"],
        CSR(tensors["indptr"], tensors["indices"], values, header["n_features"]),
        tensors["bias"],
        Certificate(*(tensors[name] for name in _CERTIFICATE)),
        header.get("gap_tolerance"),
        header["instruction_set"],
    )
    return header, shard


class MappedWeights(NamedTuple):
    """The classifiers of a shard, mapped from its file: see `Shard`."""

    label_ids: NDArray[np.int32]
    weights: CSR
    bias: NDArray[np.float32]


def map_weights(path: Path, n_features: int) -> MappedWeights:
    """A shard's weights, of which nothing stays in memory but what is being used; values as they are stored.

    The file is trusted: see `check_shard`.
    """
    tensors = map_tensors(path).tensors
    weights = CSR(tensors["indptr"], tensors["indices"], tensors["values"], n_features)
    return MappedWeights(tensors["label_ids"], weights, tensors["bias"])


def check_shard(path: Path, expected_sha256: str) -> None:
    """Raise ModelError if the file is missing, or not the one of that checksum."""
    if not path.is_file():
        raise ModelError(f"{path}: shard is missing")
    _check_sha256(path, expected_sha256, sha256_of(path))


def _check_sha256(path: Path, expected_sha256: str, found: str) -> None:
    if found != expected_sha256:
        raise ModelError(
            f"{path}: shard changed since it was written: SHA-256 {found[:12]}…, not {expected_sha256[:12]}…"
        )


def entry_of(folder: Path, plan: ShardPlan, run_id: str) -> ShardEntry | None:
    """The entry of a shard already written by this run; None where there is none.

    Raises
    ------
    ModelError
        If the file is damaged or another run's.
    """
    path = folder / plan.file
    if not path.exists():
        return None
    content = _read(path)
    header, shard = _parse(path, content)
    if header["run"] != run_id or (header["first"], header["stop"]) != (plan.first, plan.stop):
        raise ModelError(f"{path}: shard of another run; train into another folder, or remove this model")
    return _describe(content, plan, shard)


def _describe(content: bytes, plan: ShardPlan, shard: Shard) -> ShardEntry:
    gap, tolerance = shard.certificate.gap, shard.gap_tolerance
    certified = len(gap) > 0 and bool(np.isfinite(gap).all())
    beyond = shard.label_ids[~(gap <= tolerance)] if tolerance is not None else shard.label_ids[:0]
    return ShardEntry(
        file=plan.file,
        first=plan.first,
        stop=plan.stop,
        instruction_set=shard.instruction_set,
        n_trained=len(shard.label_ids),
        nnz=shard.weights.nnz,
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        worst_gap=float(gap.max()) if certified else None,
        beyond_tolerance=tuple(int(label) for label in beyond),
    )


def _content_hash(tensors: dict[str, NDArray[Any]]) -> str:
    digest = hashlib.sha256()
    for name in _DTYPES:
        digest.update(f"{name} {len(tensors[name])};".encode())
        digest.update(np.ascontiguousarray(tensors[name]).data)
    return digest.hexdigest()
