"""The command `pwdismec`, from its words to its exit code; subcommands are imported when they are used."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from keyword import iskeyword

import click
from click.shell_completion import CompletionItem, shell_complete

from pwdismec.files import remove_own_parts

from . import messages, signals
from .command import Group, epilog
from .failures import did_you_mean, tell_bus_errors, tell_error

NAME = "pwdismec"
_COMPLETE = "_PWDISMEC_COMPLETE"

COMMANDS = {
    "convert": "Convert files to a data set.",
    "train": "Train a model on a data set.",
    "status": "Show training progress.",
    "tune": "Find the best settings on a held-out part of the training data.",
    "calibrate": "Fit probabilities and thresholds to held-out data.",
    "predict": "Predict the best labels of each instance.",
    "suggest": "Suggest labels for a text, and explain them.",
    "evaluate": "Compare predictions with the true labels.",
    "inspect": "Describe a data set, model or prediction file.",
    "slurm": "Train or predict in a Slurm job array.",
    "run": "Run an experiment from a YAML file.",
    "report": "Compare runs in an HTML page with plots.",
    "demo": "Show what PW and PW-cb gain, on synthetic data.",
    "prune": "Make a model smaller.",
    "slice": "Reduce a model to some of its labels.",
    "merge": "Merge models of different labels.",
    "import": "Import text models of LIBLINEAR or DiSMEC.",
    "export": "Export a model for other programs.",
    "doctor": "Check this machine and installation.",
    "completion": "Print a shell completion script.",
}


class Commands(Group):
    """Each subcommand is `command` in the module of its name (of `import`: ``import_``)."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f".{cmd_name}{'_' * iskeyword(cmd_name)}", __package__)
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        found = [
            CompletionItem(name, help=COMMANDS[name]) for name in COMMANDS if name.startswith(incomplete)
        ]
        return found + click.Command.shell_complete(self, ctx, incomplete)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        messages.name_command(name)
        if name not in COMMANDS:
            raise click.UsageError(
                f"{name}: no such command{did_you_mean(get_close_matches(name, COMMANDS), ctx.command_path)}"
            )
        found = super().resolve_command(ctx, args)  # imports its module, which takes longest
        tell_bus_errors()
        signals.begin_work()
        return found


@click.command(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=epilog(
        "pwdismec convert train.txt data/train",
        "pwdismec convert test.txt data/test --like data/train",
        "pwdismec train data/train model --weighting pw-cb",
        "pwdismec predict model data/test predictions.txt",
        "pwdismec evaluate predictions.txt data/test --train data/train",
    ),
)
@click.version_option(package_name=NAME, prog_name=NAME)
def commands() -> None:
    """Exact, certified one-vs-rest classifiers for very many labels, most of them rare or missing."""


def run(arguments: Sequence[str]) -> int:
    """Run a command line; its exit code. Whatever ends it is told, in one line on standard error."""
    messages.forget()
    try:
        code = _do(arguments)
        signals.end_work()
        sys.stdout.flush()
    except BaseException as error:
        ended_by = signals.end_work()
        remove_own_parts()
        return tell_error(error, ended_by)
    return code


def _do(arguments: Sequence[str]) -> int:
    if asked := os.environ.get(_COMPLETE):
        return shell_complete(commands, {}, NAME, _COMPLETE, asked)
    try:
        with commands.make_context(NAME, list(arguments)) as context:
            commands.invoke(context)
    except click.exceptions.Exit as end:
        return end.exit_code
    return 0
