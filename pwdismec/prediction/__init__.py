"""Exact top-k prediction over sparse weights, and prediction files."""

from pwdismec.prediction.predictor import Predictor

__all__ = ["Predictor"]
