"""Shells accept the scripts, and get commands, options and values from them."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import get_completion_class
from helpers.command_line import output, pwdismec

from pwdismec.cli.commands import COMMANDS, commands

SHELLS = ("bash", "zsh", "fish")
HEAVY = ("numpy", "scipy", "sklearn", "pydantic", "rich", "joblib")


def environment(**more):
    """One in which `pwdismec` is the installed command."""
    here = str(Path(sys.executable).parent)
    return {**os.environ, "PATH": f"{here}{os.pathsep}{os.environ['PATH']}", **more}


def completed(shell, *words):
    """What the command tells a shell of how `words`, the last of them begun, may go on."""
    place = words[-1] if shell == "fish" else str(len(words))
    asking = environment(
        _PWDISMEC_COMPLETE=f"{shell}_complete", COMP_WORDS=" ".join(["pwdismec", *words]), COMP_CWORD=place
    )
    run = subprocess.run(["pwdismec"], env=asking, capture_output=True, text=True, check=True)
    assert run.stderr == ""
    lines = run.stdout.splitlines()
    if shell == "zsh":
        return dict(zip(lines[1::3], lines[2::3], strict=True))
    items = [line.split(",", 1)[1].partition("\t") for line in lines if line]
    return {value: text for value, _, text in items}


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_is_one_of_that_shell(shell, tmp_path):
    script = tmp_path / "script"
    script.write_text(output("completion", shell))
    assert "_PWDISMEC_COMPLETE=" + shell + "_complete" in script.read_text()
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    checked = subprocess.run([shell, "-n", script], capture_output=True, text=True)
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize("shell", SHELLS)
def test_commands_are_completed(shell):
    helps = completed(shell, "pr")
    assert list(helps) == ["predict", "prune"]
    assert shell == "bash" or helps["prune"] == COMMANDS["prune"]


@pytest.mark.parametrize("shell", SHELLS)
def test_options_and_their_values_are_completed(shell):
    assert list(completed(shell, "train", "--max")) == ["--max-epochs"]
    assert list(completed(shell, "train", "--solver", "lib")) == ["liblinear"]
    assert list(completed(shell, "--vers")) == ["--version"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_of_a_command_is_completed(command):
    complete = get_completion_class("bash")(commands, {}, "pwdismec", "_PWDISMEC_COMPLETE")
    found = {item.value for item in complete.get_completions([command], "--")}
    helped = re.findall(r"^  (?:-\w, )?(--[\w-]+)", output(command, "--help"), re.MULTILINE)
    assert found == set(helped) and "--help" in found


def test_bash_does_it(tmp_path):
    script = tmp_path / "script"
    script.write_text(output("completion", "bash"))
    code = (
        f"source {script}; complete -p pwdismec; "
        "COMP_WORDS=(pwdismec inspect --h); COMP_CWORD=2; _pwdismec_completion pwdismec; "
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    run = subprocess.run(["bash", "--norc", "-c", code], env=environment(), capture_output=True, text=True)
    assert run.stdout.split("\n") == ["complete -o nosort -F _pwdismec_completion pwdismec", "--help", ""]


def test_completing_a_command_imports_nothing_heavy():
    code = (
        "import sys; from pwdismec.cli.main import main\n"
        "try: main()\n"
        f"finally: print(*sorted(set({HEAVY}) & set(sys.modules)), file=sys.stderr)"
    )
    asking = environment(_PWDISMEC_COMPLETE="bash_complete", COMP_WORDS="pwdismec tr", COMP_CWORD="1")
    run = subprocess.run([sys.executable, "-I", "-c", code], env=asking, capture_output=True, text=True)
    assert (run.stdout, run.stderr.strip()) == ("plain,train\n", "")


def test_another_shell_is_refused():
    answer = pwdismec("completion", "tcsh")
    assert answer.code == 2 and "'tcsh' is not one of 'bash', 'zsh', 'fish'" in answer.err
