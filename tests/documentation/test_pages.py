"""Every command block of README.md and docs/ runs, page by page, in order, from an empty folder.

Blocks marked ``sh`` and ``python`` are run; one page's blocks share a folder, in which a link `checkout`
leads to the project, and its Python blocks their names. A block that cannot run here has a comment before
it: ``<!-- not run: REASON -->``.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"(<!-- not run: [^\n]+ -->\n+)?^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SECONDS = 300


def blocks(page: Path) -> list[tuple[bool, str, str]]:
    """Of each block, whether it is to run, its language and its content."""
    return [(not mark, language, text) for mark, language, text in BLOCK.findall(page.read_text())]


def to_run(page: Path) -> list[tuple[str, str]]:
    return [(language, text) for run, language, text in blocks(page) if run and language in ("sh", "python")]


@pytest.mark.parametrize("page", [page for page in PAGES if to_run(page)], ids=lambda page: page.name)
def test_every_block_of_the_page_runs(page, tmp_path, monkeypatch):
    (tmp_path / "checkout").symlink_to(ROOT)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    names: dict[str, object] = {}
    for language, text in to_run(page):
        if language == "python":
            exec(compile(text, page.name, "exec"), names)
            continue
        command = ["bash", "-euo", "pipefail", "-c", text]
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
        assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_is_in_a_block_that_runs_or_says_why_not(page):
    for _, language, text in blocks(page):
        commands = re.findall(r"^(?:\$ )?pwdismec [a-z]", text, re.MULTILINE)
        assert language in ("sh", "python") or not commands, text


def anchors(page: Path) -> set[str]:
    """Of the headings, as GitHub makes them, and those that are written."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    made = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return made | set(re.findall(r'<a id="([^"]+)">', text))


@pytest.mark.parametrize("page", [*PAGES, ROOT / "benchmarks" / "RESULTS.md"], ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if "://" not in target:
            name, _, anchor = target.partition("#")
            other = page.parent / name if name else page
            assert other.exists(), target
            assert not anchor or anchor in anchors(other), target
