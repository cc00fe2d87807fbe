"""Write a report: a page, and its plots in a folder beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pwdismec.bounds import thread_count
from pwdismec.errors import ConfigError
from pwdismec.files import replacing_folder, write_file, write_part
from pwdismec.outputs import check_no_links, output_file, output_folder
from pwdismec.progress import Watch, unwatched
from pwdismec.reporting.compared_runs import read_runs
from pwdismec.reporting.content import Content

_SUFFIXES = (".png", ".svg")


def write_report(
    runs: Sequence[str | Path],
    out: str | Path | None = None,
    *,
    jobs: int = -1,
    overwrite: bool = False,
    watch: Watch = unwatched,
) -> tuple[Path, Content]:
    """Compare the models of one or several runs in one HTML file.

    Parameters
    ----------
    runs
        Work folders of `pwdismec.experiment.experiment.run_experiment`, all of the same data.
    out
        The HTML file; default ``report.html`` in the first run. The plots are also written, as PNG and SVG
        files, to a folder beside it, of its name and ``-plots``.
    jobs
        Threads; −1 for every core. The report does not depend on it.
    overwrite
        Replace an older report and its plots.
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
    OutputError
        If there is a report that is not to be replaced, or one must not be written there
        (`pwdismec.outputs`).
    PwdismecError
        If the files cannot be written.
    """
    _check_matplotlib()
    from pwdismec.reporting.drawing.plots import PLOTS, draw_all
    from pwdismec.reporting.page import page

    comparison = read_runs(runs)
    if out is None:  # in the run's folder there is a name for it
        named, inputs = Path(runs[0]) / "report.html", list[str | Path]()
        check_no_links([named, named.with_name(f"{named.stem}-plots")])
    else:
        named, inputs = Path(out), [*runs]
    page_file = output_file(named, inputs, overwrite=overwrite)
    plot_files = {f"{name}{suffix}" for name in PLOTS for suffix in _SUFFIXES}
    folder = output_folder(
        page_file.with_name(f"{page_file.stem}-plots"),
        inputs,
        contents=lambda folder: plot_files,
        overwrite=overwrite,
    )
    content = Content.of(comparison, thread_count(jobs), watch)
    plots = draw_all(content)
    text = page(content, {name: plot.svg for name, plot in plots.items()})
    with replacing_folder(folder, overwrite=overwrite) as aside:
        for name, plot in plots.items():
            write_part(aside / f"{name}.svg", plot.svg)
            write_part(aside / f"{name}.png", plot.png)
    write_file(page_file, text.encode(), overwrite=overwrite)
    return page_file, content


def _check_matplotlib() -> None:
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ConfigError(f"a report needs matplotlib: pip install 'pwdismec[report]' ({error})") from error
