"""How much a positive of each label weighs: propensities and weighting schemes."""

from pwdismec.weighting.propensity import (
    PRESETS,
    PropensityParameters,
    inverse_propensities,
    preset,
    propensities,
)
from pwdismec.weighting.schemes import SCHEMES, Weighting, checksum_of, positive_weights

__all__ = [
    "PRESETS",
    "SCHEMES",
    "PropensityParameters",
    "Weighting",
    "checksum_of",
    "inverse_propensities",
    "positive_weights",
    "preset",
    "propensities",
]
