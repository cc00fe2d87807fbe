"""How frequent labels are, as in the paper's Figure 1."""

from __future__ import annotations

from matplotlib.figure import Figure

from pwdismec.reporting.content import Content
from pwdismec.reporting.curves import rank_frequency
from pwdismec.reporting.drawing.bars import grouped_bars
from pwdismec.reporting.drawing.style import GREY, Look, panels, slanted, thousands

_BLUE = "#0072B2"


def draw_frequency(content: Content) -> Figure:
    """Frequency by rank on logarithmic scales, and the number of labels in each class."""
    figure, (left, right) = panels(2, 3.6)
    train = content.comparison.train
    line = rank_frequency(train.label_counts)
    left.loglog(line.x, line.y, color=_BLUE, lw=2.5)
    left.set_title("Frequency by rank")
    left.set_xlabel("rank of the label, most frequent first")
    left.set_ylabel("training positives")
    thousands(left.xaxis)
    thousands(left.yaxis)
    grouped_bars(right, content.classes.names, [content.classes.n_labels], ["labels"], [Look(_BLUE, "o")])
    for place, number in enumerate(content.classes.n_labels):
        share = 100 * number / train.n_labels
        text = f"{share:.0f}" if share >= 1 or not number else f"{share:.1g}"
        right.annotate(text, (place, number), (0, 3), textcoords="offset points", ha="center", size=8)
    right.set_title("Labels by class; above the bars, percent of all")
    right.set_ylabel("labels")
    right.set_xlabel("training positives of the label")
    slanted(right)
    right.margins(y=0.1)
    thousands(right.yaxis)
    right.grid(color=GREY, alpha=0.3, axis="y")
    return figure
