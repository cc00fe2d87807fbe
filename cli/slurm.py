"""pwdismec slurm."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import click

from pwdismec.cluster.job_arrays import Array, script_of, submit
from pwdismec.data import Dataset
from pwdismec.model import Model
from pwdismec.outputs import output_file
from pwdismec.plain_text import size_text
from pwdismec.steps.predict import memory_to_predict
from pwdismec.training import plan_memory, run_of
from pwdismec.training.runs import is_done

from . import predict, train
from .command import STDOUT, Group, epilog
from .messages import say
from .streams import print_script, print_text
from .values import duration

Function = TypeVar("Function", bound=Callable[..., Any])

_PASSED_ON = {"ignore_unknown_options": True}

# What the script sets itself, or what does not go with it.
_OWN = {"shards", "part", "jobs", "backend_name", "workers", "scheduler", "deadline"}


@click.command(
    "slurm",
    cls=Group,
    epilog=epilog(
        "pwdismec slurm train --tasks 64 --cpus 8 --time 4h data/train model --weighting pw-cb",
        "pwdismec slurm predict --tasks 8 --dry-run model data/test predictions.txt > predict.sbatch",
    ),
)
def command() -> None:
    """Write and submit a Slurm job array whose tasks make one model, or prediction file, together."""


def _asked(function: Function) -> Function:
    """What is asked of Slurm, and what is passed on."""
    count = click.IntRange(1)
    options = [
        click.option(
            "--tasks", type=count, default=8, show_default=True, metavar="N", help="Number of tasks."
        ),
        click.option("--cpus", type=count, default=1, show_default=True, metavar="N", help="CPUs per task."),
        click.option(
            "--time",
            "seconds",
            callback=duration,
            metavar="TIME",
            help="Time limit per task, e.g. 90m or 04:00:00.",
        ),
        click.option(
            "--sbatch",
            multiple=True,
            metavar="OPTION",
            help="Option for sbatch, e.g. --partition=main; repeatable.",
        ),
        click.option("--dry-run", is_flag=True, help="Print the script, do not submit it."),
    ]
    for option in reversed(options):
        function = option(function)
    return function


@command.command("train", context_settings=_PASSED_ON)
@_asked
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="DATASET MODEL …")
def _train(cpus: int, arguments: tuple[str, ...], **asked: Any) -> None:
    """Train in a job array; arguments of `pwdismec train` follow."""
    with _parsed(train.command, arguments) as given:
        if given["overwrite"]:
            raise click.UsageError("--overwrite: not possible in an array; remove the model first")
        config, data = train.training_config(given), Dataset.open(given["dataset"])
        is_done(given["model"], run_of(data, config), resume=True)  # better an error now than in each task
        plan = plan_memory(data, config, jobs=cpus, limit=given["memory"])
        _do("train", arguments, cpus, plan.total, **asked)


@command.command("predict", context_settings=_PASSED_ON)
@_asked
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="MODEL INPUT OUTPUT …")
def _predict(cpus: int, arguments: tuple[str, ...], **asked: Any) -> None:
    """Predict in a job array; arguments of `pwdismec predict` follow."""
    with _parsed(predict.command, arguments) as given:
        if STDOUT in (given["source"], given["output"]):
            raise click.UsageError("-: expected files, which tasks can share")
        output_file(given["output"], [given["model"], given["source"]], overwrite=given["overwrite"])
        memory = given["memory"] or memory_to_predict(Model.open(given["model"]), cpus)
        _do("predict", arguments, cpus, memory, **asked)


@contextmanager
def _parsed(command: click.Command, arguments: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The values of a command's options."""
    root = click.get_current_context().find_root()
    with command.make_context(command.name, list(arguments), root) as context:
        for option in command.params:
            given = context.get_parameter_source(str(option.name)) is click.core.ParameterSource.COMMANDLINE
            if given and option.name in _OWN:
                raise click.UsageError(f"{option.opts[0]}: set by slurm itself")
        yield context.params


def _do(
    name: str,
    arguments: Sequence[str],
    cpus: int,
    memory: int,
    *,
    tasks: int,
    seconds: float | None,
    sbatch: Sequence[str],
    dry_run: bool,
) -> None:
    script = script_of(name, arguments, Array(tasks, cpus, memory, seconds, sbatch))
    each = f"{_count(cpus, 'CPU')} and about {size_text(memory)} of memory"
    say(f"slurm: {_count(tasks, 'task')}, each with {each}")
    if dry_run:
        print_script(script)
    else:
        print_text(submit(script))


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"
