"""Likely slips: each a small edit of one source file."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Mutant:
    """One edit of one file.

    Attributes
    ----------
    file
        Path in the checkout, with slashes.
    start, stop
        The bytes that are replaced.
    after
        What takes their place.
    line
        Where that is, from 1.
    text
        The changed lines, before and after, for people.
    """

    file: str
    start: int
    stop: int
    after: str
    line: int
    text: str

    @classmethod
    def of(cls, file: str, source: bytes, start: int, stop: int, after: str) -> Mutant:
        """The edit, described by the lines that it changes."""
        first, last = source.rfind(b"\n", 0, start) + 1, source.find(b"\n", stop)
        before = source[first:last].decode()
        changed = (source[first:start] + after.encode() + source[stop:last]).decode()
        line = source.count(b"\n", 0, start) + 1
        return cls(
            file, start, stop, after, line, f"{' '.join(before.split())} → {' '.join(changed.split())}"
        )

    def applied(self, source: bytes) -> bytes:
        """The file's content with the edit."""
        return source[: self.start] + self.after.encode() + source[self.stop :]

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


def mutants_of(root: Path, file: str) -> list[Mutant]:
    """Every mutant of a Python or C++ file, in the order of the text."""
    source = (root / file).read_bytes()
    edits = python_edits(source) if file.endswith(".py") else cpp_edits(source)
    return [Mutant.of(file, source, *edit) for edit in sorted(set(edits))]


def replaced_text(root: Path, file: str, before: str, after: str) -> Mutant:
    """The mutant that puts `after` in the place of `before`, which must be in the file exactly once."""
    source = (root / file).read_bytes()
    if source.count(before.encode()) != 1:
        raise ValueError(f"{file}: {before!r}: found {source.count(before.encode())} times; expected once")
    start = source.index(before.encode())
    return Mutant.of(file, source, start, start + len(before.encode()), after)


Edit = tuple[int, int, str]
"""The bytes from … to, and what replaces them."""

_COMPARISONS = {
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
}
_ARITHMETIC = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "/"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "/"),
    ast.Mod: ("%", "//"),
    ast.BitAnd: ("&", "|"),
    ast.BitOr: ("|", "&"),
    ast.LShift: ("<<", ">>"),
    ast.RShift: (">>", "<<"),
}
_BOUNDS = {"max", "min", "maximum", "minimum"}


def python_edits(source: bytes) -> list[Edit]:
    """Edits of Python: what stands in annotations, strings and messages of errors is left alone."""
    finder = _PythonEdits(source)
    finder.visit(ast.parse(source))
    return finder.edits


class _PythonEdits(ast.NodeVisitor):
    def __init__(self, source: bytes) -> None:
        self.source = source
        self.lines = [0, *(found.end() for found in re.finditer(rb"\n", source))]
        self.edits: list[Edit] = []

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        assert node.end_lineno is not None and node.end_col_offset is not None
        return (
            self.lines[node.lineno - 1] + node.col_offset,
            self.lines[node.end_lineno - 1] + node.end_col_offset,
        )

    def text(self, node: ast.expr) -> str:
        start, stop = self.span(node)
        return self.source[start:stop].decode()

    def replace(self, node: ast.expr | ast.stmt, after: str) -> None:
        self.edits.append((*self.span(node), after))

    def operator(self, left: ast.expr, right: ast.expr, pair: tuple[str, str]) -> None:
        """Replace the operator between two operands."""
        start, stop = self.span(left)[1], self.span(right)[0]
        before, after = pair
        pattern = r"\s+".join(re.escape(word) for word in before.split())
        found = re.search(pattern.encode(), self.source[start:stop])
        if found is not None:
            self.edits.append((start + found.start(), start + found.end(), after))

    def visit_Compare(self, node: ast.Compare) -> None:
        for left, op, right in zip([node.left, *node.comparators], node.ops, node.comparators, strict=False):
            self.operator(left, right, _COMPARISONS[type(op)])
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        is_text = any(
            isinstance(part, ast.JoinedStr)
            or (isinstance(part, ast.Constant) and isinstance(part.value, str))
            for part in ast.walk(node)
        )
        if type(node.op) in _ARITHMETIC and not is_text:
            self.operator(node.left, node.right, _ARITHMETIC[type(node.op)])
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        pair = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        for left, right in zip(node.values, node.values[1:], strict=False):
            self.operator(left, right, pair)
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not | ast.Invert | ast.USub):
            self.replace(node, f"({self.text(node.operand)})")
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        start, stop = self.span(node.target)[1], self.span(node.value)[0]
        operator = self.source[start:stop].strip().decode()
        self.edits.append((start, stop, " = "))
        if operator in ("+=", "-="):
            self.edits.append((start, stop, " -= " if operator == "+=" else " += "))
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        value = node.value
        if isinstance(value, bool):
            self.replace(node, str(not value))
        elif isinstance(value, int):
            self.replace(node, str(value + 1))
            self.replace(node, str(value - 1))
        elif isinstance(value, float):
            self.replace(node, repr(2 * value) if value else "1.0")

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in _BOUNDS and len(node.args) == 2:
            for argument in node.args:
                self.replace(node, f"({self.text(argument)})")
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Call):
            self.replace(node, "pass")
        self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> None:
        self.replace(node, "pass")

    def visit_Slice(self, node: ast.Slice) -> None:
        for bound in (node.lower, node.upper):
            if bound is not None:
                self.replace(bound, "")
        self.generic_visit(node)

    def test(self, node: ast.If | ast.While | ast.IfExp) -> None:
        if isinstance(node.test, ast.Name | ast.Attribute | ast.Call | ast.Subscript):
            self.replace(node.test, f"not {self.text(node.test)}")
        self.generic_visit(node)

    visit_If = visit_While = visit_IfExp = test

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for part in (*node.args.defaults, *filter(None, node.args.kw_defaults), *node.body):
            self.visit(part)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None and self.text(node.annotation) != "TypeAlias":
            self.visit(node.value)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Before Python 3.12 the places of what stands in one are not known."""

    def visit_Assert(self, node: ast.Assert) -> None:
        """What cannot happen."""


_SWAPS = {
    "<": "<=",
    "<=": "<",
    ">": ">=",
    ">=": ">",
    "==": "!=",
    "!=": "==",
    "+": "-",
    "-": "+",
    "*": "/",
    "&&": "||",
    "||": "&&",
    "+=": "-=",
    "-=": "+=",
    "|=": "=",
    "&=": "|=",
}
# Binary operators have blanks around them, and a template's brackets none, as clang-format leaves them.
_CPP = re.compile(
    r"(?<= )(?P<swap>[<>=!]=|[<>+*]|-|&&|\|\||[+\-|&]=)(?= )"
    r"|std::(?P<bound>min|max)(?=[(<])"
    r"|(?<![\w.])(?P<number>\d+)(?![\w.'])"
    r"|(?<=[( ])(?P<negation>!)(?=[\w(])"
    r"|(?<=\n)[ ]+(?P<call>(?:\w+(?:\.|->|::))*\w+\([^;{}\n]*\);)(?=\n)"
)
# Besides comments and strings, what makes no difference but to the time: hints, and sizes that suit machines.
_NO_CODE = re.compile(
    r'//[^\n]*|^[ ]*#[^\n]*|^(?:template|namespace|static_assert)[^\n]*|"(?:\\.|[^"\\])*"'
    r"|^[^\n]*(?:fetch|\breserve\(|alignas|__\w|leak_warnings|constexpr [\w:]+ k[A-Z]\w* =)[^\n]*",
    re.M,
)


def cpp_edits(source: bytes) -> Iterator[Edit]:
    """Edits of C++ as it is formatted here; some do not compile."""
    blanked = _NO_CODE.sub(lambda found: " " * len(found[0].encode()), source.decode())
    assert len(blanked) == len(source), "only comments and strings hold more than ASCII"
    for found in _CPP.finditer(blanked):
        kind = found.lastgroup
        assert kind is not None
        start, stop, text = *found.span(kind), found[kind]
        if kind == "swap":
            yield start, stop, _SWAPS[text]
        elif kind == "bound":
            yield start, stop, "max" if text == "min" else "min"
        elif kind == "number":
            yield start, stop, str(int(text) + 1)
        else:  # a negation is dropped, or a call
            yield start, stop, "" if kind == "negation" else ";"
