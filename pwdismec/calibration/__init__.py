"""Probabilities and sets of labels from scores, fitted on held-out instances (docs/calibration.md)."""

from pwdismec.calibration.calibration import Calibration, thresholds_of
from pwdismec.calibration.fitting import calibrate

__all__ = ["Calibration", "calibrate", "thresholds_of"]
