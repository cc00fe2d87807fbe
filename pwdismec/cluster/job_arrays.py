"""Job arrays for Slurm: the scripts of scripts/slurm, filled in and submitted."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from math import ceil

from pwdismec.errors import PwdismecError


@dataclass(frozen=True)
class Array:
    """What is asked of Slurm.

    Attributes
    ----------
    tasks
        How many parts the work is cut into.
    cpus
        For each task; as many threads it has.
    memory
        Bytes for each task.
    seconds
        The longest a task may take at a time; None: as long as the partition allows.
    options
        More options of sbatch, such as ``--partition=main``.
    """

    tasks: int
    cpus: int
    memory: int
    seconds: float | None = None
    options: Sequence[str] = ()


def script_of(command: str, arguments: Sequence[str], array: Array) -> str:
    """The script that does ``pwdismec COMMAND ARGUMENTS`` in an array.

    Parameters
    ----------
    command
        "train" or "predict".
    arguments
        As on the command line, but for what the script says itself: the part and the threads.
    """
    head, _, body = (
        files("pwdismec.cluster").joinpath(f"slurm/{command}.sbatch").read_text().partition("\n\n")
    )
    asked = [
        f"--array=1-{array.tasks}",
        f"--cpus-per-task={array.cpus}",
        f"--mem={ceil(array.memory / 2**20)}M",
        *([f"--time={ceil(array.seconds / 60)}"] if array.seconds is not None else []),
        *array.options,
    ]
    lines = [f"#SBATCH {option}" for option in asked]
    return "\n".join([head, *lines, "", f"set -- {shlex.join(arguments)}", body])


def submit(script: str) -> str:
    """Hand a script to sbatch; what it answers.

    Raises
    ------
    PwdismecError
        If there is no Slurm, or it refuses.
    """
    try:
        answer = subprocess.run(["sbatch"], input=script, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise PwdismecError(
            "sbatch: not found; expected Slurm on this machine, or --dry-run to print the script"
        ) from error
    if answer.returncode:
        raise PwdismecError(f"sbatch: {answer.stderr.strip() or 'failed'}")
    return answer.stdout.strip()
