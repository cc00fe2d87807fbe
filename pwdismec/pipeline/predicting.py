"""Predict for a data set, a file or standard input, in memory that does not grow with the instances."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from pwdismec.errors import ConfigError
from pwdismec.files import sha256_of
from pwdismec.model import Model
from pwdismec.model.manifest import MANIFEST
from pwdismec.pipeline.instances import STANDARD_INPUT, open_instances
from pwdismec.pipeline.watching import Update
from pwdismec.prediction import Predictor
from pwdismec.prediction.files import writing_predictions


def predict_file(
    model: str | Path,
    source: str | Path,
    out: str | Path,
    *,
    top_k: int = 5,
    format: str = "xmc",
    one_based: bool = False,
    jobs: int = -1,
    memory: int | None = None,
    resume: bool = False,
    on_progress: Update | None = None,
) -> None:
    """Write the best labels of each instance to a file.

    Parameters
    ----------
    model
        A model's folder.
    source
        A data set's folder, or a file in any format of `open_source`: raw values, to which the model's
        transforms are applied. Labels are not looked at; of a pair, this is the features' file. "-" is
        standard input: text, not compressed.
    out
        The prediction file; an older one is replaced once the new one is whole.
    top_k
        Places an instance.
    format
        "xmc", "npz" or "jsonl".
    one_based
        The ids of a raw file start at one.
    jobs
        Threads; −1 for every core.
    memory
        Bytes that the process's resident memory is to stay below; the predictions do not depend on it.
    resume
        Go on with a job that was broken off, to the same file; where there is none, a new one begins.
    on_progress
        Called with the instances done and their number, and those done before.

    Raises
    ------
    ModelError
        If the model is not whole, or the source has other features or was transformed in another way.
    DataError
        If the source cannot be read.
    ConfigError
        If a setting is out of range, `memory` too little, or standard input is to be resumed.
    PwdismecError
        If the predictions cannot be written, or the job that was broken off is another.
    """
    if top_k < 1:
        raise ConfigError(f"top_k: {top_k}, expected 1 or more")
    if resume and Path(source) == STANDARD_INPUT:
        raise ConfigError("standard input cannot be read again; predict for a file to be able to --resume")
    trained = Model.open(model)
    instances = open_instances(Path(source), trained, one_based)
    made_from = instances.identity and {
        "version": version("pwdismec"),
        "model": sha256_of(trained.path / MANIFEST)[:16],
        **instances.identity,
        "instances": instances.number,
        "one_based": one_based,
        "top_k": top_k,
        "format": format,
    }
    with writing_predictions(
        out,
        format,
        n_labels=trained.n_labels,
        top_k=top_k,
        label_names=trained.label_names,
        made_from=made_from,
        resume=resume,
    ) as predictions:
        first = predictions.done
        for top in Predictor(trained, memory).predict_blocks(instances.chunks(first), top_k, jobs, first):
            predictions.append(top)
            if on_progress is not None:
                on_progress(predictions.done, instances.number, before=predictions.resumed)
