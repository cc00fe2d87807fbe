"""Solvers of the one-vs-rest problem, and the float64 objective they are tested against."""

from pwdismec.solvers.block_dual_cd import BlockDualCD
from pwdismec.solvers.contract import (
    Certificate,
    Memory,
    PreparedProblem,
    Problem,
    Solution,
    Solver,
    concatenate,
)
from pwdismec.solvers.liblinear import LibLinear

__all__ = [
    "BlockDualCD",
    "Certificate",
    "LibLinear",
    "Memory",
    "PreparedProblem",
    "Problem",
    "Solution",
    "Solver",
    "concatenate",
]
