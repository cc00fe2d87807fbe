"""What a path holds, as plain JSON: the figures that `describe` shows to people."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from pwdismec.data import Dataset
from pwdismec.data.dataset_manifest import read_manifest
from pwdismec.diagnosis.inspection import kind_of, read_as_predictions
from pwdismec.model import Model
from pwdismec.model.gap_band import gap_quantiles, sampled_gaps
from pwdismec.model.model_manifest import RUN, Run, read_record
from pwdismec.model.shard_plan import shards_there


def facts_of(path: str | Path) -> dict[str, Any]:
    """What is at `path`: its ``kind``, and figures and settings by name.

    Raises
    ------
    DataError, ModelError, PwdismecError
        As `describe`.
    """
    path = Path(path)
    kind = kind_of(path)
    about = {"data set": _dataset, "model": _model, "training": _training, "predictions": _predictions}
    return {"kind": kind, "path": str(path), **about[kind](path)}


def _dataset(path: Path) -> dict[str, Any]:
    dataset, manifest = Dataset.open(path), read_manifest(path)
    return {
        **asdict(dataset.statistics()),
        "transforms": str(dataset.transforms),
        "names": list(manifest.names),
        "label_uris": dataset.label_uris is not None,
        "record_ids": dataset.record_ids is not None,
        "sources": list(manifest.sources),
        "fingerprint": manifest.fingerprint,
    }


def _model(path: Path) -> dict[str, Any]:
    model = Model.open(path)
    shards = model.manifest.shards
    gaps = [shard.worst_gap for shard in shards if shard.worst_gap is not None]
    trained, sample = sum(shard.n_trained for shard in shards), sampled_gaps(model.manifest)
    quantiles = [quantile._asdict() for quantile in gap_quantiles(sample, trained)] if sample else []
    for quantile in quantiles:
        quantile["high"] = quantile["high"] if math.isfinite(quantile["high"]) else None
    return {
        **_run(model.manifest.run),
        "labels_trained": trained,
        "weights": model.nnz,
        "worst_gap": max(gaps, default=None),
        "sampled_gaps": {"labels": len(sample), "quantiles": quantiles},
        "beyond_tolerance": [label for shard in shards for label in shard.beyond_tolerance],
        "shards": len(shards),
        "bytes": model.bytes,
        "instruction_sets": sorted({shard.instruction_set for shard in shards}),
    }


def _training(path: Path) -> dict[str, Any]:
    run = read_record(path / RUN, Run)
    there = shards_there(path, run)
    return {**_run(run), "shards": len(there), "shards_done": sum(there)}


def _run(run: Run) -> dict[str, Any]:
    return run.model_dump(mode="json", exclude={"format", "version", "plan"})


def _predictions(path: Path) -> dict[str, Any]:
    top, n_labels, *_ = read_as_predictions(path)
    held = top.labels >= 0
    scores = top.scores[held]
    return {
        "n_instances": len(held),
        "n_labels": n_labels,
        "top_k": held.shape[1],
        "rows_without_predictions": int((~held.any(axis=1)).sum()),
        "labels_predicted": len(np.unique(top.labels[held])),
        "lowest_score": float(scores.min()) if len(scores) else None,
        "highest_score": float(scores.max()) if len(scores) else None,
    }
