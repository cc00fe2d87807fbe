"""The command `pwdismec`: its subcommands are imported when they are used, so that help comes at once."""

from __future__ import annotations

from importlib import import_module
from keyword import iskeyword

import click
from click.shell_completion import CompletionItem

from . import signals
from .errors import tell_bus_errors
from .examples import example
from .progress import begin_log

COMMANDS = {
    "convert": "Turn files into a data set.",
    "train": "Train a model on a data set.",
    "status": "Say how a training stands.",
    "tune": "Find the best settings on a held-out part of the training data.",
    "calibrate": "Fit probabilities and thresholds to held-out data.",
    "predict": "Write the best labels of each instance.",
    "suggest": "Say the best labels of a text, and why.",
    "evaluate": "Compare predictions with the true labels.",
    "inspect": "Say what a data set, a model or a prediction file holds.",
    "slurm": "Train or predict in a job array of Slurm.",
    "run": "Do a whole experiment from one YAML file.",
    "report": "Show runs in one HTML page with plots.",
    "demo": "Show what PW and PW-cb gain, on synthetic data.",
    "prune": "Make a model smaller.",
    "slice": "Cut a model to some of its labels.",
    "merge": "Make one model of several over different labels.",
    "import": "Make a model of LIBLINEAR or DiSMEC text models.",
    "export": "Write a model for other programs.",
    "doctor": "Say what this machine and installation offer, and test them.",
    "completion": "Print a script that lets a shell complete commands and options.",
}


class Commands(click.Group):
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
        begin_log(args[0])
        found = super().resolve_command(ctx, args)  # imports its module, which takes longest
        tell_bus_errors()
        signals.begin_work()
        return found


@click.command(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=example(
        "pwdismec convert train.txt data/train",
        "pwdismec convert test.txt data/test --like data/train",
        "pwdismec train data/train model --weighting pw-cb",
        "pwdismec predict model data/test predictions.txt",
        "pwdismec evaluate predictions.txt data/test --train data/train",
    ),
)
@click.version_option(package_name="pwdismec", prog_name="pwdismec")
def commands() -> None:
    """Exact, certified one-vs-rest classifiers for very many labels, most of them rare or missing."""
