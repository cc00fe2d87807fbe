"""The mutation run's own parts: which slips are made of a source, and those that are listed."""

import ast
import sys
from importlib import import_module
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "scripts" / "mutation"))  # whose modules import each other, as they are run
mutants, rooms = import_module("mutants"), import_module("rooms")
LISTED = yaml.safe_load((ROOT / "scripts" / "mutation" / "listed.yaml").read_text("utf-8"))


def made_of(text, edits):
    source = text.encode()
    return {
        (source[:start] + after.encode() + source[stop:]).decode() for start, stop, after in edits(source)
    }


@pytest.mark.parametrize(
    "text, slips",
    [
        ("a < b", {"a <= b"}),
        ("a is not b", {"a is b"}),
        ("a in b and c", {"a not in b and c", "a in b or c"}),
        ("x = a + b * c", {"x = a - b * c", "x = a + b / c"}),
        ("x = 'a' + b", set()),
        ("x: int | None = 1", {"x: int | None = 2", "x: int | None = 0"}),
        ("def f(a=True): return a", {"def f(a=False): return a"}),
        ("def f(a: int | str): 'some text'", set()),
        ("x = max(a, b)", {"x = (a)", "x = (b)"}),
        ("x = a[b:]", {"x = a[:]"}),
        ("x += y", {"x = y", "x -= y"}),
        ("x = not ü", {"x = (ü)"}),
        ("if a: f('é', b)", {"if not a: f('é', b)", "if a: pass"}),
        ("if a == 'é': raise B(1)", {"if a != 'é': raise B(1)", "if a == 'é': pass"}),
    ],
)
def test_slips_of_python(text, slips):
    assert made_of(text, mutants.python_edits) == slips


@pytest.mark.parametrize(
    "text, slips",
    [
        ("x = a < b;", {"x = a <= b;"}),
        ("std::vector<int> x;  // a < b", set()),
        (
            "x = std::min(a, b) + 2;",
            {"x = std::max(a, b) + 2;", "x = std::min(a, b) - 2;", "x = std::min(a, b) + 3;"},
        ),
        ("if (!a && b) c();", {"if (a && b) c();", "if (!a || b) c();"}),
        ("{\n  a.sort(b);\n}", {"{\n  ;\n}"}),
        ("constexpr int kRows = 16;\n#if 1", set()),
        ('throw Error("a < 1");', set()),
    ],
)
def test_slips_of_cpp(text, slips):
    assert made_of(text, mutants.cpp_edits) == slips


def test_every_slip_of_a_module_is_python_again():
    file = "pwdismec/weighting/schemes.py"
    source = (ROOT / file).read_bytes()
    found = mutants.mutants_of(ROOT, file)
    assert len({mutant.applied(source) for mutant in found}) == len(found) > 20
    for mutant in found:
        ast.parse(mutant.applied(source))
        assert str(mutant).startswith(f"{file}:{mutant.line}: ") and "\n" not in str(mutant)


@pytest.mark.parametrize("slip", LISTED["noticed"], ids=lambda slip: f"{slip['file']} {slip['before'][:30]}")
def test_what_was_not_noticed_once_can_be_tried_again(slip):
    """Its text stands in its file once, and its tests are there; who changes the text changes listed.yaml."""
    mutant = mutants.replaced_text(ROOT, slip["file"], slip["before"], slip["after"])
    assert mutant.applied((ROOT / slip["file"]).read_bytes()) != (ROOT / slip["file"]).read_bytes()
    assert (ROOT / slip["tests"]).is_file()


def test_every_source_has_tests():
    sources = [*ROOT.glob("pwdismec/**/*.py"), *ROOT.glob("pwdismec/native/**/*.?pp"), *ROOT.glob("cli/*.py")]
    for path in sources:
        tests = rooms.tests_of(str(path.relative_to(ROOT)), ROOT)
        assert tests and all((ROOT / name).is_file() for name in tests), path
