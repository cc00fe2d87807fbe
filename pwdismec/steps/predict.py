"""Predict for a data set, a file or standard input, in memory that does not grow with the instances."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from pwdismec.bounds import whole_number
from pwdismec.calibration import Calibration, thresholds_of
from pwdismec.cluster import Part, Stopped, never
from pwdismec.cluster.stop import Stop
from pwdismec.data.dataset import is_dataset
from pwdismec.data.formats.source import OneBased
from pwdismec.data.topk import TopK
from pwdismec.errors import ConfigError
from pwdismec.files import sha256_of
from pwdismec.model import Model
from pwdismec.model.model_manifest import CALIBRATION, MANIFEST
from pwdismec.parallel import THREADS, Backend
from pwdismec.prediction import scorer_of
from pwdismec.prediction.files import writing_predictions
from pwdismec.prediction.scored_blocks import MAX_LABELS, MAX_WEIGHTS
from pwdismec.progress import Update
from pwdismec.steps.instances import STANDARD_INPUT, Instances, open_instances
from pwdismec.steps.prediction_workers import Errand, content_of, spread

# The interpreter and its libraries (70 MB), and a chunk of instances.
_PROGRAM = 200_000_000

_log = logging.getLogger(__name__)

_Kind: TypeAlias = tuple[str | None, int | None]
"""Sets, and labels an instance: what is computed once, whatever is written of it."""

TOP_K = 5
"""Labels an instance, unless they are sets."""


@dataclass(frozen=True)
class Output:
    """A prediction file, and what it holds; each attribute as `predict_file` takes it."""

    path: str | Path
    format: str = "xmc"
    probabilities: bool = False
    sets: str | None = None

    def places(self, top_k: int | None) -> int | None:
        """Labels an instance, at most; None where all that reach their thresholds are wanted."""
        return TOP_K if top_k is None and self.sets is None else top_k


def predict_file(
    model: str | Path,
    source: str | Path,
    out: str | Path,
    *,
    top_k: int | None = None,
    probabilities: bool = False,
    sets: str | None = None,
    format: str = "xmc",
    also: Sequence[Output] = (),
    input_format: str = "auto",
    one_based: OneBased = False,
    jobs: int = -1,
    memory: int | None = None,
    overwrite: bool = False,
    resume: bool = False,
    part: Part | None = None,
    backend: Backend | None = None,
    stop: Stop = never,
    on_progress: Update | None = None,
) -> int:
    """Write the best labels of each instance to a file.

    Parameters
    ----------
    model
        A model's folder.
    source
        A data set's folder, or a file or folder for `open_source`: raw values, to which the model's
        transforms are applied. Labels are not looked at; of a pair, this is the features' file, of a folder
        with two parts the test part. "-" is standard input: text, not compressed. For a model of texts also
        records.
    out
        The prediction file.
    top_k
        Labels an instance, the best. Default 5; of sets, whatever their size.
    probabilities
        Write probabilities in place of scores, and order the same labels by them. The model is calibrated.
    sets
        Write only labels that reach their thresholds, and how far above these they are: "micro-f1",
        "macro-f1" or "precision=P", as `Calibration.thresholds` takes it. The model is calibrated.
    format
        "xmc", "npz", "jsonl" or "csv".
    also
        More files to write from the same reading of `source`, in threads of this process.
    input_format
        How `source` is written; "auto" tells by names and first lines.
    one_based
        Ids start at one, in a raw file and in the predictions (and there CSV's rows).
    jobs
        Threads; −1 for every core.
    memory
        Bytes that the process's resident memory is to stay below; the predictions do not depend on it.
    overwrite
        Replace a file that is at `out`, once the new one is whole.
    resume
        Go on with a job that was broken off, to the same file; where there is none, a new one begins. A file
        that is there is no obstacle if it is what the job makes.
    part
        Which task of several this is, each of which predicts for some consecutive instances, wherever it
        runs, and goes on where it was broken off; whoever finds all done writes `out`.
    backend
        Where chunks of a data set's instances are predicted for; default in threads of this process.
    stop
        Asked after each chunk; once it is true, the job is left to be resumed.
    on_progress
        Called with the instances done and their number, first with those done before.

    Returns
    -------
    int
        Values in a file that were left out, as the model does not have their features.

    Raises
    ------
    ModelError
        If the model is not whole, or not calibrated where it must be, or the source has other features or
        was transformed in another way.
    DataError
        If the source cannot be read.
    ConfigError
        If a setting is out of range, `memory` too little, standard input is to be resumed or cut, or
        another backend is to predict for what is no data set.
    OutputError
        If `out` exists and is not to be replaced, or must not be (`pwdismec.outputs`).
    Stopped
        If it was time to stop before all was done.
    PwdismecError
        If the predictions cannot be written, or the job that was broken off is another.
    """
    outputs = [Output(out, format, probabilities, sets), *also]
    source, backend = Path(source), backend or Backend()
    _check(outputs, top_k, source, backend, goes_on="--resume" if resume else "--part" if part else None)
    trained = Model.open(model)
    instances = open_instances(source, trained, one_based, jobs, input_format)
    number = instances.number
    rows = None if number is None else range(number) if part is None else part.consecutive(number)
    begin, last = (0, None) if rows is None else (rows.start, rows.stop)
    how: dict[str, Any] = {"label_names": trained.label_names, "label_uris": trained.label_uris}
    how |= {"inputs": [trained.path, source], "overwrite": overwrite, "resume": resume, "part": part}
    with ExitStack() as writing:
        files = [
            writing.enter_context(
                writing_predictions(
                    output.path,
                    output.format,
                    n_labels=trained.n_labels,
                    top_k=output.places(top_k) or 0,
                    record_ids=instances.has_record_ids,
                    first=begin,
                    one_based=one_based is True,
                    made_from=_made_from(trained, instances, output, output.places(top_k), one_based),
                    **how,
                )
            )
            for output in outputs
        ]
        done = min(file.done for file in files)  # a kill may have come between two files
        if backend.name == THREADS:
            kinds = {(output.sets, output.places(top_k)) for output in outputs}
            predicted = _predicted(trained, instances, kinds, jobs, memory, begin + done, last)
        else:
            assert last is not None
            paths, kind = (trained.path.resolve(), source.resolve()), (sets, outputs[0].places(top_k))
            content = content_of(trained, instances, sets)
            errand = Errand(*paths, content, kind[1], sets, backend.threads(jobs), memory)
            predicted = ({kind: top} for top in spread(backend, errand, begin + done, last))
        total = None if rows is None else len(rows)
        if on_progress is not None:
            on_progress(done, total)
        as_written = [_as_written(trained, output) for output in outputs]
        for tops in predicted:
            n = len(next(iter(tops.values())).labels)
            ids = instances.record_ids(begin + done, n)
            done += n
            for output, file, written in zip(outputs, files, as_written, strict=True):
                old = n - (done - file.done)  # rows that an earlier run has written
                if old < n:
                    labels, scores = tops[output.sets, output.places(top_k)]
                    file.append(written(TopK(labels[old:], scores[old:])), None if ids is None else ids[old:])
            if on_progress is not None:
                on_progress(done, total)
            if stop() and done != total:
                of = "" if total is None else f" of {total:,}"
                raise Stopped(f"{out}: stopped in time, {done:,}{of} instances are done")
    if blank := instances.without_known_words:
        _log.warning(
            "%s: records without any word that the model knows, for which labels are in prior order: %d",
            source,
            blank,
        )
    return instances.ignored_values


def _check(
    outputs: Sequence[Output], top_k: int | None, source: Path, backend: Backend, goes_on: str | None
) -> None:
    if top_k is not None:
        whole_number("top_k", top_k)
    if any(output.format == "npz" and output.places(top_k) is None for output in outputs):
        raise ConfigError(
            "npz has the same number of places for each instance; with sets, say how many (--top-k)"
        )
    paths = [Path(output.path).absolute() for output in outputs]
    for path in paths:
        if paths.count(path) > 1:
            raise ConfigError(f"{path}: given for two outputs; expected each file once")
    if source == STANDARD_INPUT and goes_on:
        raise ConfigError(f"standard input cannot be read again; predict for a file to be able to {goes_on}")
    if backend.name != THREADS and not is_dataset(source):
        raise ConfigError(f"{source}: not a data set; expected one, with the backend {backend.name}")
    if backend.name != THREADS and len(outputs) > 1:
        raise ConfigError(f"{len(outputs)} outputs; expected one, with the backend {backend.name}")


def _made_from(
    model: Model, instances: Instances, output: Output, places: int | None, one_based: OneBased
) -> dict[str, Any] | None:
    """What an output follows from; None where it cannot be resumed."""
    if instances.identity is None:
        return None
    return {
        "version": version("pwdismec"),
        "model": sha256_of(model.path / MANIFEST)[:16],
        **instances.identity,
        "instances": instances.number,
        "one_based": one_based,
        "top_k": places,
        "format": output.format,
        **_calibrated(model, output),
    }


def _calibrated(model: Model, output: Output) -> dict[str, object]:
    """What more the predictions follow from, where they are probabilities or sets."""
    if not output.probabilities and output.sets is None:
        return {}
    Calibration.of(model)  # it is there, and whole
    named = sha256_of(model.path / CALIBRATION)[:16]
    return {"calibration": named, "probabilities": output.probabilities, "sets": output.sets}


def _predicted(
    model: Model,
    instances: Instances,
    kinds: Iterable[_Kind],
    jobs: int,
    memory: int | None,
    first: int,
    last: int | None,
) -> Iterator[dict[_Kind, TopK]]:
    """Chunk by chunk, the best labels of each kind: of given sets or none, and so many."""
    scorers = {kind: scorer_of(model, memory, thresholds_of(model, kind[0])) for kind in kinds}
    for features in instances.chunks(first, last):
        yield {
            kind: next(scorer.predict_blocks([features], kind[1], jobs, first))
            for kind, scorer in scorers.items()
        }
        first += features.n_rows


def _as_written(model: Model, output: Output) -> Callable[[TopK], TopK]:
    """What makes of the best labels what the output holds of them."""
    if not output.probabilities:
        return lambda top: top
    calibration = Calibration.of(model)
    thresholds = None if output.sets is None else calibration.thresholds(output.sets)

    def probabilities(top: TopK) -> TopK:
        above = 0 if thresholds is None else np.where(top.labels >= 0, thresholds[top.labels], 0)
        return calibration.probabilities(TopK(top.labels, top.scores + above))

    return probabilities


def memory_to_predict(model: Model, jobs: int) -> int:
    """Bytes that `predict_file` takes without a limit: the index (with heads' zeros some 9 bytes a weight), a
    chunk of instances, the program.
    """
    blocks = 1 + model.nnz // MAX_WEIGHTS + model.n_labels // MAX_LABELS
    return 9 * model.nnz + 4 * blocks * model.n_features + 20_000_000 * jobs + _PROGRAM
