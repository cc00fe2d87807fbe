"""Prediction files: XMC text, npz, and JSONL and CSV with labels' names (docs/prediction.md shows each)."""

from pwdismec.prediction.files.labels import LabelTexts
from pwdismec.prediction.files.prediction_job import writing_predictions
from pwdismec.prediction.files.predictions import Predictions
from pwdismec.prediction.files.reading import read_predictions

__all__ = ["LabelTexts", "Predictions", "read_predictions", "writing_predictions"]
