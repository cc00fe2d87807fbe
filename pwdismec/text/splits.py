"""Which records are held out of the training set."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from pwdismec.errors import ConfigError
from pwdismec.text.records import Record, is_from


@dataclass(frozen=True)
class Split:
    """A share of the records, or those from some value of a field on.

    Attributes
    ----------
    share
        About this share of the records, by a hash of their number: the same ones every time.
    field, first
        The records whose `field` is `first` or greater.
    """

    share: float | None = None
    field: str = ""
    first: str = ""

    @classmethod
    def parse(cls, text: str) -> Split:
        """From "0.1", or "year:2020"; ConfigError for anything else. Colons of a time are its own."""
        field, colon, first = text.partition(":")
        if colon and field and first:
            return cls(None, field, first)
        try:
            share = float(text)
        except ValueError:
            share = 0.0
        if not 0 < share < 1:
            raise ConfigError(f"split: {text!r}; expected a share between 0 and 1, or FIELD:FIRST")
        return cls(share)

    def holds_out(self, record: Record, number: int) -> bool:
        """Whether a record, the one of this number, is held out; Misfit if its field cannot be compared."""
        if self.share is None:
            return is_from(record, self.field, self.first)
        digest = hashlib.blake2b(str(number).encode(), digest_size=8).digest()
        return int.from_bytes(digest, "little") < self.share * 2**64
