"""From files in a format of the field to a data set's folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pwdismec.data import Dataset, convert
from pwdismec.data.formats import open_source
from pwdismec.data.formats.source import OneBased
from pwdismec.pipeline.watching import OnProgress


def convert_files(
    sources: Sequence[str | Path],
    out: str | Path,
    *,
    format: str = "auto",
    one_based: OneBased = False,
    tfidf: bool = False,
    normalize: bool = True,
    like: Dataset | None = None,
    label_names: str | Path | None = None,
    feature_names: str | Path | None = None,
    jobs: int = -1,
    overwrite: bool = False,
    on_progress: OnProgress | None = None,
) -> Dataset:
    """Convert files: `open_source`, then `convert`; parameters and errors are theirs.

    `jobs` is `n_jobs`, with −1 for one thread for each processor.
    """
    sizes = {} if like is None else {"n_features": like.n_features}
    n_jobs = None if jobs == -1 else jobs
    source = open_source(sources, format, one_based=one_based, n_jobs=n_jobs, **sizes)
    if on_progress is not None:
        on_progress(0, source.n_instances)
    return convert(
        source,
        out,
        tfidf=tfidf,
        normalize=normalize,
        like=like,
        label_names=label_names,
        feature_names=feature_names,
        overwrite=overwrite,
        on_progress=on_progress and (lambda done: on_progress(done, source.n_instances)),
    )
