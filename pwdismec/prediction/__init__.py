"""Exact top-k prediction over sparse weights, what any kind of model answers, and prediction files."""

from pwdismec.prediction.predictor import Predictor
from pwdismec.prediction.scorer import Scorer, scorer_of

__all__ = ["Predictor", "Scorer", "scorer_of"]
