"""What pip installed, as its metadata tell, and how its modules are named."""

import pkgutil
from collections import Counter
from importlib import metadata, resources
from pathlib import Path

import pwdismec.cli.main
from pwdismec.cli.commands import COMMANDS


def files() -> list[str]:
    return [str(path) for path in metadata.files("pwdismec") or []]


def test_the_command_is_the_command_lines_main():
    (command,) = metadata.entry_points(group="console_scripts", name="pwdismec")
    assert command.load() is pwdismec.cli.main.main


def test_the_package_says_that_it_is_typed():
    assert resources.files("pwdismec").joinpath("py.typed").is_file()
    assert "pwdismec/native/__init__.pyi" in files()


def test_nothing_but_the_package_and_its_command_is_installed():
    others = [path for path in files() if not path.startswith(("pwdismec/", "pwdismec-"))]
    assert [Path(path).name for path in others] == ["pwdismec"]  # in the environment's bin
    assert not [path for path in files() if path.endswith((".cpp", ".hpp", "CMakeLists.txt"))]
    assert [path for path in files() if path.endswith("licenses/LICENSE")]


def test_a_module_is_found_by_its_name():
    modules = pkgutil.walk_packages(pwdismec.__path__, "pwdismec.")
    names = Counter(module.name.rpartition(".")[2] for module in modules if not module.ispkg)
    names.pop("__main__")
    alike = {name for name, count in names.items() if count > 1}
    assert alike <= set(COMMANDS), "only a command has a namesake, the module that does its work"
    assert max(names.values()) == 2
