"""Evaluate a prediction file against a data set or a file of labels."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from pwdismec.data.formats.source import OneBased
from pwdismec.metrics import Evaluation, Report, SetEvaluation, SetReport
from pwdismec.metrics.conventions import PYXCLIB
from pwdismec.metrics.judging import Judge, Totals, judged
from pwdismec.metrics.label_table import table_format, write_label_table
from pwdismec.outputs import output_file
from pwdismec.parallel import THREADS, Backend, Once
from pwdismec.progress import OnProgress
from pwdismec.steps.truth import Compared, read_to_compare
from pwdismec.weighting import PRESETS

Made = TypeVar("Made", Report, SetReport)

# Ranges of rows that a worker may be given before their turn to be added.
_AHEAD = 2


def evaluate_file(
    predictions: str | Path,
    truth: str | Path,
    *,
    train: str | Path | None = None,
    n_train: int | None = None,
    filter: str | Path | None = None,
    format: str = "auto",
    one_based: OneBased = False,
    ks: Sequence[int] | None = None,
    a: float = PRESETS["default"].a,
    b: float = PRESETS["default"].b,
    convention: str = PYXCLIB,
    paper_reranking: bool = False,
    by_frequency: bool = False,
    per_label: str | Path | None = None,
    overwrite: bool = False,
    backend: Backend | None = None,
    on_progress: OnProgress | None = None,
) -> Report:
    """Evaluate predictions; what is not said here is as in `pwdismec.metrics.evaluate`.

    Parameters
    ----------
    predictions
        A prediction file.
    truth
        A data set's folder, or a file or folder for `open_source`; features are not looked at. Of an xmc-pair
        or npz, this is the labels' file; of a folder with two parts, the test part is taken. With a training
        set of texts also records. Labels that the training set does not have stay in the truth, behind its
        own.
    train
        The training set, whose label counts give the propensities and deciles: its folder, or a file like
        `truth`; or with `n_train` a file of the counts alone, a whole number in each line.
    n_train
        The number of training instances, where `train` holds the counts.
    filter
        A file of pairs of a row and a label, in each line two whole numbers, that are taken out of truth and
        predictions, such as the Extreme Classification Repository's filter_labels_test.txt.
    format
        How `truth` is written; "auto" tells by names and first lines.
    one_based
        Ids in files start at one, those of the predictions and the filter, too; a data set's start at zero.
    per_label
        A file to write what is by label to, by its suffix CSV, TSV or JSON lines.
    overwrite
        Replace such a file if it is there.
    backend
        Where ranges of rows are judged; default in this process. The report is the same, bit for bit.

    Raises
    ------
    DataError
        If a file cannot be read, or the numbers of rows or labels do not agree.
    ConfigError
        As `pwdismec.metrics.evaluate`; or if the suffix of `per_label` is another.
    OutputError
        If `per_label` exists and is not to be replaced, or must not be (`pwdismec.outputs`).
    PwdismecError
        If workers of another backend die again and again, or there are none; or a file cannot be written.
    """
    settings = {
        "ks": None if ks is None else tuple(ks),
        "a": a,
        "b": b,
        "convention": convention,
        "paper_reranking": paper_reranking,
        "by_frequency": by_frequency,
        "per_label": per_label is not None,
    }
    errand = _Errand.of(predictions, truth, train, n_train, filter, format, one_based, settings)
    return _evaluated(_rankings, errand, per_label, overwrite, backend, on_progress)


def evaluate_sets_file(
    predictions: str | Path,
    truth: str | Path,
    *,
    train: str | Path | None = None,
    filter: str | Path | None = None,
    format: str = "auto",
    one_based: OneBased = False,
    per_label: str | Path | None = None,
    overwrite: bool = False,
    backend: Backend | None = None,
    on_progress: OnProgress | None = None,
) -> SetReport:
    """Evaluate rows of predictions as sets of labels; parameters and errors are those of `evaluate_file`."""
    settings = {"per_label": per_label is not None}
    errand = _Errand.of(predictions, truth, train, None, filter, format, one_based, settings)
    return _evaluated(_sets, errand, per_label, overwrite, backend, on_progress)


@dataclass(frozen=True)
class _Errand:
    """What a worker is told of an evaluation.

    Attributes
    ----------
    predictions, truth, train, n_train, filter, format, one_based
        As `evaluate_file` takes them.
    settings
        Of `Evaluation` or `SetEvaluation`, by their names.
    command
        Another for each command, as a worker keeps what it has read: files may be others next time.
    """

    predictions: Path
    truth: Path
    train: Path | None
    n_train: int | None
    filter: Path | None
    format: str
    one_based: OneBased
    settings: tuple[tuple[str, Any], ...]
    command: str = field(default_factory=lambda: uuid.uuid4().hex)

    @classmethod
    def of(
        cls,
        predictions: str | Path,
        truth: str | Path,
        train: str | Path | None,
        n_train: int | None,
        filter: str | Path | None,
        format: str,
        one_based: OneBased,
        settings: dict[str, Any],
    ) -> _Errand:
        training, pairs = (None if path is None else Path(path) for path in (train, filter))
        paths = Path(predictions), Path(truth), training
        return cls(*paths, n_train, pairs, format, one_based, tuple(settings.items()))

    def elsewhere(self) -> _Errand:
        """The same for a process in another folder."""
        named = {name: getattr(self, name) for name in ("predictions", "truth", "train", "filter")}
        return replace(self, **{name: path and path.resolve() for name, path in named.items()})

    def read(self) -> Compared:
        """What is to be compared."""
        paths = self.predictions, self.truth, self.train
        return read_to_compare(*paths, self.one_based, self.n_train, self.filter, self.format)


def _rankings(compared: Compared, settings: Mapping[str, Any]) -> Evaluation:
    counts: dict[str, Any] = {"label_counts": compared.label_counts, "n_train": compared.n_train}
    counts |= {"filtered": compared.filtered, "n_predictable": compared.n_predictable}
    return Evaluation(compared.predictions, compared.truth, **counts, **settings)


def _sets(compared: Compared, settings: Mapping[str, Any]) -> SetEvaluation:
    return SetEvaluation(
        compared.predictions,
        compared.truth,
        label_counts=compared.label_counts,
        filtered=compared.filtered,
        **settings,
    )


_JudgeOf: TypeAlias = Callable[[Compared, Mapping[str, Any]], Judge[Made]]


def _evaluated(
    judge_of: _JudgeOf[Made],
    errand: _Errand,
    per_label: str | Path | None,
    overwrite: bool,
    backend: Backend | None,
    on_progress: OnProgress | None,
) -> Made:
    """The report; for another backend each worker reads the files, too, and sums its ranges."""
    if per_label is not None:
        form = table_format(Path(per_label))
        inputs = errand.predictions, errand.truth, errand.train, errand.filter
        per_label = output_file(per_label, inputs, overwrite=overwrite)
    compared = errand.read()
    judge = judge_of(compared, dict(errand.settings))
    if backend is None or backend.name == THREADS:
        report = judged(judge, map(judge.totals, judge.ranges()), on_progress)
    else:
        summed = backend.in_order(partial(_totals, judge_of, errand.elsewhere()), judge.ranges(), _AHEAD)
        with closing(summed):
            report = judged(judge, summed, on_progress)
    if per_label is not None:
        assert report.per_label is not None
        counts, texts = compared.label_counts, compared.label_texts
        table = ({} if counts is None else {"train_positives": counts}) | report.per_label
        called: dict[str, Any] = {"uris": texts.uris, "names": texts.names}
        first_id = int(errand.one_based is True)
        write_label_table(per_label, table, form, **called, first_id=first_id, overwrite=overwrite)
    return report


def _totals(judge_of: _JudgeOf[Any], errand: _Errand, rows: range) -> Totals:
    """The sums over some rows, in a worker."""
    return _judge((judge_of, errand)).totals(rows)


@Once
def _judge(job: tuple[_JudgeOf[Any], _Errand]) -> Judge[Any]:
    """What judges the rows of an errand, kept from range to range."""
    judge_of, errand = job
    return judge_of(errand.read(), dict(errand.settings))
