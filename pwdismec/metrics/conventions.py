"""What an evaluation takes pyxclib's or napkinXC's way, where these differ; docs/metrics.md compares them."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pwdismec.errors import ConfigError


class Convention(NamedTuple):
    """One way to evaluate.

    Attributes
    ----------
    labelled_alone
        Instances without a true label are left out; else they are counted, and gain nothing.
    trained_alone
        Labels behind the last one with a training positive weigh nothing in PSP and PSnDCG; else they have
        the propensity of n = 0.
    """

    labelled_alone: bool = False
    trained_alone: bool = False

    def weights(self, inverse: NDArray[np.float64], label_counts: NDArray[np.integer]) -> NDArray[np.float64]:
        """What a hit of each label counts in PSP and PSnDCG, from its inverse propensity."""
        if not self.trained_alone:
            return inverse
        trained = np.flatnonzero(label_counts)
        return np.where(np.arange(len(inverse)) <= trained.max(initial=-1), inverse, 0.0)


PYXCLIB: Final = "pyxclib"

CONVENTIONS: Final = {
    PYXCLIB: Convention(),
    "pyxclib-labelled": Convention(labelled_alone=True),
    "napkinxc": Convention(trained_alone=True),
}
"""By name: pyxclib's; that with ``remove_invalid=True``; napkinXC's, for labels as lists."""


def convention_named(name: str) -> Convention:
    """One of `CONVENTIONS`; ConfigError if there is none of this name."""
    if name not in CONVENTIONS:
        raise ConfigError(f"convention: {name!r}; expected one of {', '.join(CONVENTIONS)}")
    return CONVENTIONS[name]
