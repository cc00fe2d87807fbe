"""Models with fewer weights: which of them stay, what that costs, and the others fitted again."""

from pwdismec.pruning.prune import prune_model

__all__ = ["prune_model"]
