"""Prediction files: XMC text, npz, and JSONL with label names (docs/prediction.md shows each)."""

from pwdismec.prediction.files.predictions import Predictions
from pwdismec.prediction.files.reading import read_predictions
from pwdismec.prediction.files.writing import writing_predictions

__all__ = ["Predictions", "read_predictions", "writing_predictions"]
