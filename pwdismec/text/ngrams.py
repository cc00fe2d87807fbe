"""How many n-grams a text has, told before they are made."""

from __future__ import annotations

import re
from collections import Counter

from pwdismec.text.settings import Range, TextSettings
from pwdismec.text.words import PATTERN

MOST = 20_000_000
"""N-grams of one field of a record; as strings, one or two gigabytes."""


def has_limit(settings: TextSettings) -> bool:
    """Whether texts may have too many: not of single words, as nothing makes a list of them."""
    return settings.chars is not None or settings.words not in (None, (1, 1))


def too_many(text: str, settings: TextSettings) -> str | None:
    """What is wrong with a text that has too many n-grams of words or characters; None if it has not."""
    for option, sizes, count in (
        ("words", settings.words, of_words),
        ("chars", settings.chars, of_chars),
    ):
        if sizes is None or (option, sizes) == ("words", (1, 1)):
            continue
        first, last = sizes
        if 3 * len(text) * (last - first + 1) <= MOST:  # nearly always, and then so many at the most
            continue
        if (found := count(text, sizes)) > MOST:
            return f"{found:,} n-grams of {option} {first}-{last}; expected at most {MOST:,}"
    return None


def of_words(text: str, sizes: Range) -> int:
    """As many as scikit-learn's analyser "word" finds."""
    words = sum(1 for _ in re.finditer(PATTERN, text))
    return sum(max(0, words - n + 1) for n in range(sizes[0], sizes[1] + 1))


def of_chars(text: str, sizes: Range) -> int:
    """As many as its analyser "char_wb" finds: in words with a space on either side; one in a short word."""
    lengths = Counter(len(word) + 2 for word in text.split())
    return sum(
        count * max(1, sum(length - n + 1 for n in range(sizes[0], min(sizes[1], length) + 1)))
        for length, count in lengths.items()
    )
