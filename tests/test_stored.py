"""What stored things are made of, at the ends of what is allowed."""

import pytest
from pydantic import TypeAdapter, ValidationError

from pwdismec.stored import Count, Digest, Size, Text


@pytest.mark.parametrize(
    "kind, least, most, beyond",
    [
        (Count, 0, 2**63 - 1, (-1, 2**63, 1.5)),
        (Size, 0, 2**31 - 1, (-1, 2**31, 1.5)),
        (Text, "", "x" * 10_000, ("x" * 10_001, 1)),
        (Digest, "0" * 64, "f" * 64, ("f" * 63, "f" * 65, "F" * 64, "f" * 64 + "\n", "g" * 64)),
    ],
)
def test_values_end_where_they_are_said_to(kind, least, most, beyond):
    adapter = TypeAdapter(kind)
    assert (adapter.validate_python(least), adapter.validate_python(most)) == (least, most)
    for value in beyond:
        with pytest.raises(ValidationError):
            adapter.validate_python(value, strict=True)
