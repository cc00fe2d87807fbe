"""pwdismec completion."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from .command import command as subcommand
from .streams import print_script


@subcommand(
    "completion",
    "pwdismec completion bash >> ~/.bashrc",
    "pwdismec completion zsh >> ~/.zshrc",
    "pwdismec completion fish > ~/.config/fish/completions/pwdismec.fish",
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print a script for SHELL's start-up file that completes commands, options and their values."""
    kind = get_completion_class(shell)
    assert kind is not None
    script = kind(ctx.find_root().command, {}, "pwdismec", "_PWDISMEC_COMPLETE").source()
    print_script(f"{script}\n")
