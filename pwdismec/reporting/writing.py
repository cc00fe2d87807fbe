"""Write a report: a page, and its plots in a folder beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import joblib

from pwdismec.errors import ConfigError, PwdismecError
from pwdismec.files import check_replaceable, clear_os_errors, replacing_folder, write_file
from pwdismec.pipeline.watching import Watch, unwatched
from pwdismec.reporting.content import Content
from pwdismec.reporting.runs import read_runs

_SUFFIXES = (".png", ".svg")


def write_report(
    runs: Sequence[str | Path], out: str | Path | None = None, *, jobs: int = -1, watch: Watch = unwatched
) -> tuple[Path, Content]:
    """Compare the models of one or several runs in one HTML file.

    Parameters
    ----------
    runs
        Work folders of `pwdismec.pipeline.experiment.run_experiment`, all of the same data.
    out
        The HTML file; default ``report.html`` in the first run. The plots are also written, as PNG and SVG
        files, to a folder beside it, of its name and ``-plots``. Older ones are replaced.
    jobs
        Threads; −1 for every core. The report does not depend on it.
    watch
        Shows the progress.

    Returns
    -------
    The HTML file, and what it shows.

    Raises
    ------
    ConfigError
        If matplotlib is not installed, or as `read_runs`.
    DataError, ModelError
        As `read_runs`.
    PwdismecError
        If the files cannot be written, or the folder for the plots holds anything else.
    """
    _check_matplotlib()
    from pwdismec.reporting.drawing.plots import draw_all
    from pwdismec.reporting.page import page

    comparison = read_runs(runs)
    page_file = Path(runs[0]) / "report.html" if out is None else Path(out)
    folder = page_file.with_name(f"{page_file.stem}-plots")
    check_replaceable(page_file)
    _check_plots_only(folder)
    content = Content.of(comparison, joblib.effective_n_jobs(jobs), watch)
    plots = draw_all(content)
    text = page(content, {name: plot.svg for name, plot in plots.items()})
    with replacing_folder(folder) as aside:
        for name, plot in plots.items():
            (aside / f"{name}.svg").write_bytes(plot.svg)
            (aside / f"{name}.png").write_bytes(plot.png)
    write_file(page_file, text.encode())
    return page_file, content


def _check_matplotlib() -> None:
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ConfigError(f"a report needs matplotlib: pip install 'pwdismec[report]' ({error})") from error


def _check_plots_only(folder: Path) -> None:
    """The folder will be replaced: refuse one with anything of the user's own."""
    if not folder.exists():
        return
    with clear_os_errors(folder):
        others = [path.name for path in sorted(folder.iterdir()) if path.suffix not in _SUFFIXES]
    if others:
        raise PwdismecError(f"{folder}: holds {others[0]}; expected plots alone, as the folder is replaced")
