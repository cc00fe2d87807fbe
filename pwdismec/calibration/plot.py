"""The reliability plot."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from pwdismec.calibration.calibration import Calibration
from pwdismec.calibration.reliability import N_BINS, Reliability
from pwdismec.errors import ConfigError
from pwdismec.files import write_file
from pwdismec.outputs import Inputs, output_file

# Of Okabe and Ito's palette, which colour-blind people can tell apart; the markers differ, too.
_STYLES = (("#D55E00", "s"), ("#0072B2", "o"))


def plot_reliability(calibration: Calibration, path: Path, *, overwrite: bool = False) -> None:
    """Draw, as a PNG, how often labels were true against the probability stated, before and after.

    `path` is one that `check_plot` gave.

    Raises
    ------
    ConfigError
        If matplotlib is not installed.
    PwdismecError
        If the file cannot be written.
    """
    figure = _figure_class()(figsize=(5.6, 7.0), layout="constrained")
    shares, sizes = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
    shares.plot([0, 1], [0, 1], color="0.5", linestyle="--", linewidth=1, label="as stated")
    names = "score, squeezed into 0 … 1", f"calibrated ({calibration.method})"
    for name, found, (colour, marker) in zip(
        names, (calibration.before, calibration.after), _STYLES, strict=True
    ):
        _draw(shares, sizes, f"{name}: error {found.error:.3f}", found, colour, marker)
    shares.set(ylabel="share of them that is true", xlim=(0, 1), ylim=(0, 1))
    title = "Best five labels of held-out instances"
    figure.legend(loc="outside upper left", title=title, alignment="left", frameon=False)
    sizes.set(xlabel="probability stated", ylabel="how many", yscale="log")
    for axes in (shares, sizes):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(color="0.9", linewidth=0.6)
    drawn = BytesIO()
    figure.savefig(drawn, format="png", dpi=160)
    write_file(path, drawn.getvalue(), overwrite=overwrite)


def check_plot(path: str | Path, inputs: Inputs, *, overwrite: bool = False) -> Path:
    """Find out before a long fit whether its plot can be drawn; parameters as `output_file` takes them.

    Raises
    ------
    ConfigError
        If matplotlib is not installed, or the file's folder does not exist.
    OutputError
        As `output_file`.
    """
    _figure_class()
    folder = Path(path).parent
    if not folder.is_dir():
        raise ConfigError(f"{path}: no folder {folder}; expected one for the plot")
    return output_file(path, inputs, overwrite=overwrite)


def _figure_class() -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ConfigError("the plot needs matplotlib: pip install 'pwdismec[report]'") from error
    return Figure


def _draw(shares: Any, sizes: Any, name: str, found: Reliability, colour: str, marker: str) -> None:
    style = {"color": colour, "marker": marker, "markersize": 5, "linewidth": 1.5, "clip_on": False}
    shares.plot(found.stated, found.true, label=name, **style)
    middles: Sequence[float] = [(int(stated * N_BINS) + 0.5) / N_BINS for stated in found.stated]
    sizes.plot(middles, found.counts, **style)
