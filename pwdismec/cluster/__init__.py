"""Work on many processes and machines: claims that expire, parts of the work, backends, stopping in time."""

from pwdismec.cluster.backends import BACKENDS, DASK, LOKY, THREADS, Backend, Workers
from pwdismec.cluster.leases import Claim, Leases
from pwdismec.cluster.parts import Part
from pwdismec.cluster.stop import Stopped, never, stopping

__all__ = [
    "BACKENDS",
    "DASK",
    "LOKY",
    "THREADS",
    "Backend",
    "Claim",
    "Leases",
    "Part",
    "Stopped",
    "Workers",
    "never",
    "stopping",
]
