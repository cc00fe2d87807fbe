"""Work of many processes and machines: claims that expire, parts, stopping in time, job arrays."""

from pwdismec.cluster.leases import Claim, Leases
from pwdismec.cluster.parts import Part
from pwdismec.cluster.stop import Stopped, never, stopping

__all__ = ["Claim", "Leases", "Part", "Stopped", "never", "stopping"]
