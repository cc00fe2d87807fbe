"""Work in threads, processes and on the workers of a scheduler, its results in order."""

from pwdismec.parallel.backends import BACKENDS, DASK, LOKY, THREADS, Backend, Workers
from pwdismec.parallel.once import Once
from pwdismec.parallel.ordered import Pool, in_order
from pwdismec.parallel.threads import Threads, in_threads

__all__ = [
    "BACKENDS",
    "DASK",
    "LOKY",
    "THREADS",
    "Backend",
    "Once",
    "Pool",
    "Threads",
    "Workers",
    "in_order",
    "in_threads",
]
