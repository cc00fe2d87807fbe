"""Help comes at once and has an example; progress goes to standard error, never among the results."""

import shlex
import subprocess
import sys
from itertools import takewhile
from pathlib import Path

import click
import pytest
from helpers.command_line import output, pwdismec

from pwdismec.cli.commands import COMMANDS, commands

HEAVY = ("numpy", "scipy", "sklearn", "pydantic", "rich", "joblib")


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from pwdismec.cli.main import main\n"
        "try: main(['--help'])\n"
        f"finally: print(*sorted(set({HEAVY}) & set(sys.modules)), file=sys.stderr)"
    )
    found = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert all(f"  {name}" in found.stdout for name in COMMANDS)
    assert found.stderr.strip() == ""


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_examples_that_parse(command, tmp_path, monkeypatch):
    text = output(command, "--help")
    assert text.startswith(f"Usage: pwdismec {command} ")
    examples = text.partition("Examples:\n")[2].splitlines()
    assert any(f"pwdismec {command}" in line for line in examples)
    monkeypatch.chdir(tmp_path)
    Path("tuned").mkdir()
    Path("tuned/best.yaml").write_text("weightings: [pw]\n")  # --settings is read while the rest is parsed
    for line in examples:
        check_parses(line)


def check_parses(line):
    """Raise a UsageError if an example, maybe behind or before a pipe, does not suit its command."""
    _, _, words = line.partition("pwdismec ")
    words = list(takewhile(lambda word: word not in (">", ">>", "|"), shlex.split(words)))
    context = commands.make_context("pwdismec", words)
    while isinstance(context.command, click.Group):
        words = [*context._protected_args, *context.args]
        name, command, rest = context.command.resolve_command(context, words)
        context = command.make_context(name, rest, parent=context)


def test_the_version():
    from importlib.metadata import version

    assert output("--version") == f"pwdismec, version {version('pwdismec')}\n"


def test_progress_stays_out_of_the_results(job, tmp_path):
    assert pwdismec("predict", job.model, job.test, tmp_path / "p.txt").out == ""


@pytest.mark.parametrize("command", COMMANDS)
def test_help_tells_every_default(command):
    """Of numbers and choices, which are what a user who gives none gets; 0 is none."""

    def options(found):
        for name in getattr(found, "commands", {}):
            yield from options(found.commands[name])
        yield from (option for option in found.params if isinstance(option, click.Option))

    context = click.Context(commands, info_name="pwdismec")
    for option in options(commands.get_command(context, command)):
        default = option.default
        if isinstance(default, int | float | str) and default and default is not True:
            assert option.show_default or option.hidden or str(default) in (option.help or ""), option.name
