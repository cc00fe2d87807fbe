"""A model of what a training takes on a cluster, from what was measured (measured.py) and what is assumed."""

from __future__ import annotations

import math
from dataclasses import dataclass

import measured


@dataclass(frozen=True)
class Job:
    """What is to be trained."""

    name: str
    instances: float
    features: float
    labels: float
    labels_a_row: float
    values_a_row: float

    @property
    def values(self) -> float:
        return self.instances * self.values_a_row

    @property
    def data_bytes(self) -> float:
        """Of the folder: features, and labels both ways round."""
        labels = 2 * self.instances * self.labels_a_row * measured.BYTES_A_LABEL_ID
        return self.values * measured.BYTES_A_VALUE + labels

    @property
    def seconds_a_label(self) -> float:
        """Of a core."""
        return self.values * measured.SECONDS_A_LABEL_AND_VALUE

    @property
    def core_hours(self) -> float:
        return self.labels * self.seconds_a_label / 3600

    @property
    def model_bytes(self) -> float:
        return self.labels * measured.WEIGHTS_A_LABEL * measured.BYTES_A_WEIGHT

    @property
    def index_bytes(self) -> float:
        return self.labels * measured.WEIGHTS_A_LABEL * measured.BYTES_A_WEIGHT_OF_INDEX

    @property
    def thread_bytes(self) -> float:
        return (self.instances + self.features) * measured.LABELS_PER_PASS * measured.BYTES_A_MARGIN

    @property
    def prediction_seconds(self) -> float:
        """An instance and thread, every label scored."""
        return self.labels * measured.PRODUCTS_A_LABEL * measured.SECONDS_A_PRODUCT


@dataclass(frozen=True)
class Site:
    """What is assumed of a cluster: nobody has measured it for us. Bytes, seconds."""

    cores: int = 32
    memory: float = 128e9
    network: float = 1.25e9  # of a node, a second
    server: float = 10e9  # of the shared file system, a second, all nodes together
    operations: float = 5000.0  # of its metadata, a second
    restart: float = 300.0  # from a failure until the job is on a node again
    expiry: float = 60.0  # of a claim


AMAZON_3M = Job("3 M labels", 1_717_899, 337_067, 2_812_281, 36, 50)
HUNDRED_M = Job("100 M labels", 50e6, 5e6, 100e6, 5, 50)
JOBS = (AMAZON_3M, HUNDRED_M)


@dataclass(frozen=True)
class Plan:
    """A job on some nodes of a site, in shards of so many labels."""

    job: Job
    nodes: int
    shard_size: int = 1000
    site: Site = Site()

    @property
    def threads(self) -> int:
        """Of a node, as many as its memory has room for."""
        room = self.site.memory - self.job.values * measured.BYTES_A_VALUE - measured.PROGRAM_BYTES
        return max(0, min(self.site.cores, int(room / self.job.thread_bytes)))

    @property
    def preparation(self) -> float:
        """Seconds until a node has its data, while all read at once."""
        each = min(self.site.network, self.site.server / self.nodes)
        return self.job.data_bytes / each

    @property
    def training(self) -> float:
        """Seconds of all nodes together at it, without failures."""
        return self.job.labels * self.job.seconds_a_label / (self.nodes * self.threads)

    @property
    def shards(self) -> int:
        return math.ceil(self.job.labels / self.shard_size)

    @property
    def slots(self) -> int:
        """Shards that a node has begun: each thread has a block, and of one shard some are done."""
        return round(1 + self.threads * measured.BLOCK_LABELS / self.shard_size)

    @property
    def shard_seconds(self) -> float:
        """That a slot takes for a shard."""
        return self.slots * self.shard_size * self.job.seconds_a_label / self.threads

    @property
    def operations(self) -> float:
        """Of the file system's metadata, a second, while all nodes train."""
        ahead = self.threads * measured.BLOCKS_AHEAD * measured.BLOCK_LABELS
        claims = self.nodes * (1 + ahead / self.shard_size)
        beats = claims * measured.OPERATIONS_A_BEAT / measured.SECONDS_A_BEAT
        return beats + self.shards * measured.OPERATIONS_A_SHARD / self.training

    @property
    def checking(self) -> float:
        """Seconds of the node that finishes: it reads every shard once."""
        return self.job.model_bytes / self.site.network

    @property
    def indexing(self) -> float:
        """Seconds of the node that builds the index: verified, read twice, written."""
        return (3 * self.job.model_bytes + self.job.index_bytes) / self.site.network
