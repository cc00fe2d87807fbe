"""Multi-label data in the formats of the field: text, SciPy's `.npz` and NumPy's `.npy`; XMC text out."""

from pwdismec.data.formats.any_format import open_source, read_source
from pwdismec.data.formats.layouts import FORMATS
from pwdismec.data.formats.source import Block, Source
from pwdismec.data.formats.xmc_writer import write_xmc

__all__ = ["FORMATS", "Block", "Source", "open_source", "read_source", "write_xmc"]
