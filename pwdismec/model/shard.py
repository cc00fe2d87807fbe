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
from pwdismec.data.tensors import map_tensors
from pwdismec.data.validation import check_csr
from pwdismec.errors import DamagedError, ModelError
from pwdismec.files import sha256_of, write_file
from pwdismec.model.model_manifest import Run, ShardEntry, ShardPlan, WeightType
from pwdismec.quoting import shown
from pwdismec.solvers import Certificate
from pwdismec.stored import Digest, Record, Size, Text, damaged, file_in, parsed

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
_ROUNDING: Final = 1e-6


class _Header(Record):
    """What a shard says of itself."""

    run: Text
    first: Size
    stop: Size
    n_features: Size
    instruction_set: Text
    gap_tolerance: float | None
    content_sha256: Digest


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
    tensors = {name: np.ascontiguousarray(tensor, types[name]) for name, tensor in tensors_of(shard).items()}
    header = _Header(
        run=run_id,
        first=plan.first,
        stop=plan.stop,
        n_features=shard.weights.n_columns,
        instruction_set=shard.instruction_set,
        gap_tolerance=shard.gap_tolerance,
        content_sha256=_content_hash(tensors),
    )
    said = json.dumps(header.model_dump(), sort_keys=True)
    content = safetensors.numpy.save(tensors, {_KEY: said})
    write_file(folder / plan.file, content)
    return _describe(len(content), hashlib.sha256(content).hexdigest(), plan, shard)


def tensors_of(shard: Shard) -> dict[str, NDArray[Any]]:
    """A shard's arrays by the names they have in its file."""
    return {
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


def read_shard(path: Path, entry: ShardEntry, run: Run) -> Shard:
    """The shard of an entry in the manifest of `run`; weights stored as float16 are widened.

    Raises
    ------
    ModelError
        If the file is missing, is not a shard, or is not what the entry says.
    """
    check_shard(path, entry, run)
    return _copied(_mapped(path)[1])


class MappedWeights(NamedTuple):
    """The classifiers of a shard, mapped from its file: see `Shard`."""

    label_ids: NDArray[np.int32]
    weights: CSR
    bias: NDArray[np.float32]


def map_weights(path: Path) -> MappedWeights:
    """A shard's weights, of which nothing stays in memory but what is being used; values as they are stored.

    The file has to have been checked: see `check_shard`.
    """
    shard = _mapped(path)[1]
    return MappedWeights(shard.label_ids, shard.weights, shard.bias)


def check_shard(path: Path, entry: ShardEntry, run: Run) -> None:
    """See that a file is a shard, and that of a manifest's entry; it is read whole, and none of it kept.

    Raises
    ------
    ModelError
        As `read_shard`.
    """
    found = sha256_of(path)
    if found != entry.sha256:
        raise DamagedError(
            path, f"shard changed since it was written: SHA-256 {found[:12]}…, not {entry.sha256[:12]}…"
        )
    header, shard = _mapped(path)
    _check(path, header, shard)
    if header.n_features != run.n_features:
        raise DamagedError(path, f"n_features: {header.n_features}; the manifest says {run.n_features}")
    if run.n_instances and shard.positives.max(initial=0) > run.n_instances:
        raise DamagedError(path, f"positives: expected at most the {run.n_instances} instances")
    described = _describe(entry.bytes, entry.sha256, entry, shard)
    for name, value in described.model_dump().items():
        if value != getattr(entry, name):
            said = shown(getattr(entry, name))
            raise DamagedError(path, f"{name}: {shown(value)}; the manifest says {said}")
    shard.weights.release()


def _mapped(path: Path) -> tuple[_Header, Shard]:
    """A shard's header and content, mapped and of the right types, but not checked."""
    stored = map_tensors(path)
    header = parsed(path, stored.said(_KEY), _Header, _KEY)
    half = "values" in stored.tensors and stored.tensors["values"].dtype == np.float16
    tensors = stored.only({**_DTYPES, "values": np.float16} if half else _DTYPES)
    n = len(tensors["label_ids"])
    for name, tensor in tensors.items():
        shape = {"indptr": (n + 1,), "values": tensors["indices"].shape, "indices": (tensor.size,)}
        if tensor.shape != (expected := shape.get(name, (n,))):
            raise DamagedError(path, f"{name}: shape {tensor.shape}; expected {expected}")
    weights = CSR(tensors["indptr"], tensors["indices"], tensors["values"], header.n_features)
    certificate = Certificate(*(tensors[name] for name in _CERTIFICATE))
    shard = Shard(
        tensors["label_ids"],
        tensors["positives"],
        weights,
        tensors["bias"],
        certificate,
        header.gap_tolerance,
        header.instruction_set,
    )
    return header, shard


def _check(path: Path, header: _Header, shard: Shard) -> None:
    """See that the content is what `Shard` promises, and the one that was written."""
    if header.content_sha256 != _content_hash(tensors_of(shard)):
        raise DamagedError(path, "shard is damaged: its content does not match its checksum")
    ids, weights = shard.label_ids, shard.weights
    if len(ids) and not (ids[0] >= header.first and ids[-1] < header.stop and (ids[1:] > ids[:-1]).all()):
        expected = f"expected ascending ids from {header.first} to {header.stop - 1}"
        raise DamagedError(path, f"label_ids: {expected}")
    if weights.indptr[0] != 0 or weights.indptr[-1] != len(weights.indices):
        raise DamagedError(path, f"indptr: expected offsets from 0 to {len(weights.indices)}")
    with damaged(path):
        check_csr(CSR(weights.indptr, weights.indices, None, weights.n_columns), "weights")
    for name, numbers in (("values", weights.values), ("bias", shard.bias)):
        if not np.isfinite(numbers).all():
            raise DamagedError(path, f"{name}: expected finite numbers")
    certificate = shard.certificate
    if min(shard.positives.min(initial=0), certificate.epochs.min(initial=0)) < 0:
        raise DamagedError(path, "positives, epochs: expected numbers from 0 on")
    if np.isinf(certificate.primal).any() or np.isinf(certificate.dual).any():
        raise DamagedError(path, "primal, dual: expected finite numbers, or NaN where they are not known")
    if (certificate.primal < 0).any() or (certificate.gap < -_ROUNDING).any():
        raise DamagedError(path, "primal, dual: expected a lower bound below each objective")


def _copied(shard: Shard) -> Shard:
    """The shard in memory, its weights in float32."""
    return Shard.concatenate([replace(shard, weights=shard.weights.widened())])


def entry_of(folder: Path, plan: ShardPlan, run_id: str) -> ShardEntry | None:
    """The entry of a shard already written by this run; None where there is none.

    Raises
    ------
    ModelError
        If the file is damaged or another run's.
    """
    if not (folder / plan.file).exists():
        return None
    path = file_in(folder, plan.file)
    header, shard = _mapped(path)
    _check(path, header, shard)
    if header.run != run_id or (header.first, header.stop) != (plan.first, plan.stop):
        raise ModelError(f"{path}: shard of another run; train into another folder, or remove this model")
    return _describe(path.stat().st_size, sha256_of(path), plan, shard)


def _describe(size: int, sha256: str, plan: ShardPlan, shard: Shard) -> ShardEntry:
    gap, tolerance = shard.certificate.gap, shard.gap_tolerance
    certified = len(gap) > 0 and bool(np.isfinite(gap).all())
    sampled = gap[~np.isnan(gap)] if tolerance is None else gap[:0]
    beyond = shard.label_ids[~(gap <= tolerance)] if tolerance is not None else shard.label_ids[:0]
    return ShardEntry(
        file=plan.file,
        first=plan.first,
        stop=plan.stop,
        instruction_set=shard.instruction_set,
        n_trained=len(shard.label_ids),
        nnz=shard.weights.nnz,
        bytes=size,
        sha256=sha256,
        worst_gap=float(gap.max()) if certified else None,
        beyond_tolerance=tuple(int(label) for label in beyond),
        sampled_gaps=tuple(map(float, sampled)),
    )


def _content_hash(tensors: dict[str, NDArray[Any]]) -> str:
    digest = hashlib.sha256()
    for name in _DTYPES:
        digest.update(f"{name} {len(tensors[name])};".encode())
        digest.update(np.ascontiguousarray(tensors[name]).data)
    return digest.hexdigest()
