"""P, nDCG, PSP, PSnDCG, recall, coverage and macro-F1 at k, by label frequency too."""

from pwdismec.metrics.evaluation import evaluate
from pwdismec.metrics.gains import mean_relative_gain
from pwdismec.metrics.report import GroupReport, Report

__all__ = ["GroupReport", "Report", "evaluate", "mean_relative_gain"]
