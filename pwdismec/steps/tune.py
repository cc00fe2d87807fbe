"""Tune on a data set's folder; the best settings become a file for `train` and `run`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pwdismec.data import Dataset
from pwdismec.plain_text import size_text
from pwdismec.settings.training import Propensity, stored_name, write_settings
from pwdismec.training import TrainingConfig
from pwdismec.training.training_progress import OnProgress
from pwdismec.tuning import Grid, Tuning, n_held_out, tune
from pwdismec.tuning.folder import BEST
from pwdismec.tuning.results import DEFAULT_METRIC, KS
from pwdismec.weighting import PropensityParameters


def tune_folder(
    dataset: str | Path,
    out: str | Path,
    grid: Grid,
    config: TrainingConfig,
    *,
    propensity: PropensityParameters,
    holdout: float = 0.2,
    by: str = DEFAULT_METRIC,
    jobs: int = -1,
    resume: bool = False,
    overwrite: bool = False,
    say: Callable[[str], None] = lambda line: None,
    on_progress: OnProgress | None = None,
) -> Tuning:
    """Tune, and write ``best.yaml`` beside the results; what is not said here is as in `tune`.

    Parameters
    ----------
    dataset
        A data set's folder.
    propensity
        A and B that PSP is measured with.
    say
        Told what is going to be done.

    Raises
    ------
    PwdismecError
        As `tune` does.
    """
    for weighting in grid.weightings:
        stored_name(weighting)  # better an error now than after the work
    data = Dataset.open(dataset)
    n_judged = n_held_out(data.n_instances, holdout)
    standings = size_text(grid.n_points * n_judged * max(KS) * 8)
    say(
        f"{grid}\n{data.n_labels:,} labels, {data.n_instances - n_judged:,} instances to train on, "
        f"{n_judged:,} held out; their best labels take {standings}"
    )

    def write_best(folder: Path, tuning: Tuning) -> None:
        best = tuning.outcomes[0]
        remark = (
            f"The best of {len(tuning.outcomes)} settings: {by} {best.percent[by]:.2f} on held-out instances."
        )
        write_settings(folder / BEST, tuning.best, Propensity(a=propensity.a, b=propensity.b), remark)

    return tune(
        data,
        out,
        grid,
        config,
        holdout=holdout,
        by=by,
        a=propensity.a,
        b=propensity.b,
        jobs=jobs,
        resume=resume,
        overwrite=overwrite,
        on_tuned=write_best,
        on_progress=on_progress,
    )
