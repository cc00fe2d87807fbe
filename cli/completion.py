"""pwdismec completion."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from .examples import example
from .streams import print_script


@click.command(
    "completion",
    epilog=example(
        "pwdismec completion bash >> ~/.bashrc",
        "pwdismec completion zsh >> ~/.zshrc",
        "pwdismec completion fish > ~/.config/fish/completions/pwdismec.fish",
    ),
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print a script that lets SHELL complete commands, options and their values, for its start-up file."""
    kind = get_completion_class(shell)
    assert kind is not None
    script = kind(ctx.find_root().command, {}, "pwdismec", "_PWDISMEC_COMPLETE").source()
    print_script(f"{script}\n")
