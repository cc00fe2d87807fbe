"""The code of docs/estimator.md runs, and prints what the page says."""

import io
import re
from contextlib import redirect_stdout
from pathlib import Path

_PAGE = Path(__file__).resolve().parents[2] / "docs" / "estimator.md"
_BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)


def test_the_tutorial_prints_what_it_says():
    page = _PAGE.read_text()
    blocks = _BLOCK.findall(page)
    assert len(blocks) == page.count("```python") > 5
    names = {}
    for code, expected in blocks:
        out = io.StringIO()
        with redirect_stdout(out):
            exec(compile(code, str(_PAGE), "exec"), names)
        assert out.getvalue() == expected, code
