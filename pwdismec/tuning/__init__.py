"""Tuning: a grid of settings judged on a held-out part of the training data."""

from pwdismec.tuning.grid import Grid
from pwdismec.tuning.results import Outcome, Tuning
from pwdismec.tuning.split import n_held_out, split
from pwdismec.tuning.tuner import tune

__all__ = ["Grid", "Outcome", "Tuning", "n_held_out", "split", "tune"]
