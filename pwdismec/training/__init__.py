"""Training: the settings, the shard plan, and the loop that loses nothing."""

from pwdismec.training.config import TrainingConfig
from pwdismec.training.loop import Progress, run_of, train

__all__ = ["Progress", "TrainingConfig", "run_of", "train"]
