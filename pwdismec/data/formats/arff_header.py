"""What an ARFF file says of its columns, and which of them are labels: by Mulan's XML, or by MEKA's -C."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from xml.parsers import expat

from pwdismec.data.formats.compression import clear_read_errors, open_to_read
from pwdismec.errors import DataError
from pwdismec.machine import check_fits
from pwdismec.plain_text import size_text
from pwdismec.quoting import shown

# Bytes that Python's objects take for each byte of the header: a value of one character and a comma.
_OBJECTS = 100

# Bytes of an XML file of labels: of a million with long names.
_LONGEST_XML = 256_000_000

NUMBER = r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"

_IS_NUMBER = re.compile(NUMBER)
_QUOTED = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
_CELL = re.compile(rf"""\s*({_QUOTED}|[^,'"{{}}\s](?:[^,{{}}]*[^,{{}}\s])?)\s*(?:,|\Z)""")
_ATTRIBUTE = re.compile(rf"@attribute\s+({_QUOTED}|[^\s'\"{{}}][^\s{{]*)\s*(.*)", re.IGNORECASE | re.DOTALL)
_VALUES = re.compile(rf"""\{{(?:{_QUOTED}|[^}}'"])*\}}""", re.DOTALL)
_MEKA = re.compile(r"-C\s+(-?[0-9]{1,9})(?![0-9])")
_NUMERIC = ("numeric", "real", "integer")
_SHOWN = 5


@dataclass(frozen=True)
class Attribute:
    """A column.

    Attributes
    ----------
    values
        Those that it may have, in the order of the header; None for any number.
    """

    name: str
    values: tuple[str, ...] | None

    @property
    def is_numeric(self) -> bool:
        """Whether all that stands in the column are numbers."""
        return self.values is None or all(map(is_number, self.values))


@dataclass(frozen=True)
class ArffHeader:
    """What stands before the rows.

    Attributes
    ----------
    meka
        The number behind -C in the relation's name: so many first attributes are labels, or if it is
        negative, so many last ones. None without.
    n_lines
        With that of @data.
    """

    path: Path
    attributes: tuple[Attribute, ...]
    meka: int | None
    n_lines: int

    def labels(self, xml: Path | None) -> list[int]:
        """Which attributes are labels, ascending; DataError if nothing says it, or they cannot be."""
        if xml is not None:
            found = self._named_in(xml)
        elif self.meka is None:
            expected = (
                "expected Mulan's XML, the second file or beside it, or -C N in @relation, as MEKA has it"
            )
            raise DataError(self.path, f"nothing says which attributes are labels; {expected}")
        else:
            n = len(self.attributes)
            if not 0 < abs(self.meka) < n:
                raise DataError(self.path, f"-C {self.meka}; expected less than the {n} attributes", 1)
            found = list(range(self.meka)) if self.meka > 0 else list(range(n + self.meka, n))
        for i in found:
            attribute = self.attributes[i]
            if attribute.values is not None and not all(_is_zero_or_one(value) for value in attribute.values):
                values = ", ".join(map(shown, attribute.values[:_SHOWN]))
                raise DataError(
                    self.path, f"label {shown(attribute.name)}: values {values}; expected 0 and 1"
                )
        return found

    def _named_in(self, xml: Path) -> list[int]:
        places = {attribute.name: i for i, attribute in enumerate(self.attributes)}
        names = label_names_in(xml)
        if lacking := [name for name in names if name not in places]:
            raise DataError(self.path, f"no attribute {shown(lacking[0])}, a label of {xml}")
        if len(names) == len(self.attributes):
            raise DataError(self.path, f"all attributes are labels of {xml}; expected features, too")
        return sorted(places[name] for name in names)


def is_number(text: str) -> bool:
    """Whether a cell is a decimal number."""
    return _IS_NUMBER.fullmatch(text) is not None


def _is_zero_or_one(text: str) -> bool:
    return is_number(text) and float(text) in (0, 1)


def cells_of(text: str) -> list[str] | None:
    """The cells between commas, without quotes; None if they are not well-formed."""
    cells, at = list[str](), 0
    while at < len(text):
        found = _CELL.match(text, at)
        if found is None:
            return None
        cells.append(_unquoted(found[1]))
        at = found.end()
    return None if text.rstrip().endswith(",") else cells


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL) if text[0] in "'\"" else text


def read_arff_header(path: Path, lines: Iterator[str]) -> ArffHeader:
    """The header from a file's lines, of which the rows are left; DataError if it is not well-formed."""
    attributes, meka, number, n_bytes = list[Attribute](), None, 0, 0
    for number, line in enumerate(lines, 1):
        text = line.strip()
        keyword = text.split(maxsplit=1)[0].lower() if text else ""
        if not keyword or keyword.startswith("%"):
            continue
        if keyword == "@relation":
            found = _MEKA.search(text)
            meka = None if found is None else int(found[1])
        elif keyword == "@attribute":
            n_bytes += len(text)
            check_fits(_OBJECTS * n_bytes, path, "the attributes", "fewer, or fewer values", number)
            attributes.append(_attribute(path, text, number))
        elif keyword == "@data":
            _check_names(path, attributes)
            return ArffHeader(path, tuple(attributes), meka, number)
        else:
            raise DataError(path, f"{shown(text)}; expected @relation, @attribute or @data", number)
    raise DataError(path, "the file ends before @data; expected an ARFF file", max(1, number))


def _attribute(path: Path, text: str, line: int) -> Attribute:
    found = _ATTRIBUTE.fullmatch(text)
    if found is None:
        raise DataError(path, f"{shown(text)}; expected @attribute, a name and a type", line)
    name, kind = _unquoted(found[1]), _without_comment(found[2])
    if kind.lower() in _NUMERIC:
        return Attribute(name, None)
    values = cells_of(kind[1:-1]) if kind[:1] == "{" and kind[-1:] == "}" else None
    if not values:
        expected = "expected numeric, real, integer or {values}"
        raise DataError(path, f"attribute {shown(name)}: {shown(kind)}; {expected}", line)
    return Attribute(name, tuple(values))


def _without_comment(kind: str) -> str:
    """A type without what stands behind it."""
    if not kind.startswith("{"):
        return kind.partition("%")[0].strip()
    found = _VALUES.match(kind)
    is_all = found is not None and kind[found.end() :].lstrip()[:1] in ("", "%")
    return found[0] if found and is_all else kind.strip()


def _check_names(path: Path, attributes: Sequence[Attribute]) -> None:
    counts = Counter(attribute.name for attribute in attributes)
    if twice := [name for name, count in counts.items() if count > 1]:
        raise DataError(path, f"attribute {shown(twice[0])} twice; expected each name once")


def label_names_in(path: Path) -> list[str]:
    """The names in Mulan's XML of labels, however they are nested.

    Raises
    ------
    DataError
        If it is no such file. A document type, and with it any entity, is refused.
    """
    names: list[str] = []
    parser = expat.ParserCreate(namespace_separator=" ")

    def fail(what: str) -> NoReturn:
        raise DataError(path, f"{what}; expected Mulan's XML of labels", parser.CurrentLineNumber)

    def start(tag: str, attributes: dict[str, str]) -> None:
        tag = tag.rpartition(" ")[2]
        if tag != ("label" if depth[0] else "labels"):
            fail(f"element {shown(tag)}")
        if depth[0]:
            if not (name := attributes.get("name")):
                fail("a label without a name")
            names.append(name)
        depth[0] += 1

    def end(tag: str) -> None:
        depth[0] -= 1

    depth = [0]
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.StartDoctypeDeclHandler = lambda *_: fail("a document type")
    with clear_read_errors(path), open_to_read(path) as file:
        content = file.read(_LONGEST_XML + 1)
    if len(content) > _LONGEST_XML:
        raise DataError(path, f"more than {size_text(_LONGEST_XML)}; expected a smaller file")
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        said = expat.ErrorString(error.code)
        raise DataError(path, f"not XML: {said}; expected Mulan's XML of labels", error.lineno) from error
    if not names:
        fail("no label")
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise DataError(path, f"label {shown(twice[0])} twice; expected each once")
    return names
