"""What people are shown of labels: names that tell them apart."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import Protocol

from pwdismec.quoting import shown_name


class _Holder(Protocol):
    """A data set, or a model."""

    @property
    def label_names(self) -> list[str] | None: ...

    @property
    def label_uris(self) -> list[str] | None: ...


class ShownLabels:
    """The labels of a data set or model as people are shown them, each on one line."""

    def __init__(self, holder: _Holder) -> None:
        self._names, self._uris = holder.label_names, holder.label_uris

    def brief(self, label: int) -> str:
        """The name; behind it the URI, or the number where there is none, if others have the same name."""
        name = "" if self._names is None else self._names[label]
        return shown_name(name) if name and name not in self._shared else self.full(label)

    def full(self, label: int) -> str:
        """The name and the URI; the number where there is no URI and the name does not tell which it is."""
        name = "" if self._names is None else self._names[label]
        if self._uris is not None:
            return f"{shown_name(name)} <{shown_name(self._uris[label])}>".lstrip()
        if not name:
            return f"label {label}"
        return f"{shown_name(name)} (label {label})" if name in self._shared else shown_name(name)

    @cached_property
    def _shared(self) -> frozenset[str]:
        """Names of several labels."""
        return frozenset(name for name, count in Counter(self._names or ()).items() if count > 1)
