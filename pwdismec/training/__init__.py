"""Training: the settings, the memory, and the loop that loses nothing."""

from pwdismec.training.config import TrainingConfig
from pwdismec.training.in_memory import train_in_memory
from pwdismec.training.memory_plan import MemoryPlan, plan_memory
from pwdismec.training.runs import run_of
from pwdismec.training.trainer import train, train_part
from pwdismec.training.training_progress import Progress

__all__ = [
    "MemoryPlan",
    "Progress",
    "TrainingConfig",
    "plan_memory",
    "run_of",
    "train",
    "train_in_memory",
    "train_part",
]
