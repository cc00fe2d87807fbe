"""Training: the settings, the shard plan, and the loop that loses nothing."""

from pwdismec.training.config import TrainingConfig
from pwdismec.training.loop import run_of, train
from pwdismec.training.progress import Progress

__all__ = ["Progress", "TrainingConfig", "run_of", "train"]
