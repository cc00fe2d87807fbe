"""Instances predicted for by workers of another engine: each opens model and data set by their paths."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pwdismec.calibration import thresholds_of
from pwdismec.data.topk import TopK, join_rows
from pwdismec.errors import ModelError
from pwdismec.files import sha256_of
from pwdismec.model import Model
from pwdismec.model.model_manifest import CALIBRATION, MANIFEST
from pwdismec.parallel import Backend, Once
from pwdismec.prediction import Scorer, scorer_of
from pwdismec.steps.instances import Instances, open_instances

_ROWS = 8192

# Ranges of instances that a worker may be given before their turn to be written.
_AHEAD = 4


@dataclass(frozen=True)
class Errand:
    """What a worker is told of a prediction.

    Attributes
    ----------
    model, dataset
        The paths; absolute.
    content
        What these hold, as `content_of` tells it: a worker keeps them open from command to command.
    top_k, sets, threads, memory
        As `predict_file` takes them.
    """

    model: Path
    dataset: Path
    content: str
    top_k: int | None
    sets: str | None
    threads: int
    memory: int | None


def spread(backend: Backend, errand: Errand, first: int, stop: int) -> Iterator[TopK]:
    """The best labels of the instances `first` to `stop`, excluded, in order."""
    ranges = (range(start, min(start + _ROWS, stop)) for start in range(first, stop, _ROWS))
    return backend.in_order(partial(_predict, errand), ranges, _AHEAD)


def _predict(errand: Errand, rows: range) -> TopK:
    """The best labels of some instances, in a worker."""
    scorer, instances = _opened(errand)
    chunks = instances.chunks(rows.start, rows.stop)
    return join_rows(list(scorer.predict_blocks(chunks, errand.top_k, errand.threads, rows.start)))


@Once
def _opened(errand: Errand) -> tuple[Scorer, Instances]:
    """What an errand needs, kept from range to range."""
    model = Model.open(errand.model)
    instances = open_instances(errand.dataset, model, one_based=False)
    if content_of(model, instances, errand.sets) != errand.content:
        raise ModelError(f"in this worker, {errand.model} or {errand.dataset} is another")
    return scorer_of(model, errand.memory, thresholds_of(model, errand.sets)), instances


def content_of(model: Model, instances: Instances, sets: str | None) -> str:
    """Names what predictions of sets, or of the best labels, follow from."""
    parts = [sha256_of(model.path / name) for name in (MANIFEST, *([CALIBRATION] if sets else []))]
    return " ".join([*parts, *map(str, (instances.identity or {}).values())])
