"""docs/architecture.md: what it names is there."""

import re
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text()


def section(title: str) -> str:
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


CALLS = re.findall(r"`([a-z_]+(?:\.\w+)+)`", section("Four walks"))
PLACES = re.findall(r"`(\w+/[\w/.]*)`", section("Where does it go?"))


def found(name: str) -> object:
    """The module, class or function of a dotted name."""
    module, _, rest = name.partition(".")
    here: object = import_module(f"pwdismec.{module}")
    for part in rest.split("."):
        here = getattr(here, part, None) or import_module(f"{here.__name__}.{part}")
    return here


@pytest.mark.parametrize("name", sorted(set(CALLS)))
def test_every_call_of_the_walks_exists(name):
    assert callable(found(name))


@pytest.mark.parametrize("place", sorted(set(PLACES)))
def test_every_place_of_the_ten_changes_exists(place):
    assert (ROOT / "pwdismec" / place).exists()


def test_the_page_has_four_walks_and_ten_changes():
    assert len(re.findall(r"^\*\*An? \w+\*\*", section("Four walks"), re.MULTILINE)) == 4 and len(CALLS) > 30
    assert section("Where does it go?").count("\n| ") == 1 + 10


@pytest.mark.parametrize("folder", sorted(p.name for p in (ROOT / "pwdismec").iterdir() if p.is_dir()))
def test_every_room_is_on_the_map(folder):
    assert folder == "__pycache__" or f"`pwdismec/{folder}/`" in section("Rooms")
