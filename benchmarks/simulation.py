"""A cluster that trains shards while its nodes fail: pwdismec's scheduler as a discrete-event simulation.

Shards wait in a queue. A node that is up prepares its data, then each of its slots claims a shard, trains it
and writes it; every shard costs a shared file server some operations, one at a time. A node fails after an
exponentially distributed time: what its slots had begun is lost, and waits for the claims to expire. The node
is back after a fixed time and prepares again.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import simpy

Steps = Generator[simpy.Event, Any, None]


@dataclass(frozen=True)
class Cluster:
    """What is simulated; times in seconds.

    Attributes
    ----------
    nodes
        How many.
    slots
        Shards that a node is at at the same time.
    failure_rate
        Failures a second of a node that is up, 1 / MTBF; 0 for none.
    restart
        From a failure until the node begins again: its queue, or its repair.
    preparation
        From there until it claims a shard.
    expiry
        After a failure, until the shards that were lost can be claimed.
    server
        For which a shard keeps the file server busy.
    """

    nodes: int
    slots: int = 1
    failure_rate: float = 0.0
    restart: float = 0.0
    preparation: float = 0.0
    expiry: float = 0.0
    server: float = 0.0


@dataclass
class Outcome:
    """What came of it.

    Attributes
    ----------
    makespan
        When the last shard was done.
    done
        How often each shard was done, by number.
    useful, lost
        Seconds of slots at shards that were done, and at shards that were lost.
    failures
        Of nodes, before the last shard was done.
    """

    makespan: float = 0.0
    done: Counter[int] = field(default_factory=Counter)
    useful: float = 0.0
    lost: float = 0.0
    failures: int = 0

    @property
    def lost_share(self) -> float:
        """Of all the time at shards."""
        return self.lost / (self.useful + self.lost)


def simulate(cluster: Cluster, n_shards: int, seconds: float, seed: int) -> Outcome:
    """Train `n_shards`, each of which takes a slot some seconds."""
    return _Simulation(cluster, n_shards, seconds, random.Random(seed)).run()


class _Simulation:
    def __init__(self, cluster: Cluster, n_shards: int, seconds: float, random: random.Random) -> None:
        self._cluster, self._seconds, self._n_shards, self._random = cluster, seconds, n_shards, random
        self._env = simpy.Environment()
        self._free = simpy.Store(self._env)
        self._free.items.extend(range(n_shards))
        self._server = simpy.Resource(self._env)
        self._finished = self._env.event()
        self._outcome = Outcome()

    def run(self) -> Outcome:
        for _ in range(self._cluster.nodes):
            self._env.process(self._node())
        self._env.run(self._finished)
        return self._outcome

    def _node(self) -> Steps:
        while True:
            slots = [self._env.process(self._slot()) for _ in range(self._cluster.slots)]
            if not self._cluster.failure_rate:
                return
            yield self._env.timeout(self._random.expovariate(self._cluster.failure_rate))
            self._outcome.failures += 1
            for slot in slots:
                slot.interrupt()
            yield self._env.timeout(self._cluster.restart)

    def _slot(self) -> Steps:
        try:
            yield self._env.timeout(self._cluster.preparation)
            while True:
                yield from self._train_one()
        except simpy.Interrupt:
            pass

    def _train_one(self) -> Steps:
        claim = self._free.get()
        try:
            shard = yield claim
        except simpy.Interrupt:
            claim.cancel()
            raise
        began = self._env.now
        try:
            yield self._env.timeout(self._seconds)
            with self._server.request() as turn:
                yield turn
                yield self._env.timeout(self._cluster.server)
        except simpy.Interrupt:
            self._outcome.lost += self._env.now - began
            self._env.process(self._freed(shard))
            raise
        self._done(shard, began)

    def _done(self, shard: int, began: float) -> None:
        outcome = self._outcome
        outcome.done[shard] += 1
        outcome.useful += self._env.now - began
        if len(outcome.done) == self._n_shards:
            outcome.makespan = self._env.now
            self._finished.succeed()

    def _freed(self, shard: int) -> Steps:
        yield self._env.timeout(self._cluster.expiry)
        self._free.put(shard)
