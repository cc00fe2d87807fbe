"""From files to a data set's folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pwdismec.data import Dataset, convert
from pwdismec.data.formats.folders import PartOfFolder
from pwdismec.data.formats.layouts import feature_files
from pwdismec.data.formats.source import OneBased
from pwdismec.progress import OnProgress
from pwdismec.steps.row_source import check_same_names, is_of_records, open_rows


def convert_files(
    sources: Any,
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
    on_opened: Callable[[Sequence[Path]], None] | None = None,
    on_progress: OnProgress | None = None,
) -> Dataset:
    """Convert files: `open_rows`, then `convert`; parameters and errors are theirs.

    Records of texts may be converted like a training set that was made of texts; labels that it does not have
    are called then as the records call them. Of a folder with two parts the training part is taken, or with
    `like` the test part. Names that the files or their folder hold are taken, unless others are given.
    `on_opened` is told which files are read.
    """
    part: PartOfFolder = "train" if like is None else "test"
    sizes: dict[str, Any] = {} if like is None else {"n_features": like.n_features}
    source = open_rows(sources, format, like=like, part=part, one_based=one_based, jobs=jobs, **sizes)
    if on_opened is not None:
        on_opened(source.paths)
    names: dict[str, Any] = {"label_names": label_names, "feature_names": feature_names}
    if is_of_records(source):  # which grow as labels are met
        assert like is not None and source.labels is not None
        names = {
            "label_names": like.label_names and source.labels.names,
            "label_uris": like.label_uris and source.labels.uris,
        }
    else:
        files = feature_files(sources, format, part)
        for what, given in names.items():
            found = getattr(source, what, None) or getattr(files, what)
            if like is not None and isinstance(found, list):
                check_same_names(source.paths[0], what, found, getattr(like, what))
            if like is None and given is None:
                names[what] = found
    if on_progress is not None:
        on_progress(0, source.n_instances)
    return convert(
        source,
        out,
        tfidf=tfidf,
        normalize=normalize,
        like=like,
        **names,
        overwrite=overwrite,
        on_progress=on_progress and (lambda done: on_progress(done, source.n_instances)),
    )
