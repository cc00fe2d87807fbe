"""YAML that means what it says: plain values, lists and mappings, of limited size and depth.

What YAML has besides is refused: anchors and aliases, with which a short file holds gigabytes or itself, and
tags. Nor are there the dates, octal numbers and times of day that its version 1.1 finds among plain words:
what these mean is as in YAML 1.2's core schema.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from pwdismec.errors import ConfigError, DataError
from pwdismec.files import read_file
from pwdismec.quoting import shown, shown_name

MOST_BYTES = 100_000
_MOST_LEVELS = 20

_NULL = ("", "~", "null", "Null", "NULL")
_TRUE, _FALSE = ("true", "True", "TRUE"), ("false", "False", "FALSE")
_WHOLE = re.compile(r"[-+]?[0-9]{1,19}")  # longer ones stay strings
_REAL = re.compile(r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+]?[0-9]{1,4})?|[-+]?[0-9]+[eE][-+]?[0-9]{1,4}")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")

_NOT_TEXT = re.compile("[\0\ud800-\udfff]")  # nor any file's name


def read_yaml(path: Path) -> tuple[yaml.MappingNode, dict[str, Any]]:
    """The mapping that a file holds, as nodes, which know their lines, and as plain values.

    Raises
    ------
    ConfigError
        If the file cannot be read or is too large, or holds something else. The line is named.
    """
    try:
        text = read_file(path, MOST_BYTES).decode("utf-8-sig")
        root = _Loader(text).get_single_node()
        if not isinstance(root, yaml.MappingNode):
            raise ConfigError(f"{path}: expected a mapping of settings, such as `weightings: [pw]`")
        return root, _mapping(root)
    except OSError as error:
        raise ConfigError(f"{path}: cannot read: {error.strerror}") from error
    except DataError as error:
        raise ConfigError(str(error)) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        found = f"byte 0x{error.object[error.start]:02x}"
        raise ConfigError(f"{path}:{line}: not YAML: {found}; expected UTF-8") from error
    except _Refused as error:
        raise ConfigError(f"{path}:{error.line}: {error}") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = path if mark is None else f"{path}:{mark.line + 1}"
        raise ConfigError(f"{where}: not YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not YAML: {' '.join(str(error).split())}") from error


class _Refused(Exception):
    def __init__(self, at: yaml.Event | yaml.Node, problem: str) -> None:
        super().__init__(problem)
        assert at.start_mark is not None
        self.line = at.start_mark.line + 1


class _Loader(yaml.SafeLoader):
    """Text to nodes."""

    _level = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise _Refused(event, "an anchor or alias; expected every value where it belongs")
        if event.tag is not None:
            raise _Refused(event, "a tag; expected a plain value")
        if self._level == _MOST_LEVELS:
            raise _Refused(event, f"nested deeper than {_MOST_LEVELS} levels")
        self._level += 1
        node = super().compose_node(parent, index)
        self._level -= 1
        return node


def _mapping(node: yaml.MappingNode) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in node.value:
        if not isinstance(name, yaml.ScalarNode):
            raise _Refused(name, "a list or mapping as the name of a setting; expected a word")
        if name.value in found:  # YAML's own readers would take the last of two
            raise _Refused(name, f"{shown_name(name.value)}: given twice")
        found[name.value] = _content(value)
    return found


def _content(node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return _mapping(node)
    if isinstance(node, yaml.SequenceNode):
        return [_content(item) for item in node.value]
    assert isinstance(node, yaml.ScalarNode)
    if _NOT_TEXT.search(node.value):
        raise _Refused(node, f"{shown(node.value)}: no text, nor the name of a file")
    return node.value if node.style else _plain(node.value)


def _plain(word: str) -> Any:
    """What a word without quotes is."""
    if word in _NULL:
        return None
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    if _WHOLE.fullmatch(word):
        return int(word)
    if _REAL.fullmatch(word):
        return float(word)
    return float(word.replace(".", "")) if _NOT_FINITE.fullmatch(word) else word
