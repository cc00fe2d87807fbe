"""Training: the settings, the memory, and the loop that loses nothing."""

from pwdismec.training.config import TrainingConfig
from pwdismec.training.loop import run_of, train
from pwdismec.training.memory import MemoryPlan, plan_memory
from pwdismec.training.progress import Progress

__all__ = ["MemoryPlan", "Progress", "TrainingConfig", "plan_memory", "run_of", "train"]
