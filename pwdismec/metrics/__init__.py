"""P, nDCG, PSP, PSnDCG, recall, coverage and macro-F1 at k, by label frequency too."""

from pwdismec.metrics.conventions import CONVENTIONS
from pwdismec.metrics.evaluation import Evaluation, evaluate
from pwdismec.metrics.gains import mean_relative_gain
from pwdismec.metrics.report import GroupReport, Report
from pwdismec.metrics.sets import SetEvaluation, SetReport, evaluate_sets

__all__ = [
    "CONVENTIONS",
    "Evaluation",
    "GroupReport",
    "Report",
    "SetEvaluation",
    "SetReport",
    "evaluate",
    "evaluate_sets",
    "mean_relative_gain",
]
