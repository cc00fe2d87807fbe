"""Predict for a data set, a file or standard input, in memory that does not grow with the instances."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

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
from pwdismec.steps.instances import STANDARD_INPUT, open_instances
from pwdismec.steps.prediction_workers import Errand, content_of, spread

# The interpreter and its libraries (70 MB), and a chunk of instances.
_PROGRAM = 200_000_000

_log = logging.getLogger(__name__)

TOP_K = 5
"""Labels an instance, unless they are sets."""


def predict_file(
    model: str | Path,
    source: str | Path,
    out: str | Path,
    *,
    top_k: int | None = None,
    probabilities: bool = False,
    sets: str | None = None,
    format: str = "xmc",
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
    if sets is None and top_k is None:
        top_k = TOP_K
    if top_k is not None:
        whole_number("top_k", top_k)
    if top_k is None and format == "npz":
        raise ConfigError(
            "npz has the same number of places for each instance; with sets, say how many (--top-k)"
        )
    source, backend = Path(source), backend or Backend()
    if source == STANDARD_INPUT and (resume or part):
        what = "--resume" if resume else "--part"
        raise ConfigError(f"standard input cannot be read again; predict for a file to be able to {what}")
    if backend.name != THREADS and not is_dataset(source):
        raise ConfigError(f"{source}: not a data set; expected one, with the backend {backend.name}")
    trained = Model.open(model)
    instances = open_instances(source, trained, one_based, jobs, input_format)
    made_from = instances.identity and {
        "version": version("pwdismec"),
        "model": sha256_of(trained.path / MANIFEST)[:16],
        **instances.identity,
        "instances": instances.number,
        "one_based": one_based,
        "top_k": top_k,
        "format": format,
        **_calibrated(trained, probabilities, sets),
    }
    number = instances.number
    rows = None if number is None else range(number) if part is None else part.consecutive(number)
    begin = 0 if rows is None else rows.start
    with writing_predictions(
        out,
        format,
        n_labels=trained.n_labels,
        top_k=top_k or 0,
        label_names=trained.label_names,
        label_uris=trained.label_uris,
        record_ids=instances.has_record_ids,
        first=begin,
        one_based=one_based is True,
        made_from=made_from,
        inputs=[trained.path, source],
        overwrite=overwrite,
        resume=resume,
        part=part,
    ) as predictions:
        first = predictions.done + begin
        last = None if rows is None else rows.stop
        scorer = scorer_of(trained, memory, thresholds_of(trained, sets))
        if backend.name == THREADS:
            tops = scorer.predict_blocks(instances.chunks(first, last), top_k, jobs, first)
        else:
            assert last is not None
            paths = trained.path.resolve(), source.resolve()
            content = content_of(trained, instances, sets)
            tops = spread(
                backend, Errand(*paths, content, top_k, sets, backend.threads(jobs), memory), first, last
            )
        total = None if rows is None else len(rows)
        if on_progress is not None:
            on_progress(predictions.done, total)
        for top in _as_probabilities(tops, trained, sets) if probabilities else tops:
            predictions.append(top, instances.record_ids(begin + predictions.done, len(top.labels)))
            if on_progress is not None:
                on_progress(predictions.done, total)
            if stop() and predictions.done != total:
                of = "" if total is None else f" of {total:,}"
                raise Stopped(f"{out}: stopped in time, {predictions.done:,}{of} instances are done")
    if blank := instances.without_known_words:
        _log.warning(
            "%s: records without any word that the model knows, for which labels are in prior order: %d",
            source,
            blank,
        )
    return instances.ignored_values


def _calibrated(model: Model, probabilities: bool, sets: str | None) -> dict[str, object]:
    """What more the predictions follow from, where they are probabilities or sets."""
    if not probabilities and sets is None:
        return {}
    Calibration.of(model)  # it is there, and whole
    named = sha256_of(model.path / CALIBRATION)[:16]
    return {"calibration": named, "probabilities": probabilities, "sets": sets}


def _as_probabilities(tops: Iterator[TopK], model: Model, sets: str | None) -> Iterator[TopK]:
    calibration = Calibration.of(model)
    thresholds = None if sets is None else calibration.thresholds(sets)
    for labels, scores in tops:
        above = 0 if thresholds is None else np.where(labels >= 0, thresholds[labels], 0)
        yield calibration.probabilities(TopK(labels, scores + above))


def memory_to_predict(model: Model, jobs: int) -> int:
    """Bytes that `predict_file` takes without a limit: the index (with heads' zeros some 9 bytes a weight), a
    chunk of instances, the program.
    """
    blocks = 1 + model.nnz // MAX_WEIGHTS + model.n_labels // MAX_LABELS
    return 9 * model.nnz + 4 * blocks * model.n_features + 20_000_000 * jobs + _PROGRAM
