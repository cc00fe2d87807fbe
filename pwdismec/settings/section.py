"""Sections of settings in YAML files, checked, with errors that say where."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from pwdismec.errors import ConfigError
from pwdismec.quoting import shown
from pwdismec.settings.yaml_file import read_yaml


class Section(BaseModel):
    """Settings by name; of sections within sections, too, an unknown name is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


Kind = TypeVar("Kind", bound=Section)


def read_section(path: Path, kind: type[Kind], checked: Callable[[Kind], Kind]) -> Kind:
    """Read a file that holds one section.

    Parameters
    ----------
    kind
        What it is to hold.
    checked
        Checks what no single setting shows, and returns the section as it is meant.

    Raises
    ------
    ConfigError
        Naming file, line, field, value and what was expected.
    """
    root, content = read_yaml(path)
    try:
        return checked(kind.model_validate(content))
    except ValidationError as error:
        raise ConfigError(_explained(path, root, kind, error)) from error
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def _explained(path: Path, root: yaml.MappingNode, kind: type[Section], error: ValidationError) -> str:
    first = error.errors()[0]
    field = ".".join(map(str, first["loc"]))
    where = f"{path}:{_line_of(root, first['loc'])}: {field}"
    if first["type"] == "missing":
        return f"{where}: missing"
    if first["type"] == "extra_forbidden":
        section = _section_at(kind, first["loc"][:-1])
        known = sorted(
            section.model_fields, key=lambda name: name not in section.__annotations__
        )  # own first
        return f"{where}: unknown setting; expected one of {', '.join(known)}"
    problem = first["msg"].removeprefix("Value error, ")
    if isinstance(first["input"], dict):
        return f"{where}: {problem}"
    return f"{where}: {shown(first['input'])}{'; ' if problem.startswith('expected') else ': '}{problem}"


def _section_at(kind: type[BaseModel], loc: tuple[int | str, ...]) -> type[BaseModel]:
    """The kind of the section that a setting of `kind` is, or one within it."""
    for name in loc:
        hint = kind.model_fields[str(name)].annotation
        kind = next(
            found
            for found in (hint, *get_args(hint))
            if isinstance(found, type) and issubclass(found, BaseModel)
        )
    return kind


def _line_of(node: yaml.Node, loc: tuple[int | str, ...]) -> int:
    """The line, from 1, of the setting at `loc`, or of the innermost that holds it."""
    line = node.start_mark.line + 1
    for key in loc:
        if isinstance(node, yaml.MappingNode):
            found = [(name, value) for name, value in node.value if name.value == key]
            if not found:
                break
            name, node = found[0]
            line = name.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(key, int):
            node = node.value[key]
            line = node.start_mark.line + 1
    return int(line)
